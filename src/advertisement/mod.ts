/**
 * From HCI event bytes to advertisements, and from those to messages: pure, no input or output.
 *
 * The message's schema lies behind a second door, `schema.ts`, because it needs zod, and scanning
 * does not.
 *
 * @module
 */
export type {
  AddressType,
  AdFields,
  Advertisement,
  AdvType,
  DataStatus,
  ManufacturerData,
  Phy,
  ServiceData,
} from "./advertisement.ts";
export type { FullAdFields } from "./ad_types.ts";
export { encodeMessage, type Message, type MessageOptions, messageTopic, toMessage } from "./message.ts";
export { ReportReader, type ReportReaderOptions } from "./report_reader.ts";
export type { InvalidReason, ReportClock, ReportSink } from "./report_sink.ts";
export { RecentMap } from "./recent_map.ts";
export { ScanResponseMerger, type ScanResponseMergerOptions } from "./scan_response_merger.ts";
