import type { Logger, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { timeLimit, untilAborted } from "../time/mod.ts";
import { type Change, changes } from "./effects.ts";
import type { Host } from "./host.ts";
import type { RunningReaders } from "./readers.ts";

/** A configuration, and what tells it from others. */
export interface ConfigInForce {
  /** Every key, checked. */
  readonly config: Config;
  /** The same for scanners that are configured alike. */
  readonly digest: string;
}

/** A configuration as it was read anew: data alone, problems and warnings as lines that hold no secrets. */
export type ConfigReading =
  | ConfigInForce & {
    /** What other programs may know of it, see `RunHost`. */
    readonly record: string;
    readonly warnings: readonly string[];
  }
  | { readonly problems: readonly string[]; readonly warnings: readonly string[] };

/** What {@linkcode Reloads} work with. */
export interface ReloadParts {
  /** Reads the configuration from where the program was told to take it from. */
  readonly read: () => Promise<ConfigReading>;
  /** Keeps for other programs what is in force. */
  readonly keep: (record: string) => void;
  /** What is to work with it. */
  readonly running: ReloadableAgent;
  /** Those on which a changed section decides are replaced. */
  readonly readers: Pick<RunningReaders, "replace">;
}

/** An agent whose configuration can be changed while it runs. */
export interface ReloadableAgent {
  /** The configuration in force. */
  readonly config: Config;
  /** Puts another one in force, which differs in this; resolves once everything has begun to work with it. */
  apply(inForce: ConfigInForce, changed: readonly Change[], signal: AbortSignal): Promise<void>;
  /** Learns that the configuration is read anew, and what came of it. */
  readonly vitals: Vitals;
  readonly host: Pick<Host, "clock">;
  readonly log: Logger;
}

/** A file may be a pipe that nobody writes to, or on a drive that has gone away. */
const READ_TIMEOUT_MS = 30_000;
/** What a status can hold of what is wrong. */
const MOST_STATUS_CHARACTERS = 400;
const MOST_LINES = 50;

/**
 * Changes the configuration while the agent runs: all of it, or nothing. One that has a problem, or a change that takes
 * a restart, is refused, so that what is in force is always one configuration that was checked as a whole.
 */
export class Reloads implements AsyncDisposable {
  #isWanted = false;
  #running: Promise<void> | null = null;

  /** @param signal aborts when the agent is to end: nothing is begun any more */
  constructor(private readonly parts: ReloadParts, private readonly signal: AbortSignal) {}

  /** Asks for one. Those that come while one is under way become one, after it. */
  request(): void {
    this.#isWanted = true;
    this.#running ??= this.#run();
  }

  /** Resolves once nothing is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { vitals } = this.parts.running;
    while (this.#isWanted && !this.signal.aborted) {
      this.#isWanted = false;
      vitals.reloadBegan();
      const refusal = await this.#reload();
      vitals.reloadEnded(refusal);
    }
    this.#running = null;
  }

  /** Why it was refused; null: it is in force. */
  async #reload(): Promise<string | null> {
    const { running, readers, keep } = this.parts;
    const reading = await this.#read();
    if (this.signal.aborted) return null;
    for (const problem of reading.warnings) running.log.warn("configuration doubtful", { problem });
    if ("problems" in reading) return this.#refuse(reading.problems);
    const changed = changes(running.config, reading.config);
    const fixed = changed.filter(({ effect }) => effect === "restart");
    if (fixed.length > 0) return this.#refuse(fixed.map(({ key }) => `${key}: changes only with a restart`));
    await running.apply(reading, changed, this.signal);
    if (this.signal.aborted) return null;
    keep(reading.record);
    await readers.replace(new Set(changed.map(({ key }) => key.slice(0, key.indexOf(".")))));
    return null;
  }

  async #read(): Promise<ConfigReading> {
    const { read, running } = this.parts;
    using limit = timeLimit(running.host.clock, READ_TIMEOUT_MS, { signal: this.signal });
    try {
      return await untilAborted(read(), limit.signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { problems: [`the configuration cannot be read: ${why}`], warnings: [] };
    }
  }

  #refuse(problems: readonly string[]): string {
    const { log } = this.parts.running;
    for (const problem of problems.slice(0, MOST_LINES)) log.error("configuration problem", { problem });
    log.error("configuration refused", {
      problems: problems.length,
      action: "the one in force stays; mend this one and reload, or restart",
    });
    const [first = "", ...others] = problems;
    const more = others.length === 0 ? "" : `, and ${others.length} more, see the log`;
    const shown = first.length > MOST_STATUS_CHARACTERS ? `${first.slice(0, MOST_STATUS_CHARACTERS)}…` : first;
    return `a changed configuration was refused, and the one before it stays in force: ${shown}${more}`;
  }
}
