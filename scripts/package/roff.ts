import type { CommandDescription } from "../../src/cli/describe.ts";

/** What a manual page says besides the command line. */
export interface ManualFacts {
  readonly version: string;
  /** Seconds since 1970. */
  readonly epochS: number;
}

const FILES: readonly (readonly [path: string, text: string])[] = [
  [
    "/etc/bt-scanner/config.yaml",
    "Configuration that the service reads, and every command where no other is named. It explains every key.",
  ],
  [
    "/etc/bt-scanner/mqtt-password",
    "Password for the broker, one line, readable by root alone; the service is handed it.",
  ],
];

const EXIT_CODES: readonly (readonly [code: string, text: string])[] = [
  ["0", "Done, or ended as told."],
  ["1", "Something failed."],
  ["2", "Wrong usage or configuration: trying again cannot help."],
  ["69", "fleet: the broker cannot be asked."],
  ["77", "Permission is missing."],
];

/** The manual page of the program, in roff with the man macros. */
export function renderManual(cli: CommandDescription, { version, epochS }: ManualFacts): string {
  const date = new Date(epochS * 1000).toISOString().slice(0, 10);
  const lines = [
    `.TH ${cli.name.toUpperCase()} 1 ${date} "${cli.name} ${version}" "User Commands"`,
    ".SH NAME",
    `${text(cli.name)} \\- publishes Bluetooth LE advertisements to an MQTT broker`,
    ".SH SYNOPSIS",
    ...cli.commands.flatMap((command) => [
      `.B ${text(`${cli.name} ${command.name}`)}`,
      text(usage(command)),
      ".br",
    ]),
    `.B ${text(cli.name)}`,
    cli.options.map(({ flags }) => flagText(flags.split(", ").at(-1) ?? flags)).join(" | "),
    ".SH DESCRIPTION",
    text(cli.description),
    ".SH COMMANDS",
    ...cli.commands.flatMap(renderCommand),
    ".SH ENVIRONMENT",
    "Each key of the configuration can be set in the environment: its path in capitals after",
    ".BR BT_SCANNER_ ,",
    "such as",
    ".BR BT_SCANNER_MQTT_BROKER_HOST .",
    "Options are stronger than the environment, this than the file.",
    ".SH FILES",
    ...definitions(FILES),
    ".SH EXIT STATUS",
    ...definitions(EXIT_CODES),
    ".SH SEE ALSO",
    ".BR systemctl (1),",
    ".BR journalctl (1)",
  ];
  return `${lines.join("\n")}\n`;
}

function usage(command: CommandDescription): string {
  const parts = command.arguments.map(({ choices, name }) => choices.length > 0 ? choices.join(" | ") : name);
  return [...(command.options.length > 0 ? ["[options]"] : []), ...parts].join(" ");
}

function renderCommand(command: CommandDescription): string[] {
  return [
    `.SS ${text(command.name)}`,
    text(sentence(command.description)),
    ...command.options.flatMap(({ flags, description }) => [".TP", flagText(flags), text(description)]),
  ];
}

/** Flags in bold, what they take in italics. */
function flagText(flags: string): string {
  return flags.split(/(<[^>]*>)/).map((part) => {
    if (part.trim() === "") return part;
    return part.startsWith("<") ? `\\fI${text(part.slice(1, -1))}\\fR` : `\\fB${text(part)}\\fR`;
  }).join("");
}

function definitions(pairs: readonly (readonly [string, string])[]): string[] {
  return pairs.flatMap(([term, meaning]) => [".TP", `.B ${text(term)}`, text(meaning)]);
}

function sentence(description: string): string {
  const capital = description.charAt(0).toUpperCase() + description.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Text that roff takes for nothing but text: hyphens as typed, no escapes, no requests, no line breaks. */
export function text(plain: string): string {
  return plain.replaceAll(/\s+/g, " ").replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&")
    .replaceAll("…", "\\&...").replaceAll("–", "\\(en");
}
