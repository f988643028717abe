import assert from "node:assert/strict";
import { LAYERS } from "../../scripts/lint_layers.ts";
import { test } from "../support/test.ts";

const ROOT = new URL("../../", import.meta.url);
const SRC = new URL("src/", ROOT);

/** Every module below `folder`. */
function* modules(folder: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* modules(new URL(`${entry.name}/`, folder));
    else if (entry.name.endsWith(".ts")) yield new URL(entry.name, folder);
  }
}

/** The program, and the page's. */
const RUNS_WHEN_IMPORTED = ["main.ts", "page/browser/main.ts"];

// Also what makes the coverage of `src` honest: a module that no test loads would not be counted.
test("importing a module of src leaves no timer, socket or promise behind", async (t) => {
  for (const module of modules(SRC)) {
    if (RUNS_WHEN_IMPORTED.includes(module.href.slice(SRC.href.length))) continue;
    await t.step(module.href.slice(SRC.href.length), async () => void await import(module.href));
  }
});

/** The files of the project that a module imports, from the project's folder. */
function importsOf(module: URL): string[] {
  const specifiers = Deno.readTextFileSync(module).matchAll(/(?:\bfrom |\bimport |\bimport\()"(\.{1,2}\/[^"]+)"/g);
  return Array.from(specifiers, ([, specifier = ""]) => new URL(specifier, module).href.slice(ROOT.href.length));
}

for (const [folder, forbidden] of [["scripts/", /^tests\//], ["tests/support/", /^tests\/(?!support\/)/]] as const) {
  test(`${folder} imports nothing of what uses it`, () => {
    const imported = [...modules(new URL(folder, ROOT))].flatMap(importsOf);
    assert.ok(imported.length > 20);
    assert.deepEqual(imported.filter((path) => forbidden.test(path)), []);
  });
}

test("each arrow of the layer rule has an import that needs it", () => {
  const folderOf = (path: string) => path.split("/")[1];
  const needed = new Set(
    [...modules(SRC)].flatMap((module) => {
      const from = folderOf(module.href.slice(ROOT.href.length));
      return importsOf(module).map((to) => `${from} → ${folderOf(to)}`);
    }),
  );
  const arrows = Object.entries(LAYERS).flatMap(([from, to]) => Object.keys(to).map((folder) => `${from} → ${folder}`));
  assert.ok(arrows.length > 30);
  assert.deepEqual(arrows.filter((arrow) => !needed.has(arrow)), []);
});
