import type { CommandDescription } from "../describe.ts";
import { completedArgument, completedOptions, type Offer } from "./words.ts";

/** Completion for fish 3 and later. */
export function fishCompletion(cli: CommandDescription): string {
  const complete = (...words: string[]) => `complete -c ${cli.name} ${words.join(" ")}`;
  const options = (command: CommandDescription, condition: string) =>
    completedOptions(command).map(({ names, description, value }) => {
      const switches = names.map((name) => name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);
      return complete(
        `-n ${quote(condition)}`,
        ...switches,
        ...(value === null ? [] : [taking(value)]),
        `-d ${quote(description)}`,
      );
    });
  const lines = cli.commands.flatMap((command) => {
    const within = `__fish_seen_subcommand_from ${command.name}`;
    const argument = completedArgument(command);
    return [
      complete("-n __fish_use_subcommand", `-a ${command.name}`, `-d ${quote(command.description)}`),
      ...options(command, within),
      ...(argument === null ? [] : [complete(`-n ${quote(within)}`, offering(argument))]),
    ];
  });
  return [
    `# fish completion for ${cli.name}; load it with: ${cli.name} completion fish | source`,
    complete("-f"),
    ...options(cli, "__fish_use_subcommand"),
    ...lines,
    "",
  ].join("\n");
}

/** The option takes a value, of these. */
function taking(value: Offer): string {
  return value === "file" ? "-r -F" : `-x ${offering(value)}`.trim();
}

function offering(offer: Offer): string {
  if (offer === "file") return "-F";
  return offer === "unknown" ? "" : `-a ${quote(offer.join(" "))}`;
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
