import type { CommandDescription } from "../describe.ts";

/** What a shell may offer in one place: one of some words, a file, or nothing, because only the user knows. */
export type Offer = readonly string[] | "file" | "unknown";

/** An option as a shell completes it. */
export interface CompletedOption {
  /** `-V` and `--version`. */
  readonly names: readonly string[];
  readonly description: string;
  /** What follows it; null: nothing, it is a switch. */
  readonly value: Offer | null;
}

/** The options of a command, or of the program. */
export function completedOptions({ options }: CommandDescription): CompletedOption[] {
  return options.map(({ flags, description }) => {
    const [, value] = /<(.+)>/.exec(flags) ?? [];
    return {
      names: flags.match(/(?<!\S)--?[\w-]+/g) ?? [],
      description,
      value: value === undefined ? null : offer(value),
    };
  });
}

/** What to offer for a command's argument; null: it takes none. */
export function completedArgument({ arguments: [argument] }: CommandDescription): Offer | null {
  if (argument === undefined) return null;
  return argument.choices.length > 0 ? argument.choices : offer(argument.name);
}

/** Derived from how the help names a value: `file`, or its choices `text|json`. */
function offer(name: string): Offer {
  if (name === "file") return "file";
  return name.includes("|") ? name.split("|") : "unknown";
}
