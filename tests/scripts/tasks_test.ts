import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { libcPaths } from "../../src/hci/linux/libc.ts";
import { test } from "../support/test.ts";

test("the start task allows the very paths that libcPaths() opens", () => {
  const allowed = /--allow-ffi=(\S+)/.exec(config.tasks.start.command)?.[1]?.split(",");
  const opened = (["x86_64", "aarch64"] as const).flatMap((arch) => libcPaths({ os: "linux", arch }));
  assert.deepEqual(new Set(allowed), new Set(opened));
});
