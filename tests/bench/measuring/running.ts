import { fileURLToPath } from "node:url";
import type { Mosquitto } from "../../support/mosquitto.ts";
import type { Subject } from "./options.ts";

/** As the systemd unit and the self-extracting file set them. */
const MALLOC = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };

/** What a process has used since its start. */
export interface Use {
  /** Processor time in milliseconds. */
  readonly cpuMs: number;
  /** How often a thread had nothing to do. */
  readonly sleeps: number;
}

/** A process that is being measured. */
export class Running implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #ended = false;

  constructor([program = "", ...args]: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = new Deno.Command(program, {
      args,
      env: { ...MALLOC, BT_SCANNER_CONFIG: "", ...env }, // whatever this machine has
      stdin: "null",
      stdout: "null",
    }).spawn();
    this.#process.status.then(() => this.#ended = true);
  }

  /** The agent on a broker of this machine. */
  static agent({ command }: Subject, port: number, ...args: readonly string[]): Running {
    const broker = `mqtt://127.0.0.1:${port}`;
    return new Running([...command, "run", "--scanner-id", "s1", "--broker", broker, "--log-level", "error", ...args], {
      // A broker closes the other connection of the same client.
      BT_SCANNER_MQTT_CLIENT_CLIENT_ID: crypto.randomUUID().slice(0, 23),
    });
  }

  /** An anchor of `tests/bench/anchors`, on Deno without any flags but permissions. */
  static anchor(file: string, ...args: readonly string[]): Running {
    return new Running(anchorCommand(file, ...args));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** @throws {Error} where it has ended already */
  assertRuns(): void {
    if (this.#ended) throw new Error(`Process ${this.pid} has ended before it was measured`);
  }

  /** Resolves when it ends by itself. @throws {Error} where it fails */
  async ended(): Promise<void> {
    const { success, code } = await this.#process.status;
    if (!success) throw new Error(`Process ${this.pid} ended with ${code}`);
  }

  /** See {@linkcode useOf}. */
  use(): Promise<Use> {
    return useOf(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGTERM");
    await this.#process.status;
  }
}

/**
 * Looks whether all who came to a broker are still there: who is away publishes nothing, and is not what was to be measured.
 *
 * @throws {Error} with what the broker says of those who went
 */
export async function assertNobodyLeft(broker: Mosquitto): Promise<void> {
  const gone = (await broker.log()).split("\n").filter((line) => /: Client (?!<unknown>)\S+ (?!connected)/.test(line));
  if (gone.length > 0) throw new Error(`Clients left while they were measured:\n${gone.join("\n")}`);
}

/** Waits so long. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the threads of a process that live have used so far. */
export async function useOf(pid: number): Promise<Use> {
  const [times, states] = await Promise.all([ofThreads(pid, "schedstat"), ofThreads(pid, "status")]);
  const add = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
  return {
    cpuMs: add(times.map((text) => Number(text.split(" ")[0]))) / 1e6,
    sleeps: add(states.map((text) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(text)?.[1] ?? 0))),
  };
}

/** A file that the kernel has of each. */
async function ofThreads(pid: number, file: string): Promise<string[]> {
  const threads = await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`));
  return await Promise.all(
    threads.map(({ name }) => Deno.readTextFile(`/proc/${pid}/task/${name}/${file}`).catch(() => "")),
  );
}

/** The command line of an anchor. */
export function anchorCommand(file: string, ...args: readonly string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-config", "--allow-net", anchorPath(file), ...args];
}

/** A file of `tests/bench/anchors`. */
export function anchorPath(file: string): string {
  return fileURLToPath(new URL(`../anchors/${file}`, import.meta.url));
}

/**
 * Has executables unpack, and Deno know them: what only the first start costs is not measured.
 *
 * @returns what they unpacked
 */
export async function prepare(subjects: readonly Subject[]): Promise<AsyncDisposable> {
  for (const { name, command: [program = "", ...args] } of subjects) {
    for (let i = 0; i < 2; i++) {
      const { success } = await new Deno.Command(program, { args: [...args, "--version"], stdout: "null" }).output();
      if (!success) throw new Error(`Cannot run ${name}`);
    }
  }
  const [deno = "", ...empty] = anchorCommand("empty.js", "once");
  await new Deno.Command(deno, { args: empty }).output();
  return {
    [Symbol.asyncDispose]: async () => {
      for (const { cache } of subjects) await Deno.remove(cache, { recursive: true }).catch(() => {});
    },
  };
}
