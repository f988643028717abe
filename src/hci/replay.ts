import type { Clock } from "../time/mod.ts";
import { BtsnoopDecoder, type BtsnoopRecord } from "./btsnoop.ts";
import * as c from "./constants.ts";
import { HciError, type HciTransport } from "./transport.ts";
import { type ControllerScanning, VirtualController } from "./virtual_controller.ts";
import { type ReportSource, type ReportStep, VirtualTransport } from "./virtual_transport.ts";

/** What to replay, and how. */
export interface ReplayOptions {
  /** Opens the btsnoop capture; called once, or in a loop once for each pass. */
  readonly open: () => Promise<ReadableStream<Uint8Array>>;
  /** What people call the capture: its file name. */
  readonly name: string;
  /** How many times as fast as it was recorded, above 0; `max`: without waiting. */
  readonly speed: number | "max";
  /** Whether to start again at the end. A capture without reports ends nevertheless. */
  readonly loop: boolean;
  /** Times the reports. */
  readonly clock: Clock;
}

/** Longest wait between two reports, at any speed: a recording that paused must not look like a dead adapter. */
const MAX_WAIT_MS = 10_000;
/** How much lateness is made up for; anything beyond that delays what follows. */
const MAX_CATCH_UP_MS = 100;
/** Between the last report and the first of the next pass. */
const LOOP_PAUSE_MS = 100;

/**
 * Opens a capture as a transport: a {@linkcode VirtualController} answers the host's commands, and while the host
 * scans, the capture's LE advertising report events arrive, including malformed and truncated ones, at their recorded
 * intervals. Nothing else in the capture reaches the host. A timestamp that jumps back means no wait, and no wait is
 * longer than 10 s. The recording pauses while the host does not scan, and waits for the receiver: no report is lost.
 *
 * `receive` rejects with a {@linkcode BtsnoopError} if the capture breaks off, after delivering all reports before that
 * point.
 *
 * @throws {BtsnoopError} if it is not a readable capture
 * @throws {HciError} if it cannot be opened or read
 * @throws {RangeError} if the speed is not above 0
 */
export async function openReplay(options: ReplayOptions): Promise<HciTransport> {
  const { name, clock } = options;
  const speed = options.speed === "max" ? Infinity : options.speed;
  if (!(speed > 0)) throw new RangeError(`Cannot replay ${name} at speed ${speed}: it must be above 0`);
  const source = new ReplaySource(options, speed, await Pass.begin(options));
  return new VirtualTransport({ name, paced: true, controller: new VirtualController(), source, clock });
}

/** Paces reports, and begins again in a loop. */
class ReplaySource implements ReportSource {
  /** The report that is due at `#dueMs`. */
  #held: BtsnoopRecord | null = null;
  #dueMs = -Infinity;
  #previousTimestampMs: number | null = null;
  #scan: ControllerScanning | null = null;
  #reading: Promise<void> | null = null;
  #over = false;

  constructor(private readonly options: ReplayOptions, private readonly speed: number, private pass: Pass) {}

  next(scan: ControllerScanning): ReportStep {
    if (this.#over) return null;
    if (scan !== this.#scan) {
      this.#scan = scan;
      this.#dueMs = Math.max(this.#dueMs, this.options.clock.monotonicMs());
    }
    this.#held ??= this.#schedule(this.pass.nextReport());
    if (this.#held === null) return this.#reading = this.#readOn();
    const waitMs = this.speed === Infinity ? 0 : Math.max(this.#dueMs - this.options.clock.monotonicMs(), 0);
    if (waitMs > 0) return waitMs;
    const { packet } = this.#held;
    this.#held = null;
    return packet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.pass.end();
    await Promise.allSettled([this.#reading]);
    await this.pass.end(); // another one, if the loop was just starting again
  }

  #schedule(report: BtsnoopRecord | null): BtsnoopRecord | null {
    // Reading the clock twice for each report took a quarter of the time at max speed.
    if (report === null || this.speed === Infinity) return report;
    const recordedMs = report.timestampMs - (this.#previousTimestampMs ?? report.timestampMs);
    const waitMs = Math.min(Math.max(recordedMs / this.speed, 0), MAX_WAIT_MS);
    this.#dueMs = Math.max(this.#dueMs + waitMs, this.options.clock.monotonicMs() - MAX_CATCH_UP_MS);
    this.#previousTimestampMs = report.timestampMs;
    return report;
  }

  async #readOn(): Promise<void> {
    if (await this.pass.readOn() || this.#over) return;
    if (!this.options.loop || !this.pass.hadReports) {
      this.#over = true;
      return;
    }
    this.pass = await Pass.begin(this.options);
    this.#dueMs += LOOP_PAUSE_MS / this.speed;
  }
}

/** Once through the capture. */
class Pass {
  readonly #decoder: BtsnoopDecoder;
  #hadReports = false;

  private constructor(private readonly name: string, private readonly stream: ReadableStreamDefaultReader<Uint8Array>) {
    this.#decoder = new BtsnoopDecoder(name);
  }

  /** Opens the capture and reads its header. */
  static async begin({ name, open }: ReplayOptions): Promise<Pass> {
    const pass = new Pass(name, (await readable(name, open())).getReader());
    try {
      while (!pass.#decoder.readHeader() && await pass.readOn());
      return pass;
    } catch (error) {
      await pass.end();
      throw error;
    }
  }

  /** Whether it has given a report yet. */
  get hadReports(): boolean {
    return this.#hadReports;
  }

  /** The next report in what has been read, or null. */
  nextReport(): BtsnoopRecord | null {
    for (let record = this.#decoder.next(); record !== null; record = this.#decoder.next()) {
      if (!isReportEvent(record.packet)) continue;
      this.#hadReports = true;
      return record;
    }
    return null;
  }

  /** Reads more of the capture; returns whether there was any. */
  async readOn(): Promise<boolean> {
    const { value, done } = await readable(this.name, this.stream.read());
    if (done) this.#decoder.finish();
    else this.#decoder.push(value);
    return !done;
  }

  /** Closes the capture. */
  async end(): Promise<void> {
    // A stream that has failed rejects again when it is cancelled.
    await this.stream.cancel().catch(() => {});
  }
}

async function readable<T>(name: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw new HciError("EIO", `Cannot read ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Whether it is an LE Meta event with advertising reports, or cut too short to tell. */
function isReportEvent(packet: Uint8Array): boolean {
  if (packet[0] !== c.PACKET_EVENT || packet[1] !== c.EVENT_LE_META) return false;
  const subevent = packet[3];
  return subevent === undefined || subevent === c.SUBEVENT_ADVERTISING_REPORT ||
    subevent === c.SUBEVENT_EXTENDED_ADVERTISING_REPORT;
}
