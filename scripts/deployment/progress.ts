/**
 * What is going on, a line a host: on a terminal in place, else a line for each step. Percentages
 * are shown on a terminal alone.
 */
export class Progress {
  readonly #states = new Map<string, string>();
  readonly #width: number;
  #drawn = 0;

  constructor(
    hosts: readonly string[],
    private readonly terminal: boolean,
    private readonly write: (text: string) => void,
  ) {
    this.#width = Math.max(...hosts.map((host) => host.length));
    if (!terminal) return;
    for (const host of hosts) this.#states.set(host, "waiting");
    this.#draw();
  }

  /** Tells what a host is at, and how far, in percent. */
  show(host: string, state: string, percent: number | null = null): void {
    const text = percent === null || !this.terminal ? state : `${state} ${percent} %`;
    if (this.#states.get(host) === text) return;
    this.#states.set(host, text);
    if (this.terminal) this.#draw();
    else this.write(`${this.#line(host, text)}\n`);
  }

  #draw(): void {
    const up = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A`;
    this.#drawn = this.#states.size;
    this.write(up + Array.from(this.#states, ([host, text]) => `\x1b[K${this.#line(host, text)}\n`).join(""));
  }

  #line(host: string, text: string): string {
    return `${host.padEnd(this.#width)}  ${text}`;
  }
}
