/** Tells the broker and the log what is true of this scanner: the retained status, and statistics. Reads the agent's Vitals.
 *
 * @module
 */
export { countFields, type MemoryUse, type Stats, type StatsOptions, type StatsParts, StatsReporter } from "./stats.ts";
export {
  type Status,
  type StatusOptions,
  type StatusParts,
  StatusReporter,
  statusWill,
  whyNotScanning,
} from "./status.ts";
