import assert from "node:assert/strict";
import { locateFile, SYSTEM_FILE } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";

const there = (path: string) => Promise.resolve(path === SYSTEM_FILE);
const nothing = () => Promise.resolve(false);

test("locateFile() takes what the command line names, else BT_SCANNER_CONFIG, else the service's file", async () => {
  const env = { BT_SCANNER_CONFIG: "env.yaml" };
  assert.deepEqual(await locateFile("flag.yaml", env, there), { file: "flag.yaml", isSystem: false });
  assert.deepEqual(await locateFile(undefined, env, there), { file: "env.yaml", isSystem: false });
  assert.deepEqual(await locateFile(undefined, {}, there), { file: "/etc/bt-scanner/config.yaml", isSystem: true });
  assert.deepEqual(await locateFile(undefined, {}, nothing), { file: null, isSystem: false });
});

test("locateFile() takes none where the command line says so, or BT_SCANNER_CONFIG is empty", async () => {
  const none = { file: null, isSystem: false };
  assert.deepEqual(await locateFile(false, { BT_SCANNER_CONFIG: "env.yaml" }, there), none);
  assert.deepEqual(await locateFile(undefined, { BT_SCANNER_CONFIG: "" }, there), none);
});
