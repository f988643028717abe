/**
 * `deno run -A scripts/compile/bundle.ts VERSION FILE`: the program as one file of JavaScript.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { buildPage } from "./page.ts";
import { filesOf, type Part } from "./part.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface StandIn {
  /** The package or module whose place it takes. */
  readonly name: string;
  /** The package in which it does; any where there is none. */
  readonly within?: string;
  readonly contents: string;
}

/** docs/performance.md has what each is worth. */
const STAND_INS: readonly StandIn[] = [
  // Its front door brings WebSocket, SOCKS and HTTP along.
  {
    name: "mqtt",
    contents: 'export { default as MqttClient } from "mqtt/lib/client";' +
      'export { default as UniqueMessageIdProvider } from "mqtt/lib/unique-message-id-provider";',
  },
  // Timers for browsers.
  { name: "worker-timers", contents: "module.exports = {};" },
  // The same, for systems without it.
  { name: "readable-stream", contents: 'module.exports = require("node:stream");' },
  // Logs past our log, as the environment says.
  { name: "debug", contents: "module.exports = () => () => {};" },
  // noble asks whether this is the CHIP, a board of 2015; to ask the system needs a permission.
  { name: "os", within: "noble", contents: 'module.exports = { platform: () => "linux", release: () => "" };' },
  // For programs whose subcommands are programs; both are slow to load.
  { name: "node:child_process", within: "commander", contents: "module.exports = {};" },
  { name: "node:fs", within: "commander", contents: "module.exports = {};" },
];

/**
 * The program as one file of minified JavaScript: noble, mqtt.js and all, so that nothing is looked
 * for at run time. The same sources and version give the same bytes, wherever they lie: esbuild looks
 * for `package.json` and `tsconfig.json` up to the root of the file system, Deno for a workspace. The
 * project's own `package.json`, `tsconfigRaw` and `workspace` in `deno.json` end these searches.
 *
 * @param version what `--version` says
 * @throws {Error} where something from outside of the project's folder would be in it
 */
export async function bundle(version: string): Promise<Uint8Array<ArrayBuffer>> {
  const { program } = await build(version);
  return new Uint8Array(program.contents);
}

/** The files of which something is in the program, as paths below the project's folder. */
export async function bundledFiles(): Promise<string[]> {
  const { program, packed } = await build("");
  return [...new Set([program, ...packed].flatMap(({ files }) => files))];
}

/** A text within the program's, compressed: made into code when its door is used, and not before. */
interface Packed {
  /** What it begins with. */
  readonly entry: string;
  /** The module in whose place it is made into code. */
  readonly door: string;
  /** How that module's functions are called. */
  readonly exported: readonly string[];
  /** Whether the code goes once it has done its work, and is made anew when it is used again. */
  readonly once: boolean;
}

/** docs/performance.md has what it is worth. */
const PACKED: readonly Packed[] = [
  // Command line, configuration and every command but `run`.
  {
    entry: "scripts/compile/command_line.ts",
    door: "src/cli/mod.ts",
    exported: ["runCli", "rereadConfig"],
    once: true,
  },
  // What is told over HTTP.
  { entry: "src/app/web.ts", door: "src/app/web.ts", exported: ["startWeb"], once: false },
];

async function build(version: string): Promise<{ readonly program: Part; readonly packed: readonly Part[] }> {
  try {
    const page = await buildPage();
    const packed: Part[] = [page];
    const doors: esbuild.Plugin[] = [];
    for (const each of PACKED) {
      const part = await buildPart(version, each.entry, { format: "iife", globalName: NAME }, page.plugin);
      const twice = each.once ? [] : part.files.filter((file) => file.includes("node_modules/"));
      if (twice.length > 0) throw new Error(`${each.door} would bring along once more: ${twice.join(", ")}`);
      packed.push(part);
      doors.push(unpacking(each, new TextDecoder().decode(part.contents)));
    }
    return { program: await buildPart(version, "scripts/compile/entry.ts", { format: "esm" }, ...doors), packed };
  } finally {
    await esbuild.stop();
  }
}

async function buildPart(
  version: string,
  entry: string,
  options: Pick<esbuild.BuildOptions, "format" | "globalName">,
  ...plugins: esbuild.Plugin[]
): Promise<Part> {
  const { metafile, outputFiles: [file] } = await esbuild.build({
    ...options,
    entryPoints: [entry],
    absWorkingDir: ROOT,
    tsconfigRaw: "{}",
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    legalComments: "none",
    platform: "node",
    target: "esnext",
    define: { BT_SCANNER_VERSION: JSON.stringify(version) },
    plugins: [...plugins, standIns, builtins],
  });
  if (file === undefined) throw new Error("esbuild made no file");
  return { contents: file.contents, files: filesOf(metafile) };
}

/** What a packed text's exports are called in it. */
const NAME = "packed";

/**
 * Puts a packed text in the place of its door. A module stays for as long as its process; what `new Function` has made
 * goes once nobody has it. The text lies compressed in a function that is never called, of which V8 reads no more than
 * where it ends.
 */
function unpacking({ door, exported, once }: Packed, text: string): esbuild.Plugin {
  const compressed = deflateRawSync(`${text} return ${NAME};`, { level: 9 }).toString("base64");
  const use = once
    ? exported.map((name) => `export const ${name} = async (...args) => await (await make()).${name}(...args);`)
    : [`export const { ${exported.join(", ")} } = await make();`];
  return {
    name: `unpacking ${door}`,
    setup(build) {
      build.onLoad({ filter: new RegExp(`/${door.replaceAll(".", "\\.")}$`) }, () => ({
        contents: `
          import { unpack } from "./scripts/compile/unpack.ts";
          function packed() { return "${compressed}"; }
          const make = async () => new Function(await unpack(packed))();
          ${use.join("\n")}`,
        resolveDir: ROOT,
      }));
    },
  };
}

const standIns: esbuild.Plugin = {
  name: "stand-ins",
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
      const index = STAND_INS.findIndex(({ name, within = "" }) => name === path && importer.includes(within));
      return index < 0 ? undefined : { path, namespace: "stand-in", pluginData: STAND_INS[index]?.contents };
    });
    build.onLoad({ filter: /.*/, namespace: "stand-in" }, ({ pluginData }) => ({
      contents: String(pluginData),
      resolveDir: ROOT,
    }));
  },
};

/**
 * Modules of Node.js are asked for where they are used, by `import` as by `require`: what a command
 * does not use it does not load, and no `createRequire` is needed.
 */
const builtins: esbuild.Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path }) => isBuiltin(path) ? { path, namespace: "builtin" } : undefined);
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

if (import.meta.main) {
  const [version = "", path = ""] = Deno.args;
  await Deno.writeFile(path, await bundle(version));
}
