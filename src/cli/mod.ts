/** The command line: one command a file, and how the parts are put together for it.
 *
 * @module
 */
export { type CliIo } from "./io.ts";
export { runCli } from "./program.ts";
