/**
 * The command line: one command per file.
 *
 * @module
 */
export { type CliIo } from "./io.ts";
export { runCli } from "./program.ts";
