/**
 * The command line: one command per file.
 *
 * @module
 */
export { type CliIo } from "./io.ts";
export { rereadConfig } from "./reread.ts";
export { type CliOutcome, runCli, type RunRequest } from "./program.ts";
