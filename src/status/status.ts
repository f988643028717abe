import type { Publisher, ScanState, Vitals, VitalsChange } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";

/** What is retained on `{status.topic_prefix}/{scanner_id}`. */
export interface Status {
  /** Whether the scanner is connected to the broker. */
  readonly status: "online" | "offline";
  /** Identifier of the scanner. */
  readonly scanner_id: string;
  /** Version of the program. */
  readonly version: string;
  /** When the scanner was started, UTC. */
  readonly started_at: string;
  /** Whether it receives advertisements; false also after a silence as long as the stall time-out. */
  readonly scanning: boolean;
  /** What it scans with, while it does or has fallen silent. */
  readonly adapter: string | null;
  /** The adapter's own address, where known. */
  readonly adapter_address: string | null;
  /** Whether it scans with the extended commands, or the legacy ones; null while it does not. */
  readonly extended: boolean | null;
  /** Why it is offline or does not scan; null while it scans. */
  readonly reason: string | null;
  /** Since when it scans, or does not; since when it is offline, which the will does not know. UTC. */
  readonly since: string | null;
  /** When it last heard something, UTC; null: never, or, in the will, unknown. */
  readonly last_heard_at: string | null;
  /** What keeps connections from lasting, see {@linkcode Vitals.warning}. */
  readonly warning: string | null;
  /** The broker that this was published through, `host:port` as configured; null in the will, which does not know it. */
  readonly broker: string | null;
  /** The address that the broker's name led to, for this connection; null: unknown. */
  readonly broker_address: string | null;
  /** Name of the machine; null: it cannot be read. */
  readonly hostname: string | null;
  /** Another one after each boot of the machine; null: it cannot be read. */
  readonly boot_id: string | null;
  /** Another one after each start of the program, as in messages with the full fields. */
  readonly run_id: string;
  /** What the configuration calls this scanner besides its identifier. */
  readonly labels: Readonly<Record<string, string>>;
  /** The same for scanners with the same configuration; null in the will, which does not learn of reloads. */
  readonly config_digest: string | null;
  /** Seconds after which status and statistics are told again: a silence of much longer is a scanner that is gone. */
  readonly interval_s: number;
}

/** Who reports, and where; looked up each time, so that it may change. */
export interface StatusOptions {
  /** Identifier of the scanner. */
  readonly scannerId: string;
  /** Version of the program. */
  readonly version: string;
  /** Name of the machine, where known. */
  readonly hostname: string | null;
  /** What the kernel calls this boot, where known. */
  readonly bootId: string | null;
  /** Tells this run of the program from others. */
  readonly runId: string;
  /** See {@linkcode Status.labels}. */
  readonly labels: Readonly<Record<string, string>>;
  /** See {@linkcode Status.config_digest}. */
  readonly configDigest: string;
  /** Seconds after which it is told again. */
  readonly intervalS: number;
  /** The retained topic; null: status is not published. */
  readonly topic: string | null;
}

/** A time of the start that differs by more from before means that the clock was set. */
const CLOCK_SET_MS = 60_000;
/** By how much the same moment may differ when it is computed again. */
const CLOCK_NOISE_MS = 10;

/** What a {@linkcode StatusReporter} works with. */
export interface StatusParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** Takes the status. */
  readonly publisher: Publisher;
  /** Time. */
  readonly clock: Clock;
}

/** What the broker is to publish when this agent vanishes; null where status is off. */
export function statusWill(
  options: StatusOptions,
  { startedWallMs }: Vitals,
): { readonly topic: string; readonly payload: string } | null {
  const { topic, scannerId, version, hostname, bootId, runId, labels, intervalS } = options;
  if (topic === null) return null;
  const payload: Status = {
    status: "offline",
    scanner_id: scannerId,
    version,
    started_at: new Date(startedWallMs).toISOString(),
    scanning: false,
    adapter: null,
    adapter_address: null,
    extended: null,
    reason: "connection lost",
    since: null,
    last_heard_at: null,
    warning: null,
    broker: null,
    broker_address: null,
    hostname,
    boot_id: bootId,
    run_id: runId,
    labels,
    config_digest: null,
    interval_s: intervalS,
  };
  return { topic, payload: JSON.stringify(payload) };
}

