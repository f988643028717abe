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
  /** Why it is offline or does not scan; null while all is well. */
  readonly reason: string | null;
}

/** Who reports, and where. */
export interface StatusOptions {
  /** Identifier of the scanner. */
  readonly scannerId: string;
  /** Version of the program. */
  readonly version: string;
  /** The retained topic; null: status is not published. */
  readonly topic: string | null;
}

/** A time of the start that differs by more from before means that the clock was set. */
const CLOCK_SET_MS = 60_000;

/** Keeps the retained status message true: on every connection, and whenever the scan changes. */
export class StatusReporter {
  readonly #startedMonotonicMs: number;
  #startedWallMs: number;
  #scan: ScanState = { kind: "starting" };

  /** Reports to a publisher.
   *
   * @param publisher called for when needed, since the publisher's will comes from here */
  constructor(
    private readonly options: StatusOptions,
    private readonly publisher: () => Publisher,
    private readonly clock: Clock,
  ) {
    this.#startedMonotonicMs = clock.monotonicMs();
    this.#startedWallMs = clock.wallMs();
  }

  /** What the broker is to publish when this agent vanishes; null where status is off. */
  get will(): { readonly topic: string; readonly payload: string } | null {
    const { topic } = this.options;
    return topic === null ? null : { topic, payload: this.#encode("offline", "connection lost") };
  }

  /** The broker has accepted a connection. */
  online(): void {
    this.#announce("online", null);
  }

  /** What the scan does, as last told. */
  get scanState(): ScanState {
    return this.#scan;
  }

  /** The scan's state has changed. */
  scan(state: ScanState): void {
    this.#scan = state;
    this.#announce("online", null);
  }

  /** The agent ends, for this reason. */
  stopped(reason: string): void {
    this.#announce("offline", reason);
  }

  #announce(status: Status["status"], reason: string | null): void {
    const { topic } = this.options;
    if (topic !== null) this.publisher().announce(topic, this.#encode(status, reason), { retain: true });
  }

  /** A Pi has no clock battery: it starts with a time that may be years off, until NTP sets it. */
  #startedAt(): string {
    const startedMs = this.clock.wallMs() - (this.clock.monotonicMs() - this.#startedMonotonicMs);
    if (Math.abs(startedMs - this.#startedWallMs) > CLOCK_SET_MS) this.#startedWallMs = startedMs;
    return new Date(this.#startedWallMs).toISOString();
  }

  #encode(status: Status["status"], reason: string | null): string {
    const adapter = status === "online" && "adapter" in this.#scan ? this.#scan : null;
    const message: Status = {
      status,
      scanner_id: this.options.scannerId,
      version: this.options.version,
      started_at: this.#startedAt(),
      scanning: adapter?.kind === "scanning",
      adapter: adapter?.adapter ?? null,
      adapter_address: adapter?.adapterAddress ?? null,
      extended: adapter?.extended ?? null,
      reason: reason ?? whyNotScanning(this.#scan),
    };
    return JSON.stringify(message);
  }
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
