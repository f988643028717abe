import type { Advertisement } from "./advertisement.ts";

/** Why something that was received is not an advertisement. Constant texts, fit to be counted. */
export type InvalidReason =
  | "empty event" // an LE Meta event without a subevent
  | "event length mismatch" // the event says it is longer or shorter than it is
  | "no reports" // an event that promises none
  | "report cut short" // the event ends before its report does
  | "reserved event type"
  | "reserved data status"
  | "trailing bytes" // behind the last report promised
  | "fragments too long" // more than an extended advertisement can hold
  | "fragments unfinished" // the last one did not come within a second, or before the end
  | "fragments evicted"; // too many others waited for their last one

/** Takes what a {@linkcode ReportReader} reads. */
export interface ReportSink {
  /** An advertisement, decoded. */
  advertisement(advertisement: Advertisement): void;
  /** Something was received that cannot be read as a report. */
  invalid(reason: InvalidReason): void;
}

/** The clocks a {@linkcode ReportReader} reads. */
export interface ReportClock {
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, never going back. */
  monotonicMs(): number;
}
