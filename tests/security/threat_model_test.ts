import assert from "node:assert/strict";
import { test } from "../support/test.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => Deno.readTextFileSync(new URL(path, ROOT));

/** The document with each paragraph and each item on one line. */
const DOCUMENT = read("docs/security.md").replaceAll(/\n(?!\n|- |#)\s*/g, " ");

interface NamedTest {
  readonly file: string;
  readonly name: string;
}

function testsNamedIn(text: string): NamedTest[] {
  return [...text.matchAll(/`(tests\/[\w/]+_test\.ts)`: "([^"]+)"/g)].map(([, file = "", name = ""]) => ({
    file,
    name,
  }));
}

/** The names that a file gives its tests: a regular expression for each, since a name may have parts filled in. */
function namesIn(source: string): RegExp[] {
  return [...source.matchAll(/\b\w*[tT]est\w*\(\s*(?:\[[^\]]*\],\s*)?(["`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
    ([, , name = ""]) => {
      const parts = name.split(/\$\{.*?\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".+")}$`);
    },
  );
}

test("docs/security.md names tests that exist", () => {
  const named = testsNamedIn(DOCUMENT);
  assert.ok(named.length > 50, `only ${named.length} found`);
  const missing = named.filter(({ file, name }) => !namesIn(read(file)).some((pattern) => pattern.test(name)));
  assert.deepEqual(missing, []);
});

test("docs/security.md names a test for every threat", () => {
  const [, threats = ""] = /^## Threats$([^]*?)^## /m.exec(DOCUMENT) ?? [];
  const items = threats.split("\n").filter((line) => line.startsWith("- "));
  assert.ok(items.length > 30, `only ${items.length} found`);
  assert.deepEqual(items.filter((item) => testsNamedIn(item).length === 0), []);
});
