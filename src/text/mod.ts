/**
 * Text for terminals: escaped so that it cannot control the terminal, and measured by its width.
 *
 * @module
 */
export { escapeInvisible } from "./escape.ts";
export { clipToWidth, displayWidth, padToWidth } from "./width.ts";
