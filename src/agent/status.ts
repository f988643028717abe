import type { Clock } from "../time/mod.ts";
import type { Publisher, ScanState } from "./ports.ts";
import type { Status } from "./status_schema.ts";

/** Who reports, and where. */
export interface StatusOptions {
  readonly scannerId: string;
  readonly version: string;
  /** The retained topic; null: status is not published. */
  readonly topic: string | null;
}

/** Keeps the retained status message true: on every connection, and whenever the scan changes. */
export class StatusReporter {
  readonly #startedAt: string;
  #scan: ScanState = { kind: "starting" };

  /** @param publisher called for when needed, since the publisher's will comes from here */
  constructor(
    private readonly options: StatusOptions,
    private readonly publisher: () => Publisher,
    clock: Clock,
  ) {
    this.#startedAt = new Date(clock.wallMs()).toISOString();
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

  #encode(status: Status["status"], reason: string | null): string {
    const scanning = status === "online" && this.#scan.kind === "scanning" ? this.#scan : null;
    const message: Status = {
      status,
      scanner_id: this.options.scannerId,
      version: this.options.version,
      started_at: this.#startedAt,
      scanning: scanning !== null,
      adapter: scanning?.adapter ?? null,
      adapter_address: scanning?.adapterAddress ?? null,
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
    case "stopped":
      return state.reason;
    default:
      return unreachable(state);
  }
}

function unreachable(state: never): never {
  throw new TypeError(`Unknown scan state: ${JSON.stringify(state)}`);
}
