/**
 * `deno run -A scripts/compile/bundle.ts VERSION FILE`: the program as one file of JavaScript.
 *
 * @module
 */
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The program as one file of minified JavaScript: noble, mqtt.js and all, so that nothing is looked
 * for at run time.
 *
 * @param version what `--version` says
 */
export async function bundle(version: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { outputFiles: [file] } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: ["src/main.ts"],
      write: false,
      bundle: true,
      minify: true,
      legalComments: "none",
      platform: "node",
      format: "esm",
      target: "es2022",
      define: { BT_SCANNER_VERSION: JSON.stringify(version) },
      // CommonJS packages look for Node.js modules with `require`.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      plugins: [unused("ws", "socks")],
    });
    if (file === undefined) throw new Error("esbuild made no file");
    return new Uint8Array(file.contents);
  } finally {
    await esbuild.stop();
  }
}

/** Leaves out packages that mqtt.js loads only for transports that are not used here. */
function unused(...packages: readonly string[]): esbuild.Plugin {
  return {
    name: "unused",
    setup(build) {
      build.onResolve(
        { filter: new RegExp(`^(${packages.join("|")})$`) },
        ({ path }) => ({ path, namespace: "unused" }),
      );
      build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = class {};" }));
    },
  };
}

if (import.meta.main) {
  const [version = "", path = ""] = Deno.args;
  await Deno.writeFile(path, await bundle(version));
}
