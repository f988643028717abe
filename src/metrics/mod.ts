/** Tells monitoring what is true of this scanner. Reads the agent's Vitals.
 *
 * @module
 */
export { type HealthParts, healthResponse, whyNotAlive, whyNotReady } from "./health.ts";
