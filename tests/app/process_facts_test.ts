import assert from "node:assert/strict";
import { processFacts } from "../../src/app/process_facts.ts";
import { linuxHost } from "../../src/hci/mod.ts";
import { test } from "../support/test.ts";

test("processFacts() reads what Deno gives to nobody", () => {
  using facts = processFacts(linuxHost);
  const { readSystemText } = facts;
  assert.match(readSystemText("/proc/self/stat") ?? "", /^\d+ \(/);
  assert.equal(readSystemText("/proc/self/nothing"), null);
});

test("processFacts() counts descriptors as the kernel does", async () => {
  using facts = processFacts(linuxHost);
  const { openFiles } = facts;
  const before = await openFiles() ?? assert.fail();
  const files = Array.from({ length: 5 }, () => Deno.openSync("/dev/null"));
  assert.equal(await openFiles(), before + 5);
  for (const file of files) file.close();
  assert.equal(await openFiles(), before);
  assert.ok(before > 2);
});

test("processFacts() knows nothing where there is no C library", async () => {
  using none = processFacts({
    openLibc() {
      throw new Error("there is none");
    },
  });
  assert.equal(none.readSystemText("/proc/self/stat"), null);
  assert.equal(await none.openFiles(), null);
});
