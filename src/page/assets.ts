/**
 * The files of the page. From source they are read where they lie, and the browser gets TypeScript without its types;
 * in the executable, another module takes the place of this one, with all of them in one, minified and compressed
 * (scripts/compile/page.ts).
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

/** A file that a browser asks for. */
export interface Asset {
  /** Its path below the page's, as the page names it; of the page itself, nothing. */
  readonly name: string;
  /** Media type. */
  readonly type: string;
  /** What is in it. */
  readonly body: Uint8Array;
  /** Whether `body` is compressed (gzip). */
  readonly isCompressed: boolean;
}

/** What the library brings besides its code. */
const LIBRARY = import.meta.resolve("uplot");
const LIBRARY_CODE = new URL("./uPlot.esm.js", LIBRARY);
const LIBRARY_STYLE = new URL("./uPlot.min.css", LIBRARY);

const HTML = "text/html; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const PICTURE = "image/svg+xml";

/** Where the program of the page begins, and what the page calls it. */
export const PROGRAM = { file: "main.ts", name: "page.js", type: SCRIPT } as const;

/** What is not program: the files that each is made of. */
export const OTHER_FILES: readonly { readonly name: string; readonly type: string; readonly from: readonly URL[] }[] = [
  { name: "", type: HTML, from: [fileUrl("index.html")] },
  { name: "page.css", type: STYLE, from: [LIBRARY_STYLE, fileUrl("page.css")] },
  { name: "icon.svg", type: PICTURE, from: [fileUrl("icon.svg")] },
];

/** All files. */
export async function readAssets(): Promise<readonly Asset[]> {
  const files = await Array.fromAsync(Deno.readDir(fileUrl("")), ({ name }) => name);
  const modules = files.filter((name) => name.endsWith(".ts"));
  return await Promise.all([
    ...OTHER_FILES.map(async ({ name, type, from }) => asset(name, type, await joined(from))),
    ...modules.map(async (file) => {
      const name = file === PROGRAM.file ? PROGRAM.name : file;
      return asset(name, SCRIPT, await code(file));
    }),
  ]);
}

/** The text of files, one after the other. */
export async function joined(files: readonly URL[]): Promise<string> {
  return (await Promise.all(files.map((file) => Deno.readTextFile(file)))).join("\n");
}

async function code(file: string): Promise<string> {
  if (file === "uplot.ts") return await Deno.readTextFile(LIBRARY_CODE);
  return stripTypeScriptTypes(await Deno.readTextFile(fileUrl(file)));
}

function asset(name: string, type: string, text: string): Asset {
  return { name, type, body: new TextEncoder().encode(text), isCompressed: false };
}

function fileUrl(file: string): URL {
  return new URL(`./browser/${file}`, import.meta.url);
}
