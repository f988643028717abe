import type { Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Counters, ReportCounter } from "./counters.ts";
import { DeviceCount } from "./device_count.ts";
import type { ConnectionSink, ConnectionState, Logger, ScanState } from "./ports.ts";
import { Readers } from "./readers.ts";
import { type DeviceWatch, WatchedDevices } from "./watched_devices.ts";

/** What has changed, as {@linkcode Vitals.onChange} tells. */
export type VitalsChange =
  | "scan" // Vitals.scan
  | "connection" // Vitals.connection
  | "warning" // Vitals.warning
  | "interval" // an interval is over: Vitals.devices
  | "reload" // Vitals.isReloading
  | "leaving" // Vitals.leaveReason: the last that this broker is told before its connection is closed
  | "ended"; // Vitals.endReason

/** What {@linkcode Vitals} works with. */
export interface VitalsParts {
  /** Dates what happens. */
  readonly clock: Clock;
  /** How many packets were lost so far before they could be read. */
  readonly missed: () => number;
  /** Where it is written that a reader has failed. */
  readonly log: Logger;
}

/**
 * What is true of this scanner now, in one place. The scan, the connection and the agent write it; status, statistics
 * and the service manager's notifier read it, and hear of changes.
 *
 * What each report changes, counters, devices and the time of the last sign of life, is only there to be read: nobody
 * is told of it.
 */
export class Vitals implements ConnectionSink {
  /** Accounts for each report. */
  readonly counter = new ReportCounter();
  /** When this began, by the monotonic clock. */
  readonly startedMs: number;
  /** What the wall clock showed then, which may have been wrong. */
  readonly startedWallMs: number;
  readonly #readers: Readers<VitalsChange>;
  readonly #heardDevices = new DeviceCount();
  #watchedDevices: WatchedDevices | null = null; // null: nobody watches them
  #devices = 0;
  #scan: ScanState = { kind: "starting" };
  #scanSinceMs: number;
  #heardMs: number | null = null;
  #movedMs: number;
  #hasScanned = false;
  #connection: ConnectionState = { kind: "idle" };
  #connections = 0;
  #warning: string | null = null;
  #isReloading = false;
  #refusal: string | null = null;
  #leaveReason: string | null = null;
  #endReason: string | null = null;

  /** Nothing is known yet. */
  constructor(private readonly parts: VitalsParts) {
    this.#readers = new Readers(parts.log, parts.clock);
    this.startedWallMs = parts.clock.wallMs();
    this.startedMs = this.#scanSinceMs = this.#movedMs = parts.clock.monotonicMs();
  }

  /** The counters at this moment. */
  get counters(): Counters {
    return { ...this.counter.snapshot(), missed: this.parts.missed() };
  }

  /** What the scan does. One that begins again is no news: until it is known what came of it, the last state holds. */
  get scan(): ScanState {
    return this.#scan;
  }

  /** Since when the scan is in this kind of state; monotonic. */
  get scanSinceMs(): number {
    return this.#scanSinceMs;
  }

  /** Whether it has come to scanning since the start. */
  get hasScanned(): boolean {
    return this.#hasScanned;
  }

  /** How many different addresses were heard in the last interval, before any filter; up to 65,536. */
  get devices(): number {
    return this.#devices;
  }

  /** When the source gave something last, before any filter; monotonic; null: never. */
  get heardMs(): number | null {
    return this.#heardMs;
  }

