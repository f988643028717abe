import assert from "node:assert/strict";
import { processFacts } from "../../src/app/process_facts.ts";
import { linuxHost } from "../../src/hci/mod.ts";
import { run } from "../support/programs.ts";
import { test } from "../support/test.ts";

test("processFacts() reads what Deno gives to nobody", () => {
  using facts = processFacts(linuxHost);
  const { readSystemText } = facts;
  assert.match(readSystemText("/proc/self/stat") ?? "", /^\d+ \(/);
  assert.equal(readSystemText("/proc/self/nothing"), null);
});

/** In a process of its own: other tests open and close descriptors of this one. */
const COUNTING = `
  import { processFacts } from ${JSON.stringify(new URL("../../src/app/process_facts.ts", import.meta.url))};
  import { linuxHost } from ${JSON.stringify(new URL("../../src/hci/mod.ts", import.meta.url))};
  using facts = processFacts(linuxHost);
  const counts = [await facts.openFiles()];
  const files = Array.from({ length: 5 }, () => Deno.openSync("/dev/null"));
  counts.push(await facts.openFiles());
  for (const file of files) file.close();
  counts.push(await facts.openFiles());
  console.log(JSON.stringify({ counts, kernel: [...Deno.readDirSync("/proc/self/fd")].length }));
`;

test("processFacts() counts descriptors as the kernel does", async () => {
  const url = `data:application/typescript,${encodeURIComponent(COUNTING)}`;
  const { counts, kernel } = JSON.parse(await run(Deno.execPath(), "run", "--allow-all", url));
  const before = kernel - 1; // without the one that reads the folder
  assert.deepEqual(counts, [before, before + 5, before]);
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
