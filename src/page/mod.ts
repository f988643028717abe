/** The page for a browser: what this scanner hears and where it sends, live. Reads the agent's Vitals and the log.
 *
 * @module
 */
export { type PageFacts } from "./changes.ts";
export { type PageParts, pageRoutes } from "./page.ts";
