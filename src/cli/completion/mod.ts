/**
 * `bt-scanner completion`: completion scripts for shells, generated from the description of the command line.
 *
 * @module
 */
import type { CommandDescription } from "../describe.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** The completion of a command line, as a script for that shell. */
export function completionScript(shell: keyof typeof SHELLS, cli: CommandDescription): string {
  return SHELLS[shell](cli);
}
