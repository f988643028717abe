import type { MemoryUse } from "../status/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { Family } from "./family.ts";

/** What metrics of the process are taken from. */
export interface ProcessMetricsParts {
  /** Time. */
  readonly clock: Clock;
  /** The memory that the process holds. */
  readonly memory: () => MemoryUse;
  /** The text of a system file; null: it cannot be read. */
  readonly readSystemText: (path: string) => string | null;
  /** How many descriptors are open; null: nobody knows. */
  readonly openFiles: () => Promise<number | null>;
}

/** The kernel's clock ticks in a second, as programs see them: the same on every architecture that this runs on. */
const TICKS_PER_S = 100;
/** A start that moves by less is the same one: it is computed anew each time. */
const SAME_START_S = 2;

/** Of the process, under the names that all client libraries have for them. */
export class ProcessMetrics {
  #startS: number;

  /** @param startedMs when the process began, by the monotonic clock */
  constructor(private readonly startedMs: number, private readonly parts: ProcessMetricsParts) {
    this.#startS = this.#startNow();
  }

  /** What is true at this moment; what cannot be found out is left out. */
  async families(): Promise<Family[]> {
    const stat = readStat(this.parts.readSystemText("/proc/self/stat"));
    return [
      ...family("process_cpu_seconds", "counter", "Processor time, of user and system.", stat?.cpuS ?? null),
      ...family("process_virtual_memory_bytes", "gauge", "Virtual memory.", stat?.virtualBytes ?? null),
      ...family("process_resident_memory_bytes", "gauge", "Resident memory.", this.parts.memory().rssBytes),
      ...family("process_start_time_seconds", "gauge", "When the process began, since the epoch.", this.#start()),
      ...family("process_open_fds", "gauge", "Open file descriptors.", await this.parts.openFiles()),
    ];
  }

  /** A Pi's clock may be set long after the start. */
  #start(): number {
    const nowS = this.#startNow();
    if (Math.abs(nowS - this.#startS) > SAME_START_S) this.#startS = nowS;
    return this.#startS;
  }

  #startNow(): number {
    const { clock } = this.parts;
    return Math.round(clock.wallMs() - (clock.monotonicMs() - this.startedMs)) / 1000;
  }
}

function family(name: string, type: "counter" | "gauge", help: string, value: number | null): Family[] {
  return value === null ? [] : [{ name, type, help, samples: [{ value }] }];
}

/** Of `/proc/self/stat`, whose second field may hold anything in parentheses. See proc_pid_stat(5). */
function readStat(text: string | null): { cpuS: number; virtualBytes: number } | null {
  const fields = text?.slice(text.lastIndexOf(")") + 2).trim().split(" ").map(Number) ?? [];
  const [user = NaN, system = NaN] = fields.slice(11, 13), virtualBytes = fields[20] ?? NaN;
  return Number.isNaN(user + system + virtualBytes) ? null : { cpuS: (user + system) / TICKS_PER_S, virtualBytes };
}