  /** When the scan last gave a sign of life: something was heard, or it moved; monotonic. */
  get movedMs(): number {
    return Math.max(this.#movedMs, this.#heardMs ?? -Infinity);
  }

  /** What the connection to the broker does. */
  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Whether the broker has accepted a connection since the start. */
  get hasConnected(): boolean {
    return this.#connections > 0;
  }

  /** How many connections were made after the first one. */
  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  /**
   * What keeps connections from lasting, or why a changed configuration was refused, and what to do about it; null:
   * nothing that is known.
   */
  get warning(): string | null {
    const warnings = [this.#warning, this.#refusal].filter((each) => each !== null);
    return warnings.length === 0 ? null : warnings.join("; ");
  }

  /** Whether a changed configuration is being read and applied. */
  get isReloading(): boolean {
    return this.#isReloading;
  }

  /** Why the connection is left, to be made anew; null: it is not, or has been made. */
  get leaveReason(): string | null {
    return this.#leaveReason;
  }

  /** Why the agent ends; null: it does not. */
  get endReason(): string | null {
    return this.#endReason;
  }

  /**
   * Has `listener` told of each change, in the order in which the listeners came, until it is disposed of. What it
   * throws is logged, and harms neither the others nor whoever made the change.
   */
  onChange(listener: (change: VitalsChange) => void): Disposable {
    return this.#readers.add(listener);
  }

  /**
   * Keeps a table of the devices in range from now on, until the watch is disposed of. It takes time for each report,
   * and up to some megabytes: only for whoever shows it.
   */
  watchDevices(): DeviceWatch {
    this.#watchedDevices ??= new WatchedDevices(this.parts.clock, () => this.#watchedDevices = null);
    return this.#watchedDevices.watch();
  }

  /** The source has given something. Called for each event. */
  heard(): void {
    this.#heardMs = this.parts.clock.monotonicMs();
  }

  /** An advertisement was heard, before any filter. */
  advertisementHeard(heard: Advertisement): void {
    if (heard.addressType !== "anonymous") this.#heardDevices.heard(heard.address);
    this.#watchedDevices?.heard(heard);
  }

  /** An interval is over, of those over which devices are counted and statistics are taken. */
  endInterval(): void {
    this.#devices = this.#heardDevices.take();
    this.#readers.summariseFailures();
    this.#readers.tell("interval");
  }

  /** The scan was begun, ended, or its adapter reset: it is not stuck. */
  scanMoved(): void {
    this.#movedMs = this.parts.clock.monotonicMs();
  }

  /** The scan's state has changed. */
  setScan(state: ScanState): void {
    // A scan that falls silent before it is told of has come to scanning, too.
    if (state.kind === "scanning" || state.kind === "silent") this.#hasScanned = true;
    if (state.kind === "starting" || isSame(state, this.#scan)) return;
    if (state.kind !== this.#scan.kind) this.#scanSinceMs = this.parts.clock.monotonicMs();
    this.#scan = state;
    this.#readers.tell("scan");
  }

  /** The connection's state has changed. */
  setConnection(state: ConnectionState): void {
    if (state.kind === "online") {
      this.#connections++;
      this.#leaveReason = null;
    }
    this.#connection = state;
    this.#readers.tell("connection");
  }

  /** What keeps connections from lasting has changed. */
  setWarning(warning: string | null): void {
    if (warning === this.#warning) return;
    this.#warning = warning;
    this.#readers.tell("warning");
  }

  /** The configuration is read anew. */
  reloadBegan(): void {
    this.#isReloading = true;
    this.#readers.tell("reload");
  }

  /** It is applied, or refused, which stays a warning until one is accepted. */
  reloadEnded(refusal: string | null): void {
    this.#isReloading = false;
    this.#refusal = refusal;
    this.#readers.tell("reload");
  }

  /** The connection is about to be closed, though the agent goes on: it will be made anew. */
  leave(reason: string): void {
    this.#leaveReason = reason;
    this.#readers.tell("leaving");
    this.#warning = null; // it was about the connection that ends
  }

  /** The agent ends. */
  end(reason: string): void {
    this.#devices = this.#heardDevices.take();
    this.#endReason = reason;
    this.#scanSinceMs = this.parts.clock.monotonicMs();
    this.#readers.tell("ended");
    this.#readers.summariseFailures();
  }
}

/** Whether both would be told with the same words. */
function isSame(one: ScanState, other: ScanState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
