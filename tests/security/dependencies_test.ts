import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import scripts from "../../scripts/deno.json" with { type: "json" };
import type { Component } from "../../scripts/package/components.ts";
import tests from "../deno.json" with { type: "json" };
import { run } from "../support/programs.ts";
import { test } from "../support/test.ts";

interface Locked {
  readonly integrity?: string;
  readonly scripts?: true;
}

interface LockFile {
  readonly npm: Readonly<Record<string, Locked>>;
  readonly workspace: { readonly links: Readonly<Record<string, unknown>> };
}

const lock: LockFile = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));

/** What is in the executable. Whoever adds to it has read what it does, and who maintains it. */
const REVIEWED = [
  "@abandonware/noble",
  "@commander-js/extra-typings",
  "@logtape/logtape",
  "bl", // of mqtt-packet
  "commander",
  "inherits", // of bl
  "lru-cache", // of mqtt
  "mqtt",
  "mqtt-packet", // of mqtt
  "process-nextick-args", // of mqtt-packet
  "rfdc", // of mqtt
  "uplot",
  "yaml",
  "zod",
];

test("the executable holds the packages that were reviewed, and no others", async () => {
  const script = new URL("../../scripts/package/components.ts", import.meta.url).href;
  const stdout = await run(Deno.execPath(), "run", "-A", "--no-check", "--node-modules-dir=manual", script);
  const components: Component[] = JSON.parse(stdout);
  assert.deepEqual(components.map(({ name }) => name), REVIEWED);
});

test("deno.lock has the SHA-512 of every package that is not our own", () => {
  const own = Object.keys(lock.workspace.links).map((key) => key.replace("npm:", ""));
  assert.deepEqual(own, ["@abandonware/bluetooth-hci-socket@0.5.3-12"]);
  const packages = Object.entries(lock.npm).filter(([key]) => !own.includes(key));
  assert.ok(packages.length > REVIEWED.length);
  for (const [key, { integrity }] of packages) assert.match(integrity ?? "", /^sha512-[\w+/]{86}==$/, key);
});

test("deno.lock knows no code but packages", () => {
  assert.deepEqual(Object.keys(lock).sort(), ["npm", "specifiers", "version", "workspace"]);
});

test("deno.json names one exact version of each package", () => {
  for (const [name, specifier] of [project, scripts, tests].flatMap(({ imports }) => Object.entries(imports))) {
    assert.match(specifier, new RegExp(`^npm:${name}@\\d+\\.\\d+\\.\\d+(-\\d+)?$`));
  }
});

test("no package's install script runs, and two packages have one", () => {
  assert.equal("allowScripts" in project, false);
  const withScripts = Object.entries(lock.npm).filter(([, { scripts }]) => scripts).map(([key]) => key);
  // noble would build an addon, for which our own package stands in; esbuild looks for its program, which is there.
  assert.deepEqual(withScripts.map((key) => key.replace(/(.)@.*$/, "$1")), ["@abandonware/noble", "esbuild"]);
});
