import type { CommandDescription } from "../describe.ts";
import { completedArgument, type CompletedOption, completedOptions, type Offer } from "./words.ts";

/** Completion for zsh: to be evaluated, or saved as `_bt-scanner` in one of `$fpath`. */
export function zshCompletion(cli: CommandDescription): string {
  const commands = cli.commands.map(({ name, description }) => `    ${quote(`${name}:${description}`)}`);
  const specs = cli.commands.map((command) => {
    const argument = completedArgument(command);
    const all = [
      ...completedOptions(command).map(optionSpec),
      ...(argument === null ? [] : [quote(`1:${command.name}:${action(argument)}`)]),
    ];
    return `    ${command.name}) _arguments ${all.join(" \\\n      ")} ;;`;
  });
  return `#compdef ${cli.name}
# zsh completion for ${cli.name}; load it with: source <(${cli.name} completion zsh)
_bt_scanner() {
  local curcontext=$curcontext state line
  local -a commands=(
${commands.join("\n")}
  )
  _arguments -C ${completedOptions(cli).map(optionSpec).join(" ")} '1: :->command' '*:: :->argument'
  case $state in
  command) _describe command commands ;;
  argument) case $line[1] in
${specs.join("\n")}
    esac ;;
  esac
}
if [[ $funcstack[1] == _bt_scanner || $funcstack[1] == _${cli.name} ]]; then _bt_scanner "$@"; else compdef _bt_scanner ${cli.name}; fi
`;
}

function optionSpec({ names, description, value }: CompletedOption): string {
  const excluded = names.length > 1 ? quote(`(${names.join(" ")})`) : "";
  const name = names.length > 1 ? `{${names.join(",")}}` : quote(`${names[0]}${value === null ? "" : "="}`);
  const explained = `[${description.replace(/[[\]:\\]/g, "\\$&")}]`;
  return `${excluded}${name}${quote(value === null ? explained : `${explained}: :${action(value)}`)}`;
}

function action(offer: Offer): string {
  if (offer === "file") return "_files";
  return offer === "unknown" ? " " : `(${offer.join(" ")})`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
