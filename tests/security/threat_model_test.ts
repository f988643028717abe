import assert from "node:assert/strict";
import { oneLineEach, testExists, testsNamedIn } from "../docs/named_tests.ts";
import { test } from "../support/test.ts";

const DOCUMENT = oneLineEach(Deno.readTextFileSync(new URL("../../docs/security.md", import.meta.url)));

test("docs/security.md names tests that exist", () => {
  const named = testsNamedIn(DOCUMENT);
  assert.ok(named.length > 50, `only ${named.length} found`);
  assert.deepEqual(named.filter((one) => !testExists(one)), []);
});

test("docs/security.md names a test for every threat", () => {
  const [, threats = ""] = /^## Threats$([^]*?)^## /m.exec(DOCUMENT) ?? [];
  const items = threats.split("\n").filter((line) => line.startsWith("- "));
  assert.ok(items.length > 30, `only ${items.length} found`);
  assert.deepEqual(items.filter((item) => testsNamedIn(item).length === 0), []);
});
