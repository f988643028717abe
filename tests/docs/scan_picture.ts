/**
 * `deno task picture`: draws README's picture, docs/scan.svg, of what `bt-scanner scan --source simulate` shows on a
 * terminal. The clock is a fake one, so the same program draws the same picture.
 *
 * @module
 */
import { scan } from "../../src/cli/scan/mod.ts";
import { defaultConfig } from "../../src/config/mod.ts";
import { displayWidth } from "../../src/text/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testHost } from "../support/test_host.ts";

/** Where the picture is. */
export const PICTURE = new URL("../../docs/scan.svg", import.meta.url);

const COMMAND = "bt-scanner scan --source simulate";
const SIZE = { columns: 88, rows: 18 };
/** How long the devices are listened to, on the fake clock. */
const LISTEN_MS = 6_000;

const CELL = { width: 8.4, height: 19 };
const MARGIN = 18;
const STYLE =
  `rect { fill: #16191d } text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #d4d7da; white-space: pre }
.command { fill: #7ec699 } .heading { fill: #8ab4e8 }`;

/** The lines that the live table has on a terminal of {@linkcode SIZE} after {@linkcode LISTEN_MS}. */
export async function liveTable(): Promise<string[]> {
  const clock = new FakeClock();
  const config = defaultConfig("picture");
  const ending = new AbortController();
  let written = "";
  const ended = scan(
    { ...config, scanner: { ...config.scanner, source: "simulate" } },
    null,
    {
      host: testHost({ clock }),
      stdout: (text) => written += text,
      stderr: () => {},
      onFault: () => {},
      terminalSize: () => SIZE,
      openTerminal: () => ({ isForeground: () => true, takeKeys: () => {}, typed: () => "", raise: () => {} }),
    },
    ending.signal,
  );
  await clock.advance(LISTEN_MS);
  const frame = written.slice(written.lastIndexOf("\x1b[H"));
  ending.abort();
  await clock.advance(1_000);
  await ended;
  // deno-lint-ignore no-control-regex -- what steers the terminal is taken out, and nothing else
  return frame.replaceAll(/\x1b\[[?\d]*[A-Za-z]/g, "").split("\r\n");
}

/** These lines on a terminal, as an SVG that needs nothing else; columns stay columns in whatever font there is. */
export function drawTerminal(command: string, lines: readonly string[]): string {
  const width = Math.ceil(SIZE.columns * CELL.width + 2 * MARGIN);
  const height = (SIZE.rows + 1) * CELL.height + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" xml:space="preserve">`,
    `<title>${escape(command)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" rx="8"/>`,
    row(`$ ${command}`, 0, "command"),
    ...lines.flatMap((line, index) => line === "" ? [] : [row(line, index + 1, index === 1 ? "heading" : "line")]),
    "</svg>",
    "",
  ].join("\n");
}

function row(line: string, index: number, style: string): string {
  const y = MARGIN + (index + 0.75) * CELL.height;
  const length = (displayWidth(line) * CELL.width).toFixed(1);
  const place = `x="${MARGIN}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs"`;
  return `<text class="${style}" ${place}>${escape(line)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** The whole picture, drawn anew. */
export async function drawPicture(): Promise<string> {
  return drawTerminal(COMMAND, await liveTable());
}

if (import.meta.main) await Deno.writeTextFile(PICTURE, await drawPicture());
