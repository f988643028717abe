import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { joined, OTHER_FILES, PROGRAM } from "../../src/page/assets.ts";
import { filesOf, type Part } from "./part.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Three years old: whatever a phone has today. */
const BROWSERS = ["chrome120", "firefox120", "safari17"];

/** A file of the page, as it is sent. */
interface SentFile {
  readonly name: string;
  readonly type: string;
  readonly contents: Uint8Array | string;
}

/**
 * The files of the page as they are sent, one program instead of many, all compressed; and what puts them in the place
 * of the module that reads them from the sources.
 */
export async function buildPage(): Promise<Part & { readonly plugin: esbuild.Plugin }> {
  const { outputFiles: [program], metafile } = await esbuild.build({
    entryPoints: [`src/page/browser/${PROGRAM.file}`],
    absWorkingDir: ROOT,
    tsconfigRaw: "{}",
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    legalComments: "none",
    platform: "browser",
    format: "esm",
    target: BROWSERS,
  });
  if (program === undefined) throw new Error("esbuild made no file");
  const others = await Promise.all(OTHER_FILES.map(otherFile));
  const assets = [{ ...PROGRAM, contents: program.contents }, ...others].map(assetText);
  const module = `export async function readAssets() { return [${assets.join()}]; }`;
  const plugin: esbuild.Plugin = {
    name: "page",
    setup: (build) => build.onLoad({ filter: /\/src\/page\/assets\.ts$/ }, () => ({ contents: module })),
  };
  return { contents: new TextEncoder().encode(module), files: filesOf(metafile), plugin };
}

async function otherFile({ name, type, from }: typeof OTHER_FILES[number]): Promise<SentFile> {
  const text = await joined(from);
  if (!type.startsWith("text/css")) return { name, type, contents: text };
  const { code } = await esbuild.transform(text, { loader: "css", minify: true, target: BROWSERS });
  return { name, type, contents: code };
}

/** An `Asset`, as source. */
function assetText({ name, type, contents }: SentFile): string {
  const body = gzipSync(contents, { level: 9 }).toString("base64");
  const words = `name: ${JSON.stringify(name)}, type: ${JSON.stringify(type)}`;
  return `{ ${words}, body: Uint8Array.fromBase64("${body}"), isCompressed: true }`;
}
