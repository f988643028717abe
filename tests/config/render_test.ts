import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { parse } from "yaml";
import {
  type Config,
  defaultConfig,
  listConfigKeys,
  redact,
  renderConfig,
  renderExample,
} from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load } from "./load_support.ts";

const EXAMPLE = new URL("../../config/bt-scanner.example.yaml", import.meta.url);

test("the example file is what renderExample() makes of the schema", async () => {
  const remedy = `write it anew: deno eval 'import { renderExample } from "./src/config/mod.ts";
    Deno.writeTextFileSync("config/bt-scanner.example.yaml", renderExample("{hostname}"))'`;
  assert.equal(await readFile(EXAMPLE, "utf8"), renderExample("{hostname}"), remedy);
});

test("the example file holds exactly the defaults", async () => {
  const { config, warnings } = await load({ yaml: await readFile(EXAMPLE, "utf8"), hostname: () => "pi-7" });
  assert.deepEqual(config, defaultConfig("pi-7"));
  assert.deepEqual(warnings, []);
});

test("the example file has every key, each with a comment above it", async () => {
  const lines = (await readFile(EXAMPLE, "utf8")).split("\n");
  for (const { path } of listConfigKeys()) {
    const at = lines.findIndex((_, index) => pathAt(lines, index) === path);
    assert.ok(at > 0, `${path} is missing`);
    assert.match(lines[at - 1] ?? "", /^ *# Expects /, path);
    assert.match(lines[at - 2] ?? "", /^ *# /, path);
  }
});

test("listConfigKeys() knows of every key what documentation has to say", () => {
  const keys = listConfigKeys();
  assert.equal(keys.length, 71);
  for (const { path, description, expects } of keys) {
    assert.match(description, /^\S.*\.$/, path);
    assert.match(expects, /^\S.*[^.]$/, path);
  }
  assert.deepEqual(keys.filter(({ secret }) => secret).map(({ path }) => path), ["mqtt.broker.password"]);
  assert.deepEqual(keys.filter(({ fallback }) => fallback === undefined).map(({ path }) => path), ["scanner.id"]);
});

test("redact() hides the password and changes nothing else", () => {
  const config = withBroker(defaultConfig("s1"), { username: "u", password: "hunter2" });
  assert.deepEqual(redact(config), withBroker(config, { username: "u", password: "***" }));
  assert.equal(config.mqtt.broker.password, "hunter2");
  assert.equal(redact(defaultConfig("s1")).mqtt.broker.password, null);
});

test("renderConfig() says where each key that is set comes from", async () => {
  const { config, origins } = await load({
    yaml: "log: { level: debug }",
    flags: { scannerId: "s1" },
    env: { BT_SCANNER_FILTER_ALLOW: "aa:bb,4c" },
  });
  const lines = renderConfig(config, origins).split("\n");
  assert.ok(lines.includes("  id: s1 # --scanner-id"), lines.join("\n"));
  assert.ok(lines.includes('  allow: ["AA:BB", "4C"] # BT_SCANNER_FILTER_ALLOW'));
  assert.ok(lines.includes("  level: debug # c.yaml:1:15"));
  assert.equal(lines.filter((line) => line.includes("#")).length, 3);
});

test("renderConfig() writes YAML that reads as the same configuration", () => {
  const awkward = fc.constantFrom(
    "null",
    "~",
    "yes",
    "1e3",
    "0x1",
    "- a",
    "#",
    "a # b",
    "a: b",
    "{",
    "'",
    '"',
    "\u001b[2J",
    "\u202e",
    "a\nb",
  );
  const text = fc.oneof(awkward, fc.string({ unit: "binary", minLength: 1 }));
  fc.assert(fc.property(text, text, fc.array(text), (username, prefix, allow) => {
    const base = withBroker(defaultConfig("s1"), { username });
    const config: Config = {
      ...base,
      scanner: { ...base.scanner, labels: { room: prefix, on: username } },
      publisher: { ...base.publisher, topic_prefix: prefix },
      filter: { ...base.filter, allow },
    };
    const yaml = renderConfig(config, new Map([["scanner.id", "a\nb: c"]]));
    assert.deepEqual(parse(yaml), config);
    assert.doesNotMatch(yaml.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  }));
});

function withBroker(config: Config, broker: Partial<Config["mqtt"]["broker"]>): Config {
  return { ...config, mqtt: { ...config.mqtt, broker: { ...config.mqtt.broker, ...broker } } };
}

/** The path of the key in a line of block YAML, found by indentation. */
function pathAt(lines: readonly string[], index: number): string | null {
  const match = /^( *)([a-z_]+):/.exec(lines[index] ?? "");
  const [, indent = "", name = ""] = match ?? [];
  if (match === null || indent === "") return match === null ? null : name;
  const parent = lines.slice(0, index).findLastIndex((line) => new RegExp(`^ {${indent.length - 2}}[a-z]`).test(line));
  return `${pathAt(lines, parent)}.${name}`;
}
