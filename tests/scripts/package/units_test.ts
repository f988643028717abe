import assert from "node:assert/strict";
import { test } from "../../support/test.ts";

const CONFIG = new URL("../../../config/", import.meta.url);

/** The lines of a unit that are in force, without comments. */
async function settings(name: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(name, CONFIG));
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("the unit for one adapter of several is that for the only one, but for its adapter and its user", async () => {
  const [one, several] = [await settings("bt-scanner.service"), await settings("bt-scanner@.service")];
  const expected = one.map((line) =>
    line.startsWith("ExecStart=") ? `${line} --adapter %i` : line.startsWith("Description=") ? `${line} (%i)` : line
  );
  assert.deepEqual(several.filter((line) => line !== "User=bt-scanner"), expected);
  assert.ok(several.includes("User=bt-scanner"));
});
