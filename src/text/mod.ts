/** Text for terminals: nothing in it that a terminal obeys, hides or lets grow, and how wide it is.
 *
 * @module
 */
export { escapeInvisible } from "./escape.ts";
export { clipToWidth, displayWidth, padToWidth } from "./width.ts";
