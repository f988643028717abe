import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import plugin from "../../scripts/lint_layers.ts";
import { test } from "../support/test.ts";

/** What the plugin says about `source` as the file `path` of this project. */
function lint(path: string, source: string): string[] {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return Deno.lint.runPlugin(plugin, file, source).map((diagnostic) => diagnostic.message);
}

/** Sources that break a rule, with what the message must say. */
const BROKEN: ReadonlyArray<readonly [path: string, source: string, says: RegExp]> = [
  ["src/agent/a.ts", `import { x } from "../mqtt/mod.ts";`, /^agent → mqtt .* may import advertisement and time$/],
  ["src/advertisement/a.ts", `import { x } from "../time/mod.ts";`, /may import no other folder$/],
  ["src/hci/deep/a.ts", `import { x } from "../../scanner_hci/mod.ts";`, /^hci → scanner_hci/],
  [
    "src/main.ts",
    `import { x } from "./agent/mod.ts";`,
    /^main\.ts → agent .* may import app, cli, config, hci, signals and time$/,
  ],
  ["src/cli/a.ts", `import { x } from "../main.ts";`, /^cli → main\.ts/],
  [
    "src/scanner_hci/a.ts",
    `import { x } from "../hci/packets.ts";`,
    /passes by the door; import src\/hci\/mod\.ts or /,
  ],
  ["src/cli/a.ts", `import { x } from "../advertisement/json.ts";`, /mod\.ts or src\/advertisement\/schema\.ts$/],
  ["src/log/a.ts", `import { x } from "../agent/mod.ts";`, /types only: use `import type`/],
  ["src/log/a.ts", `import { type A, x } from "../agent/mod.ts";`, /types only/],
  ["src/log/a.ts", `import "../agent/mod.ts";`, /types only/],
  [
    "src/cli/a.ts",
    `import { x } from "../../tests/support/test.ts";`,
    /^cli → tests\/support\/test\.ts .* outside src$/,
  ],
  ["src/mqtt/a.ts", `import x from "../../deno.json" with { type: "json" };`, /only cli may import it$/],
  ["src/agent/a.ts", `import { z } from "zod/mini";`, /^agent → zod .* only src\/config\/\*/],
  ["src/log/schema.ts", `import { z } from "zod";`, /^log → zod/],
  ["src/cli/a.ts", `import { x } from "@abandonware/noble/lib/hci-socket/hci.js";`, /^cli → @abandonware\/noble/],
  ["src/scanner_hci/a.ts", `import x from "mqtt/lib/client";`, /^scanner_hci → mqtt .* only src\/mqtt\/\*/],
  ["src/mqtt/a.ts", `import x from "aedes";`, /^mqtt → aedes: this package is not for src$/],
  ["src/mqtt/a.ts", `import x from "npm:mqtt@5";`, /bare name/],
  ["src/mqtt/a.ts", `import x from "https://example.com/x.ts";`, /bare name/],
  ["src/agent/a.ts", `import type { X } from "mqtt";`, /^agent → mqtt/],
  ["src/agent/a.ts", `export { x } from "mqtt";`, /^agent → mqtt/],
  ["src/agent/a.ts", `export * from "mqtt";`, /^agent → mqtt/],
  ["src/agent/a.ts", `await import("mqtt");`, /^agent → mqtt/],
  ["src/agent/a.ts", `await import(name);`, /cannot be checked/],
  ["src/agent/a.ts", `type X = import("mqtt").X;`, /^agent → mqtt/],
  ["src/agent/a.ts", `import x = require("mqtt");`, /^agent → mqtt/],
  ["src/agent/a.cjs", `require("mqtt");`, /^agent → mqtt/],
  ["src/extra/a.ts", ``, /^src\/extra is in no layer/],
];

/** Sources that keep the rules. */
const SOUND: ReadonlyArray<readonly [path: string, source: string]> = [
  ["src/main.ts", `import { x } from "./cli/mod.ts";`],
  ["src/cli/a.ts", `import { x } from "../mqtt/mod.ts"; import { z } from "../status/schema.ts";`],
  ["src/cli/a.ts", `import x from "../../deno.json" with { type: "json" }; import { y } from "commander";`],
  ["src/agent/a.ts", `import { x } from "./ports.ts"; import { y } from "../time/mod.ts"; import "node:os";`],
  ["src/status/stats_schema.ts", `import { z } from "zod/mini";`],
  ["src/log/a.ts", `import type { A } from "../agent/mod.ts"; import { type B } from "../agent/mod.ts";`],
  ["src/log/a.ts", `export type { A } from "../agent/mod.ts"; type B = import("../agent/mod.ts").B;`],
  ["src/scanner_hci/shim/a.js", `const x = require("../a.js"); require("@abandonware/noble/lib/x");`],
  ["src/time/a.ts", `export const x = 1; export type { Y } from "./y.ts";`],
  ["tests/a.ts", `import { x } from "../src/agent/counters.ts"; import fc from "fast-check";`],
  ["scripts/src/a.ts", `import esbuild from "esbuild";`],
];

for (const [path, source, says] of BROKEN) {
  test(`lint_layers reports ${JSON.stringify(source)} in ${path}`, () => {
    const messages = lint(path, source);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0] ?? "", says);
  });
}

for (const [path, source] of SOUND) {
  test(`lint_layers accepts ${JSON.stringify(source)} in ${path}`, () => {
    assert.deepEqual(lint(path, source), []);
  });
}
