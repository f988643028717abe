import type { Clock } from "../time/mod.ts";
import type { Publisher, ScanState } from "./ports.ts";

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
  /** What keeps connections from lasting, see {@linkcode Publisher.warning}. */
  readonly warning: string | null;
  /** The address that the broker's name led to, for this connection; null: unknown. */
  readonly broker_address: string | null;
  /** Name of the machine; null: it cannot be read. */
  readonly hostname: string | null;
  /** Another one after each boot of the machine; null: it cannot be read. */
  readonly boot_id: string | null;
}

/** Who reports, and where. */
export interface StatusOptions {
  /** Identifier of the scanner. */
  readonly scannerId: string;
  /** Version of the program. */
  readonly version: string;
  /** Name of the machine, where known. */
  readonly hostname: string | null;
  /** What the kernel calls this boot, where known. */
  readonly bootId: string | null;
  /** The retained topic; null: status is not published. */
  readonly topic: string | null;
}

/** A time of the start that differs by more from before means that the clock was set. */
const CLOCK_SET_MS = 60_000;

/** Keeps the retained status message true: on every connection, and whenever the scan changes. */
export class StatusReporter {
  readonly #startedMs: number;
  #startedWallMs: number;
  #scan: ScanState = { kind: "starting" };
  /** Since when the scan is in this kind of state, and when something was heard; monotonic. */
  #sinceMs: number;
  #heardMs: number | null = null;

  /** Reports to a publisher.
   *
   * @param publisher called for when needed, since the publisher's will comes from here */
  constructor(
    private readonly options: StatusOptions,
    private readonly publisher: () => Publisher,
    private readonly clock: Clock,
  ) {
    this.#startedMs = this.#sinceMs = clock.monotonicMs();
    this.#startedWallMs = clock.wallMs();
  }

  /** What the broker is to publish when this agent vanishes; null where status is off. */
  get will(): { readonly topic: string; readonly payload: string } | null {
    const { topic } = this.options;
    if (topic === null) return null;
    const payload = this.#message("offline", "connection lost", null);
    return { topic, payload: JSON.stringify(payload) };
  }

  /** The broker has accepted a connection. */
  online(): void {
    this.#announce("online", null);
  }

  /** What the scan does, as last told. */
  get scanState(): ScanState {
    return this.#scan;
  }

  /** Something was heard; called for each event. */
  heard(): void {
    this.#heardMs = this.clock.monotonicMs();
  }

  /** The scan's state has changed. A scan that begins again is no news: what is known of the last one holds. */
  scan(state: ScanState): void {
    const before = this.#scan;
    if (state.kind === "starting" || isSame(state, before)) return;
    if (state.kind !== before.kind) this.#sinceMs = this.clock.monotonicMs();
    this.#scan = state;
    this.#announce("online", null);
  }

  /** What the publisher warns of has changed. */
  warningChanged(): void {
    this.#announce("online", null);
  }

  /** The agent ends, for this reason. */
  stopped(reason: string): void {
    this.#sinceMs = this.clock.monotonicMs();
    this.#announce("offline", reason);
  }

  #announce(status: Status["status"], reason: string | null): void {
    const { topic } = this.options;
    if (topic === null) return;
    const publisher = this.publisher();
    publisher.announce(topic, JSON.stringify(this.#message(status, reason, publisher)), { retain: true });
  }

  /** A Pi has no clock battery: it starts with a time that may be years off, until NTP sets it. */
  #startedAt(): string {
    const startedMs = this.#wallMs(this.#startedMs);
    if (Math.abs(startedMs - this.#startedWallMs) > CLOCK_SET_MS) this.#startedWallMs = startedMs;
    return new Date(this.#startedWallMs).toISOString();
  }

  /** What the wall clock showed, or would have shown had it been right, at a moment of the monotonic one. */
  #wallMs(monotonicMs: number): number {
    return this.clock.wallMs() - (this.clock.monotonicMs() - monotonicMs);
  }

  #time(monotonicMs: number | null): string | null {
    return monotonicMs === null ? null : new Date(this.#wallMs(monotonicMs)).toISOString();
  }

  /** @param publisher null: this is the will, written before anything is known */
  #message(status: Status["status"], reason: string | null, publisher: Publisher | null): Status {
    const adapter = status === "online" && "adapter" in this.#scan ? this.#scan : null;
    return {
      status,
      scanner_id: this.options.scannerId,
      version: this.options.version,
      started_at: this.#startedAt(),
      scanning: adapter?.kind === "scanning",
      adapter: adapter?.adapter ?? null,
      adapter_address: adapter?.adapterAddress ?? null,
      extended: adapter?.extended ?? null,
      reason: reason ?? whyNotScanning(this.#scan),
      since: publisher === null ? null : this.#time(this.#sinceMs),
      last_heard_at: this.#time(this.#heardMs),
      warning: publisher?.warning ?? null,
      broker_address: publisher?.brokerAddress ?? null,
      hostname: this.options.hostname,
      boot_id: this.options.bootId,
    };
  }
}

/** Whether both would be told with the same words. */
function isSame(one: ScanState, other: ScanState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function whyNotScanning(state: ScanState): string | null {
  switch (state.kind) {
    case "starting":
      return "starting";
    case "scanning":
      return null;
    case "silent":
      return `nothing heard for ${state.silentMs / 1000} s: nobody advertises, or the controller is stuck`;
    case "stopped":
      return state.reason;
    default:
      return unreachable(state);
  }
}

function unreachable(state: never): never {
  throw new TypeError(`Unknown scan state: ${JSON.stringify(state)}`);
}