/**
 * Keeps the retained status message true: on every connection, and whenever the scan changes. It is told again after
 * each interval, for the time of the last report, and because a broker may have published an old will meanwhile.
 */
export class StatusReporter implements Disposable {
  #startedWallMs: number;
  /** When the state began, as it was last told. */
  #since = { monotonicMs: -Infinity, wallMs: -Infinity };
  readonly #watching: Disposable;

  /** Reports from now on, until it is disposed of. */
  constructor(private readonly options: StatusOptions, private readonly parts: StatusParts) {
    this.#startedWallMs = parts.vitals.startedWallMs;
    this.#watching = parts.vitals.onChange((change) => this.#changed(change));
  }

  /** Reports no more. */
  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }

  #changed(change: VitalsChange): void {
    const { options: { topic }, parts: { vitals } } = this;
    const isNews = change === "connection" ? vitals.connection.kind === "online" : !vitals.isReloading;
    if (topic === null || !isNews && change !== "leaving") return;
    this.parts.publisher.announce(topic, JSON.stringify(this.#message()), { retain: true });
  }

  /** A Pi has no clock battery: it starts with a time that may be years off, until NTP sets it. */
  #startedAt(): string {
    const startedMs = this.#wallMs(this.parts.vitals.startedMs);
    if (Math.abs(startedMs - this.#startedWallMs) > CLOCK_SET_MS) this.#startedWallMs = startedMs;
    return new Date(this.#startedWallMs).toISOString();
  }

  /** The same words for the same moment: two clocks, read one after the other, differ by a millisecond now and then. */
  #sinceWhen(): string {
    const { clock, vitals: { leaveReason, scanSinceMs } } = this.parts;
    const monotonicMs = leaveReason === null ? scanSinceMs : clock.monotonicMs();
    const wallMs = this.#wallMs(monotonicMs);
    const isSame = monotonicMs === this.#since.monotonicMs && Math.abs(wallMs - this.#since.wallMs) <= CLOCK_NOISE_MS;
    if (!isSame) this.#since = { monotonicMs, wallMs };
    return new Date(this.#since.wallMs).toISOString();
  }

  /** What the wall clock showed, or would have shown had it been right, at a moment of the monotonic one. */
  #wallMs(monotonicMs: number): number {
    const { clock } = this.parts;
    return clock.wallMs() - (clock.monotonicMs() - monotonicMs);
  }

  #time(monotonicMs: number | null): string | null {
    return monotonicMs === null ? null : new Date(this.#wallMs(monotonicMs)).toISOString();
  }

  #message(): Status {
    const { scan, heardMs, connection, warning, endReason, leaveReason } = this.parts.vitals;
    const goodbye = endReason ?? leaveReason;
    const adapter = goodbye === null && "adapter" in scan ? scan : null;
    return {
      status: goodbye === null ? "online" : "offline",
      scanner_id: this.options.scannerId,
      version: this.options.version,
      started_at: this.#startedAt(),
      scanning: adapter?.kind === "scanning",
      adapter: adapter?.adapter ?? null,
      adapter_address: adapter?.adapterAddress ?? null,
      extended: adapter?.extended ?? null,
      reason: goodbye ?? whyNotScanning(scan),
      since: this.#sinceWhen(),
      last_heard_at: this.#time(heardMs),
      warning,
      broker: connection.kind === "online" ? connection.broker : null,
      broker_address: connection.kind === "online" ? connection.address : null,
      hostname: this.options.hostname,
      boot_id: this.options.bootId,
      run_id: this.options.runId,
      labels: this.options.labels,
      config_digest: this.options.configDigest,
      interval_s: this.options.intervalS,
    };
  }
}

/** Why nothing is heard, in the words that the status has for it; null: something is. */
export function whyNotScanning(state: ScanState): string | null {
  switch (state.kind) {
    case "starting":
      return "starting";
    case "scanning":
      return null;
    case "silent":
      return `nothing heard for ${state.silentMs / 1000} s: nothing advertises nearby, or the controller is stuck`;
    case "stopped":
      return state.reason;
    default:
      return state satisfies never;
  }
}
