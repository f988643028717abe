import assert from "node:assert/strict";
import { test } from "../../support/test.ts";

const CONFIG = new URL("../../../config/", import.meta.url);

/** The lines of a unit that are in force, without comments. */
async function settings(name: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(name, CONFIG));
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("the unit for one adapter of several is that for the only one, but for its adapter, its user and a folder", async () => {
  const [one, several] = [await settings("bt-scanner.service"), await settings("bt-scanner@.service")];
  const own: Readonly<Record<string, string>> = {
    ExecStart: " --adapter %i",
    Description: " (%i)",
    RuntimeDirectory: "-%i",
  };
  const expected = one.map((line) => line + (own[line.split("=", 1)[0] ?? ""] ?? ""));
  assert.deepEqual(several.filter((line) => line !== "User=bt-scanner"), expected);
  assert.ok(several.includes("User=bt-scanner"));
});
