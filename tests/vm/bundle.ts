/**
 * `bundle.ts FILE`: the program as one file of JavaScript, which an emulated machine starts in
 * seconds; from source it takes most of a minute.
 */
import * as esbuild from "esbuild";

const [outfile = "bt-scanner.js"] = Deno.args;
await esbuild.build({
  entryPoints: ["src/main.ts"],
  outfile,
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  // Parts of mqtt.js are CommonJS and look for Node.js modules with `require`.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
await esbuild.stop();
