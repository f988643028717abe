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
export { type AddressKind, addressKind } from "./address_kind.ts";
export type { FullAdFields } from "./ad_types.ts";
export { type Message, MessageEncoder, type MessageOptions, messageTopics } from "./message.ts";
export { AddressMap } from "./address_map.ts";
export { AddressTable } from "./address_table.ts";
export { ReportReader, type ReportReaderOptions } from "./report_reader.ts";
export type { InvalidReason, ReportClock, ReportSink } from "./report_sink.ts";
export { RecentMap } from "./recent_map.ts";
export { ScanResponseMerger, type ScanResponseMergerOptions } from "./scan_response_merger.ts";
