/**
 * `deno run -A scripts/compile/bundle.ts VERSION FILE`: the program as one file of JavaScript.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface StandIn {
  /** The package or module whose place it takes. */
  readonly name: string;
  /** The package in which it does; any where there is none. */
  readonly within?: string;
  readonly contents: string;
}

/** docs/binary.md has what each is worth. */
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
  const { outputFiles: [file] } = await build(version);
  if (file === undefined) throw new Error("esbuild made no file");
  return new Uint8Array(file.contents);
}

/** The files of which something is in the program, as paths below the project's folder. */
export async function bundledFiles(): Promise<string[]> {
  const { metafile } = await build("");
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path)
  );
}

async function build(version: string) {
  try {
    const result = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: ["scripts/compile/entry.ts"],
      tsconfigRaw: "{}",
      write: false,
      metafile: true,
      bundle: true,
      minify: true,
      legalComments: "none",
      platform: "node",
      format: "esm",
      target: "esnext",
      define: { BT_SCANNER_VERSION: JSON.stringify(version) },
      plugins: [standIns, builtins],
    });
    const outside = Object.keys(result.metafile.inputs).filter((path) => path.startsWith("../"));
    if (outside.length > 0) throw new Error(`Not of this project: ${outside.join(", ")}`);
    return result;
  } finally {
    await esbuild.stop();
  }
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
