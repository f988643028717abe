import type { Devices, Vitals } from "../agent/mod.ts";
import type { RecentWarnings } from "../log/mod.ts";
import { whyNotScanning } from "../status/mod.ts";
import { escapeInvisible } from "../text/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { BrokerView, CountView, PageEvent, ScannerView, ScanView } from "./contract.ts";
import { devicesSince } from "./device_view.ts";
import type { History } from "./history.ts";

/** What the page says besides what {@linkcode Vitals} know. */
export interface PageFacts {
  /** Who this is. */
  readonly scanner: {
    /** Its identifier. */
    readonly id: string;
    /** Version of the program. */
    readonly version: string;
    /** Name of the machine; null: unknown. */
    readonly hostname: string | null;
  };
  /** Where messages go. */
  readonly broker: {
    /** The configured brokers, `host:port` each. */
    readonly names: readonly string[];
    /** Whether TLS is used. */
    readonly isEncrypted: boolean;
    /** 0 or 1. */
    readonly qos: number;
    /** The topic that messages are on, with `{mac_address}` for the device's. */
    readonly topic: string;
  };
}

/** What {@linkcode Changes} are taken from. */
export interface ChangeParts {
  readonly facts: () => PageFacts;
  readonly vitals: Vitals;
  readonly history: History;
  readonly warnings: RecentWarnings;
  readonly clock: Clock;
}

/**
 * What has changed since a moment, whichever that is: nothing has to be kept for a reader but the moment of the last
 * event that it got, which a reader that comes back after a break tells by itself.
 */
export class Changes implements Disposable {
  readonly #watching: Disposable;
  #isOnline = false;
  #connectionSinceMs: number;

  /** Follows what is true until it is disposed of. */
  constructor(private readonly parts: ChangeParts) {
    this.#connectionSinceMs = parts.vitals.startedMs;
    this.#watching = parts.vitals.onChange((change) => {
      if (change === "connection") this.#connectionChanged();
    });
  }

  /** Follows no more. */
  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
  }

  /** What has changed since `sinceMs`, or, if that is null, everything. */
  since(sinceMs: number | null, nowMs: number, devices: Devices): PageEvent {
    const { history, warnings } = this.parts;
    const fromMs = sinceMs ?? -Infinity;
    return {
      isWhole: sinceMs === null,
      nowMs,
      scanner: this.#scanner(),
      scan: this.#scan(),
      broker: this.#broker(),
      counts: this.#counts(devices),
      history: history.since(fromMs),
      warnings: warnings.since(fromMs),
      devices: devicesSince(devices.values(), fromMs),
    };
  }

  #connectionChanged(): void {
    const isOnline = this.parts.vitals.connection.kind === "online";
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    this.#connectionSinceMs = this.parts.clock.monotonicMs();
  }

  #scanner(): ScannerView {
    const { facts, vitals: { startedMs, endReason } } = this.parts;
    return { ...facts().scanner, startedMs, endReason };
  }

  #scan(): ScanView {
    const { scan, scanSinceMs, heardMs } = this.parts.vitals;
    const adapter = "adapter" in scan ? scan : null;
    const reason = whyNotScanning(scan);
    return {
      kind: scan.kind,
      sinceMs: scanSinceMs,
      adapter: adapter?.adapter ?? null,
      adapterAddress: adapter?.adapterAddress ?? null,
      mode: scan.kind === "scanning" ? scan.mode : null,
      reason: reason === null ? null : escapeInvisible(reason),
      heardMs,
    };
  }

  #broker(): BrokerView {
    const { facts, vitals: { connection, warning, reconnects } } = this.parts;
    return {
      ...facts().broker,
      kind: connection.kind,
      sinceMs: this.#connectionSinceMs,
      current: connection.kind === "online" ? connection.broker : null,
      address: connection.kind === "online" ? connection.address : null,
      reason: connection.kind === "waiting" ? escapeInvisible(connection.reason) : null,
      warning: warning === null ? null : escapeInvisible(warning),
      reconnects,
    };
  }

  #counts(devices: Devices): CountView {
    const { malformedStructures: _, filteredBy: __, ...counters } = this.parts.vitals.counters;
    return { ...counters, devices: devices.size };
  }
}
