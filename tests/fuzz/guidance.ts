import { Session } from "node:inspector/promises";

/** Tells whether inputs reach code that none reached before. */
export interface Guidance {
  /** Whether something ran since this was asked last that is not {@linkcode learn}ed. */
  somethingNew(): Promise<boolean>;
  /** What was new when that was asked last is not new any more. */
  learn(): void;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

const SRC = new URL("../../src/", import.meta.url).href;

/**
 * What of `src/` has run, as the engine counts it by blocks. Asking takes about a millisecond, so it
 * pays to ask once for several inputs.
 */
export class V8Guidance implements Guidance, Disposable {
  readonly #session = new Session();
  /** By file, for each character of code 1 if it ever ran. */
  readonly #known = new Map<string, Uint8Array>();
  #last: readonly (readonly [url: string, ran: Uint8Array])[] = [];

  private constructor() {}

  /** Begins to count. One at a time in a process. */
  static async start(): Promise<V8Guidance> {
    const guidance = new V8Guidance();
    guidance.#session.connect();
    await guidance.#session.post("Profiler.enable");
    await guidance.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return guidance;
  }

  async somethingNew(): Promise<boolean> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage") as { result: ScriptCoverage[] };
    this.#last = result.filter(({ url }) => url.startsWith(SRC)).map((script) =>
      [script.url, whatRan(script)] as const
    );
    return this.#last.some(([url, ran]) => {
      const known = this.#known.get(url);
      return ran.some((each, at) => each === 1 && known?.[at] !== 1);
    });
  }

  learn(): void {
    for (const [url, ran] of this.#last) {
      const known = this.#known.get(url) ?? new Uint8Array();
      const longest = Math.max(known.length, ran.length);
      this.#known.set(url, Uint8Array.from({ length: longest }, (_, at) => (known[at] ?? 0) | (ran[at] ?? 0)));
    }
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}

/** For each character 1 if it ran; functions and ranges that lie within others come after them, and are more precise. */
function whatRan({ functions }: ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  const ran = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}
