/** The use case: hears reports, filters, counts, publishes, keeps the scan alive. Owns the ports.
 *
 * @module
 */
export { Agent, type AgentOptions, type AgentParts } from "./agent.ts";
export { type Counters } from "./counters.ts";
export { type Device, type Devices, DeviceTable } from "./device_table.ts";
export { FILTER_REASONS, type FilterOptions, type FilterReason } from "./filter.ts";
export {
  type ConnectionSink,
  type ConnectionState,
  type LogFields,
  type Logger,
  type LogLevel,
  MessageDropped,
  type Publisher,
  type PublishOutcome,
  type ScanCure,
  ScanError,
  type ScanMode,
  type Scanner,
  type ScanSink,
  type ScanState,
  type Settled,
} from "./ports.ts";
export { type ReportPathOptions } from "./report_path.ts";
export { Selection, type SelectionOptions } from "./selection.ts";
export { superviseScan, type SupervisorParts } from "./supervisor.ts";
export { Vitals, type VitalsChange, type VitalsParts } from "./vitals.ts";
export { type DeviceWatch } from "./watched_devices.ts";
