/**
 * `deno task reference`: writes docs/reference.md, the page of all configuration keys, from the schema
 * and from what a reload does to each key.
 *
 * @module
 */
import { type Effect, effectOf } from "../../src/app/mod.ts";
import { type ConfigKeyInfo, listConfigKeys, listConfigSections } from "../../src/config/mod.ts";

/** Where the page is. */
export const REFERENCE = new URL("../../docs/reference.md", import.meta.url);

const HEADER = `# Configuration reference

Every key. [Configuration](configuration.md) says how to set them, and which belong together.

The variable of a key is \`BT_SCANNER_\` and its path in capitals, \`_\` for each dot. **Change** says what
[a reload](service.md#changing-the-configuration) does where the key has changed:

- \`live\`: it holds from the next report, interval or line on;
- \`reconnect\`: the connection to the broker is closed with a goodbye, and made anew;
- \`rescan\`: the scan is ended and begins anew; with \`source: replay\`, \`restart\`;
- \`restart\`: the reload is refused; this takes a restart of the program.
`;

/** The page, as `deno fmt` leaves it. */
export function configurationReference(): string {
  const keys = listConfigKeys();
  const sections = listConfigSections().map(({ path, description }) => {
    const own = keys.filter((key) => key.path.slice(0, key.path.lastIndexOf(".")) === path);
    return `## ${path}\n\n${description}\n\n${table(["key", "default", "meaning", "change"], own.map(row))}`;
  });
  return [HEADER, ...sections].join("\n");
}

function row({ path, fallback, description, expects }: ConfigKeyInfo): string[] {
  const effect: Effect = effectOf(path.split("."));
  return [
    `\`${path}\``,
    fallback === undefined ? "none" : `\`${JSON.stringify(fallback).replaceAll('"', "")}\``,
    plain(`${description} Expects ${expects}.`),
    effect,
  ];
}

/** Text that Markdown would otherwise take for its own. */
function plain(text: string): string {
  return text.replaceAll(/[*|<]/g, "\\$&");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(...[name, ...rows.map((row) => row[column] ?? "")].map(length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("");
}

function length(text: string): number {
  return text.length;
}

if (import.meta.main) await Deno.writeTextFile(REFERENCE, configurationReference());
