import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { linuxHost } from "../hci/mod.ts";
import { systemClock } from "../time/mod.ts";
import { createProgram } from "./program.ts";

/** A command of the program, as its help describes it. */
export interface CommandDescription {
  readonly name: string;
  readonly description: string;
  /** What follows the name on the command line, such as `[options]`. */
  readonly usage: string;
  readonly arguments: readonly { readonly name: string; readonly choices: readonly string[] }[];
  readonly options: readonly {
    /** As written, such as `-V, --version` or `--config <file>`. */
    readonly flags: string;
    readonly description: string;
  }[];
  readonly commands: readonly CommandDescription[];
}

/** Describes the whole command line, for what is generated from it. */
export function describeCli(): CommandDescription {
  const nowhere = (): void => {};
  const nothing = () => Promise.reject(new Error("Nothing is read to describe the command line"));
  const io = {
    host: {
      env: {},
      pid: 0,
      clock: systemClock,
      random: () => 0,
      readFile: nothing,
      openFile: nothing,
      replaceFile: nothing,
      removeFile: nothing,
      memory: () => ({ heapBytes: 0, rssBytes: 0 }),
      memoryGiver: null,
      linux: linuxHost,
    },
    files: { exists: () => Promise.resolve(false), readTextFile: nothing },
    stdout: nowhere,
    stderr: nowhere,
    onFault: nowhere,
  };
  return describe(createProgram(io, [], new AbortController().signal, nowhere));
}

function describe(command: CommandUnknownOpts): CommandDescription {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    arguments: command.registeredArguments.map((one) => ({ name: one.name(), choices: one.argChoices ?? [] })),
    options: help.visibleOptions(command).filter((option) => option.long !== "--help")
      .map(({ flags, description }) => ({ flags, description })),
    commands: help.visibleCommands(command).filter((one) => one.name() !== "help").map(describe),
  };
}
