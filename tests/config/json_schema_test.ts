import assert from "node:assert/strict";
import { configJsonSchema, listConfigKeys } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean;
}

const schema: Node = configJsonSchema();

test("configJsonSchema() has every key with its description and default", () => {
  for (const { path, description, fallback, secret } of listConfigKeys()) {
    const node = path.split(".").reduce<Node | undefined>((at, name) => at?.properties?.[name], schema);
    assert.ok(node !== undefined, path);
    assert.equal(node.description, description);
    assert.deepEqual(node.default, fallback);
    assert.equal(node.writeOnly ?? false, secret);
  }
});

test("configJsonSchema() allows no other key, and requires none of a file", () => {
  const json = JSON.stringify(schema);
  assert.equal(schema.additionalProperties, false);
  assert.equal(schema.properties?.mqtt?.properties?.broker?.additionalProperties, false);
  assert.ok(!json.includes('"required"') && !json.includes('"reads"') && !json.includes('xpects"'), json);
  assert.match(json, /"minimum":1,"maximum":65535/);
});
