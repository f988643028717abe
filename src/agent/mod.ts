/** The use case: hears reports, filters, counts, publishes, keeps the scan alive. Owns the ports.
 *
 * @module
 */
export { Agent, type AgentOptions, type AgentParts } from "./agent.ts";
export { type Counters } from "./counters.ts";
export { Filter, type FilterOptions } from "./filter.ts";
export {
  type LogFields,
  type Logger,
  type LogLevel,
  MessageDropped,
  type Publisher,
  type PublishOutcome,
  type ScanCure,
  ScanError,
  type Scanner,
  type ScanSink,
  type ScanState,
  type Settled,
} from "./ports.ts";
export { countFields, type MemoryUse, type Stats, type StatsOptions } from "./stats.ts";
export { type Status, type StatusOptions, StatusReporter } from "./status.ts";
export { superviseScan, type SupervisorParts } from "./supervisor.ts";
