/**
 * What the scanner sends to its page. Times, where nothing else is said, are milliseconds of the scanner's monotonic
 * clock: a page that knows what it shows now can tell each in the time of its own reader, whatever either's wall clock
 * says. Nothing but types, and no imports: it is read with
 * the types of the program and with those of browsers.
 *
 * @module
 */

/** What has changed since the event before, or all of it. */
export interface PageEvent {
  /** Whether this is everything, and what was known before is to be forgotten. */
  readonly isWhole: boolean;
  /** When this was true. */
  readonly nowMs: number;
  /** Who it is. */
  readonly scanner: ScannerView;
  /** What it hears with. */
  readonly scan: ScanView;
  /** Where it sends. */
  readonly broker: BrokerView;
  /** Reports by their fate, and what else is counted. */
  readonly counts: CountView;
  /** Counts over time, of the last hour; only the samples that are new. */
  readonly history: HistoryView;
  /** The log's last warnings and errors; only those that are new. */
  readonly warnings: readonly WarningView[];
  /** Devices in range that were heard since, the strongest first; bounded. */
  readonly devices: readonly DeviceView[];
}

/** Who a scanner is. */
export interface ScannerView {
  readonly id: string;
  readonly version: string;
  /** Null: unknown. */
  readonly hostname: string | null;
  readonly startedMs: number;
  /** Why it ends; null: it does not. */
  readonly endReason: string | null;
}

/** What a scanner hears with. */
export interface ScanView {
  readonly kind: "starting" | "scanning" | "silent" | "stopped";
  readonly sinceMs: number;
  /** Null: it does not scan. */
  readonly adapter: string | null;
  /** Null: it does not scan, or the controller does not tell. */
  readonly adapterAddress: string | null;
  /** Null: it does not scan. */
  readonly mode: string | null;
  /** Why it does not scan; null: it does. */
  readonly reason: string | null;
  /** When something was last heard; null: never. */
  readonly heardMs: number | null;
}

/** Where a scanner sends. */
export interface BrokerView {
  readonly kind: "idle" | "connecting" | "online" | "waiting" | "closing" | "closed";
  /** Since when it is online, or is not. */
  readonly sinceMs: number;
  /** The configured brokers, `host:port` each. */
  readonly names: readonly string[];
  /** Which of them it is connected to; null: none. */
  readonly current: string | null;
  readonly isEncrypted: boolean;
  readonly qos: number;
  /** The topic that messages are on, with `{mac_address}` for the device's. */
  readonly topic: string;
  /** The address that its name led to; null: not online, or unknown. */
  readonly address: string | null;
  /** Why the last connection ended or could not be made; null: it is online, or this is the first attempt. */
  readonly reason: string | null;
  /** What keeps connections from lasting; null: nothing that is known. */
  readonly warning: string | null;
  readonly reconnects: number;
}

/** What is counted over time. */
export interface SampleCounts {
  readonly received: number;
  readonly published: number;
  readonly droppedOffline: number;
  readonly droppedBackpressure: number;
  readonly droppedRateLimited: number;
  readonly droppedUnacknowledged: number;
  readonly filtered: number;
  readonly invalid: number;
}

/** Counts at this moment. */
export interface CountView extends SampleCounts {
  readonly inFlight: number;
  readonly missed: number;
  /** Devices that are known since somebody began to watch. */
  readonly devices: number;
}

/** Samples, oldest first: each array has one item a sample. */
export type HistoryView = { readonly [Key in keyof SampleCounts]: readonly number[] } & {
  /** When each sample ended. */
  readonly atMs: readonly number[];
  /** How long each was. */
  readonly spanMs: readonly number[];
};

/** A warning or error that was logged. */
export interface WarningView {
  /** Counts up. */
  readonly number: number;
  readonly atMs: number;
  readonly level: "warning" | "error";
  readonly event: string;
  /** Its fields, as a line of the log has them. */
  readonly fields: string;
}

/** A device in range. All text is escaped: what would not simply be shown is written `\u202e`. */
export interface DeviceView {
  readonly address: string;
  readonly name: string | null;
  readonly companies: readonly string[];
  readonly services: readonly string[];
  /** Smoothed, in dBm; null: never reported. */
  readonly rssiDbm: number | null;
  readonly reports: number;
  readonly heardMs: number;
  /** The beginning of the last AD structures, in hexadecimal digits. */
  readonly payload: string;
  /** How many bytes they have. */
  readonly payloadBytes: number;
}
