import assert from "node:assert/strict";
import { LAYERS } from "../../scripts/lint_layers.ts";
import { test } from "../support/test.ts";
import { document, table } from "./markdown.ts";
import { oneLineEach, testExists, testsNamedIn } from "./named_tests.ts";

const PAGE = document("docs/architecture.md");
const TEXT = oneLineEach(PAGE.text);

function section(heading: string): string {
  const [, text = ""] = new RegExp(`^${heading}$([^]*?)^## `, "m").exec(`${TEXT}\n## `) ?? [];
  assert.notEqual(text, "", heading);
  return text;
}

test("docs/architecture.md has the folders and arrows that the layer rule enforces", () => {
  const told = table(PAGE, "## Folders").map(({ folder = "", "may import": arrows = "" }) => [
    folder.replaceAll("`", ""),
    arrows === "" ? [] : arrows.split(", "),
  ]);
  const enforced = Object.entries(LAYERS).map(([folder, arrows]) => [folder, Object.keys(arrows).sort()]);
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(enforced));
});

test("docs/architecture.md names a test for every trap, and tests that exist", () => {
  const traps = section("## Traps").split("\n").filter((line) => line.startsWith("- "));
  assert.ok(traps.length > 40, `only ${traps.length} found`);
  assert.deepEqual(traps.filter((trap) => testsNamedIn(trap).length === 0), []);
  assert.deepEqual(testsNamedIn(TEXT).filter((one) => !testExists(one)), []);
});

test("docs/architecture.md names functions that are where it says", () => {
  const named = [...TEXT.matchAll(/`(src\/[\w/-]+\.ts)` `(?:(\w+)\.)?(\w+)\(\)`/g)];
  assert.ok(named.length >= 10, `only ${named.length} found`);
  const missing = named.filter(([, file = "", owner, name = ""]) => {
    const source = Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
    const isOwned = owner === undefined || new RegExp(`\\b(class|interface) ${owner}\\b`).test(source);
    return !isOwned || !new RegExp(`\\b${name}(<\\w+>)?\\(|\\b${name} = `).test(source);
  });
  assert.deepEqual(missing.map(([text]) => text), []);
});
