import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import type { ProgramEnd } from "./programs.ts";
import { waitFor } from "./wait_for.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A line of the JSON log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * bt-scanner as a process of its own, as a user starts it: from source with the permissions of
 * `deno task start`, or the executable that `TEST_EXECUTABLE` names.
 */
export class Program implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #reading: Promise<void>;
  /** The complete lines of the JSON log so far. */
  readonly log: LogLine[] = [];
  #stderr = "";
  #ended = false;

  /** @param start how it is started, if not as all are */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
    start: readonly string[] = commandLine(args[0]),
  ) {
    const [command = "", ...before] = [...wrapper, ...start];
    this.#process = new Deno.Command(command, {
      args: [...before, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", BT_SCANNER_CONFIG: "", ...env }, // whatever this machine has
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Response(this.#process.stdout).text();
    this.#reading = this.#readStderr(this.#process.stderr);
    this.#process.status.then(() => this.#ended = true);
  }

  /** The same, started by another program, which is given its command line as arguments. */
  static through(wrapper: readonly string[], args: readonly string[]): Program {
    return new Program(args, {}, wrapper);
  }

  /** The agent with a JSON log, on this broker. */
  static agent(port: number, ...args: string[]): Program {
    return new Program(agentArgs(port, ...args));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves to the first line of this event, from the `from`th line on. */
  async logged(event: string, from = 0, timeoutMs = 20_000): Promise<LogLine> {
    let found: LogLine | undefined;
    await waitFor(
      () => {
        found = this.log.slice(from).find((line) => line.event === event);
        if (found === undefined && this.#ended) {
          throw new Error(`It ended without logging "${event}":\n${this.#stderr}`);
        }
        return found !== undefined;
      },
      `the log line "${event}"`,
      timeoutMs,
    );
    if (found === undefined) throw new Error("unreachable");
    return found;
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** All that it has written to stderr so far. */
  get text(): string {
    return this.#stderr;
  }

  /** Ends it with the signal, unless it has ended by itself already. */
  end(signal: Deno.Signal): Promise<ProgramEnd> {
    this.#killIfRunning(signal);
    return this.ended();
  }

  /** Resolves when it has ended by itself, or by a signal sent before. */
  async ended(): Promise<ProgramEnd> {
    const { code } = await this.#process.status;
    await this.#reading;
    return { code, stdout: await this.#stdout, stderr: this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#killIfRunning("SIGKILL");
    await this.ended();
  }

  async #readStderr(stream: ReadableStream<Uint8Array>): Promise<void> {
    let line = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
      const [first = "", ...more] = text.split("\n");
      line += first;
      for (const next of more) {
        this.#keep(line);
        line = next;
      }
    }
  }

  /** It may have ended a moment ago, of which its status has not told yet. */
  #killIfRunning(signal: Deno.Signal): void {
    try {
      if (!this.#ended) this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  #keep(line: string): void {
    if (!line.startsWith("{")) return;
    const { time, level, event, fields = {} } = JSON.parse(line);
    this.log.push({ time, level, event, fields });
  }
}

/** The arguments of an agent `s1` with a JSON log, on the broker at this port. */
export function agentArgs(port: number, ...more: string[]): string[] {
  return ["run", "--scanner-id", "s1", "--broker", `mqtt://127.0.0.1:${port}`, "--log-format", "json", ...more];
}

/** How the program is started, without arguments of its own; `record` alone may write, as in the executable. */
export function commandLine(command?: string): string[] {
  const executable = Deno.env.get("TEST_EXECUTABLE");
  return executable === undefined ? sourceCommandLine(command) : [executable];
}

/** The same from source, whatever is tested; `more` are further options of `deno run`. */
export function sourceCommandLine(command?: string, more: readonly string[] = []): string[] {
  const [, run = "", ...start] = config.tasks.start.command.split(" ").slice(0, -1); // `run` is the caller's to say
  // Else each start lays out node_modules afresh, while another program may be reading it.
  const options = [...more, "--node-modules-dir=manual", ...(command === "record" ? ["--allow-write"] : [])];
  return [Deno.execPath(), run, ...options, ...start];
}
