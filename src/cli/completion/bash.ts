import type { CommandDescription } from "../describe.ts";
import { completedArgument, completedOptions, type Offer } from "./words.ts";

/** Completion for bash 4.4 and later, without the package bash-completion. */
export function bashCompletion(cli: CommandDescription): string {
  const values = cli.commands.flatMap((command) =>
    completedOptions(command).flatMap(({ names, value }) =>
      value === null ? [] : [`    ${names.map((name) => `'${command.name} ${name}'`).join(" | ")}) ${act(value)} ;;`]
    )
  );
  const commands = cli.commands.map((command) => {
    const options = optionNames(command);
    const argument = completedArgument(command) ?? [];
    const words = typeof argument === "string" ? options : [...argument, ...options];
    return `    ${command.name}) ${argument === "file" ? "files=1 " : ""}words='${words.join(" ")}' ;;`;
  });
  return `# bash completion for ${cli.name}; load it with: source <(${cli.name} completion bash)
_bt_scanner() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words files
  COMPREPLY=()
  # --option=value is three words here.
  if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if ((COMP_CWORD == 1)); then
    words='${[...cli.commands.map(({ name }) => name), ...optionNames(cli)].join(" ")}'
  else
    case "\${COMP_WORDS[1]} $previous" in
${values.map((line) => `  ${line}`).join("\n")}
      *) case \${COMP_WORDS[1]} in
${commands.map((line) => `    ${line}`).join("\n")}
        esac ;;
    esac
  fi
  # readline completes the names of files, quotes and ~ and all.
  if [[ $files && $current != -* ]]; then compopt -o default; else COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}
complete -F _bt_scanner ${cli.name}
`;
}

function act(value: Offer): string {
  if (value === "file") return "files=1";
  return value === "unknown" ? "return" : `words='${value.join(" ")}'`;
}

function optionNames(command: CommandDescription): string[] {
  return completedOptions(command).flatMap(({ names }) => names);
}
