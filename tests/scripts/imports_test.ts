import { test } from "../support/test.ts";

const SRC = new URL("../../src/", import.meta.url);

/** Every module below `folder`; the program's entry, which runs when imported, is left out. */
function* modules(folder: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* modules(new URL(`${entry.name}/`, folder));
    else if (entry.name.endsWith(".ts") && entry.name !== "main.ts") yield new URL(entry.name, folder);
  }
}

// Also what makes the coverage of `src` honest: a module that no test loads would not be counted.
test("importing a module of src leaves no timer, socket or promise behind", async (t) => {
  for (const module of modules(SRC)) {
    await t.step(module.href.slice(SRC.href.length), async () => void await import(module.href));
  }
});
