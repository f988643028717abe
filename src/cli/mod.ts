/** The command line: one command a file, and how the parts are put together for it.
 *
 * @module
 */
export { type CliIo, runCli } from "./program.ts";
