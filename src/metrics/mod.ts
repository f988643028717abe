/** Tells monitoring what is true of this scanner. Reads the agent's Vitals.
 *
 * @module
 */
export { formatFor } from "./accept.ts";
export { type Format, type Labels, MEDIA_TYPES } from "./family.ts";
export { type HealthParts, healthResponse, whyNotAlive, whyNotReady } from "./health.ts";
export { Metrics, type MetricsParts } from "./metrics.ts";
export { type ProcessMetricsParts } from "./process_families.ts";
export { type ScannerMetricsParts } from "./scanner_families.ts";
export { Textfile, type TextfileOptions, type TextfileParts } from "./textfile.ts";
