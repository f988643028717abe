/**
 * What the agent asks of the world. Each port is small, belongs to the agent, and is implemented at
 * the edge: `scanner_hci` scans, `mqtt` publishes, `log` writes.
 *
 * @module
 */
import type { ReportSink } from "../advertisement/mod.ts";

/** Severity of a log record, least first. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error";

/** Fields of a log record, in snake_case as those of statistics and status; never secrets. */
export type LogFields = Readonly<Record<Lowercase<string>, unknown>>;

/** Writes events with fields, not prose. */
export interface Logger {
  /** Whether a record of this level would be written at all, so that hot paths need not build it. */
  enabled(level: LogLevel): boolean;
  /** Writes what only following each step needs. */
  trace(event: string, fields?: LogFields): void;
  /** Writes what helps to find a fault. */
  debug(event: string, fields?: LogFields): void;
  /** Writes what an operator wants to know. */
  info(event: string, fields?: LogFields): void;
  /** Writes what went wrong and mends itself. */
  warn(event: string, fields?: LogFields): void;
  /** Writes what was lost or needs a person. */
  error(event: string, fields?: LogFields): void;
}

/** What became of a message handed to {@linkcode Publisher.publish}. */
export type PublishOutcome =
  | "accepted" // in flight; `settled` tells how it ended
  | "offline" // dropped: no connection
  | "rate_limited" // dropped: as many as are allowed were sent within a second
  | "backpressure"; // dropped: too many in flight, or the socket is backed up

/**
 * Tells how an accepted message ended: `null`, the broker has it (QoS 1: PUBACK; QoS 0: written to
 * the socket), or why it was lost. Called exactly once for each accepted message.
 */
export type Settled = (error: Error | null) => void;

/** An accepted message was lost, though its connection was not. */
export class MessageDropped extends Error {
  /** Tells it from other errors. */
  override readonly name = "MessageDropped";

  /**
   * Says why.
   *
   * @param how `backpressure`: it waited too long to be sent; `unacknowledged`: it was sent, and no PUBACK came in time
   */
  constructor(readonly how: "backpressure" | "unacknowledged", message: string) {
    super(message);
  }
}

/** A connection to the broker that keeps itself alive. */
export interface Publisher {
  /** Hands over one message, not retained; never waits and never queues beyond its bounds. */
  publish(topic: string, payload: string, settled: Settled): PublishOutcome;
  /** Resolves once `publish` would accept a message. Rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Publishes status or statistics, outside the count of reports. Where there is no room yet, the last
   * one of each topic waits for it; nothing happens while offline.
   */
  announce(topic: string, payload: string, options: { readonly retain: boolean }): void;
}

/** What the connection to the broker is doing. */
export type ConnectionState =
  | { readonly kind: "idle" }
  | {
    readonly kind: "connecting";
    /** Counts from 1 since the last connection. */
    readonly attempt: number;
  }
  | {
    readonly kind: "online";
    /** When the broker accepted, by the monotonic clock. */
    readonly sinceMs: number;
    /** Which of the configured brokers: `host:port`. */
    readonly broker: string;
    /** The address of the broker's that the connection was made to; null: unknown. */
    readonly address: string | null;
  }
  | {
    readonly kind: "waiting";
    /** Why the last attempt or connection ended. */
    readonly reason: string;
    /** Wait before the next attempt, in milliseconds, which a probe may cut short. */
    readonly retryInMs: number;
    /** Attempts that failed, or connections that were soon lost, in a row. */
    readonly failures: number;
  }
  | { readonly kind: "closing" }
  | { readonly kind: "closed" };

/** Takes what becomes of the connection to the broker. */
export interface ConnectionSink {
  /** The connection's state has changed. On `online`, the publisher takes announcements already, and nothing else was published. */
  setConnection(state: ConnectionState): void;
  /** The connection is about to be closed, though the agent goes on: it will be made anew, perhaps to another broker. */
  leave(reason: string): void;
  /** What keeps connections from lasting, and what to do about it, is known now, or (null) no more. */
  setWarning(warning: string | null): void;
}

/**
 * Whether a scan asks devices for their scan response: always, never, or for a moment where some are heard that have
 * told no name.
 */
export type ScanMode = "active" | "passive" | "auto";

/** What a scan is doing. */
export type ScanState =
  | { readonly kind: "starting" }
  | {
    readonly kind: "scanning";
    /** `hci0`, a file name, `simulated`. */
    readonly adapter: string;
    /** The controller's own address, or null where it did not tell. */
    readonly adapterAddress: string | null;
    readonly mode: ScanMode;
    /** Whether extended advertising is received. */
    readonly extended: boolean;
  }
  | {
    /** The controller says that it scans, but has reported nothing for the stall time-out. */
    readonly kind: "silent";
    readonly adapter: string;
    readonly adapterAddress: string | null;
    readonly extended: boolean;
    /** The stall time-out. */
    readonly silentMs: number;
  }
  | { readonly kind: "stopped"; readonly reason: string };

/** Takes what a scanner finds. */
export interface ScanSink extends ReportSink {
  /**
   * The source has given something, and what could be read of it was handed over: a sign of life, even where that is
   * nothing. A paced source waits for a returned promise; a live one does not.
   */
  delivered(): Promise<void> | undefined;
  /** The scan's state has changed. */
  state(state: ScanState): void;
}

/** Scans for advertisements. */
export interface Scanner {
  /** Whether the source waits for the sink (a recording), or goes on whatever happens (the air). */
  readonly paced: boolean;
  /** How many packets were lost since the start before they could be read: more came than this machine took. */
  readonly missed: number;
  /**
   * Scans until `signal` aborts or the source ends, then stops cleanly and resolves. Each call
   * starts afresh.
   *
   * @throws {ScanError} where the scan cannot start, or ends without being asked to
   */
  run(sink: ScanSink, signal: AbortSignal): Promise<void>;
  /**
   * Switches the adapter off and on, between two runs. Other programs' connections through it end.
   * Nothing happens where the source is no adapter.
   *
   * @throws {Error} where it cannot be, or does not come up again
   */
  reset(): Promise<void>;
}

/** What helps against a failure: that a person acts, waiting, or switching the adapter off and on. */
export type ScanCure = "person" | "time" | "reset";

/** A scan failed. */
export class ScanError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ScanError";

  /** Says why, and what helps. */
  constructor(message: string, readonly cure: ScanCure, options?: ErrorOptions) {
    super(message, options);
  }
}
