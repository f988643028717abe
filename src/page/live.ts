import type { DeviceWatch, Vitals } from "../agent/mod.ts";
import type { EventStream } from "../http/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { Changes } from "./changes.ts";

/** How often readers are told. */
const TICK_MS = 1_000;
/** For how long devices are watched on when the last reader has gone: it may come back. */
const LINGER_MS = 30_000;

/** What {@linkcode Live} works with. */
export interface LiveParts {
  readonly vitals: Vitals;
  readonly changes: Changes;
  readonly clock: Clock;
  /** A number in [0, 1), by which this run of the program is told from others. */
  readonly random: () => number;
}

/** Who reads, and the moment of what was told last; null: nothing yet. */
interface Reader {
  readonly stream: EventStream;
  sinceMs: number | null;
}

/**
 * Tells its readers what has changed, each second. Nothing is kept for a reader but a moment, and the devices in range
 * are only watched while there is one.
 */
export class Live {
  readonly #readers = new Set<Reader>();
  readonly #run: string;
  #watch: DeviceWatch | null = null;

  /** Until `signal` aborts. */
  constructor(private readonly parts: LiveParts, private readonly signal: AbortSignal) {
    this.#run = Math.floor(parts.random() * 2 ** 32).toString(36);
  }

  /**
   * Tells a reader from now on.
   *
   * @param lastId the last event that it got before a break, whoever says so; null: it gets everything
   */
  add(stream: EventStream, lastId: string | null): void {
    const reader = { stream, sinceMs: this.#momentOf(lastId) };
    this.#readers.add(reader);
    stream.signal.addEventListener("abort", () => this.#readers.delete(reader), { once: true });
    const watch = this.#watch ??= this.#begin();
    this.#tell(reader, watch);
  }

  #begin(): DeviceWatch {
    const watch = this.parts.vitals.watchDevices();
    this.#tick(watch).finally(() => {
      this.#watch = null;
      watch[Symbol.dispose]();
    });
    return watch;
  }

  async #tick(watch: DeviceWatch): Promise<void> {
    const wait = () => this.parts.clock.sleep(TICK_MS, this.signal).then(() => true, () => false);
    for (let aloneMs = 0; aloneMs < LINGER_MS && await wait();) {
      aloneMs = this.#readers.size === 0 ? aloneMs + TICK_MS : 0;
      for (const reader of this.#readers) this.#tell(reader, watch);
    }
  }

  /** One that has not taken yet what it was told is told of all the more later. */
  #tell(reader: Reader, { devices }: DeviceWatch): void {
    const { stream, sinceMs } = reader;
    if (stream.isBehind) return;
    const nowMs = this.parts.clock.monotonicMs();
    stream.send({
      id: `${this.#run}-${nowMs}`,
      data: JSON.stringify(this.parts.changes.since(sinceMs, nowMs, devices)),
    });
    reader.sinceMs = nowMs;
  }

  /** Null where it is of another run, or anything else. */
  #momentOf(id: string | null): number | null {
    const [run, moment = ""] = (id ?? "").split("-");
    if (run !== this.#run || !/^\d{1,15}(\.\d{1,20})?$/.test(moment)) return null;
    return Math.min(Number(moment), this.parts.clock.monotonicMs());
  }
}
