import assert from "node:assert/strict";
import { coverageByFolder, coverageTable } from "../../scripts/coverage.ts";
import { test } from "../support/test.ts";

const LCOV = [
  "SF:/p/src/mqtt/a.ts\nDA:1,1\nDA:2,0\nLH:1\nLF:2\nend_of_record\n",
  "SF:/p/src/hci/a.ts\nLH:7\nLF:8\nend_of_record\n",
  "SF:/p/src/mqtt/b.ts\nLH:10\nLF:10\nend_of_record\n",
  "SF:/p/src/main.ts\nLH:0\nLF:1\nend_of_record\n",
  "SF:/p/tests/support/a.ts\nLH:1\nLF:100\nend_of_record\n",
].join("");

test("coverageByFolder() adds up the files of each folder of src and leaves others out", () => {
  assert.deepEqual([...coverageByFolder(LCOV, "/p/src/")], [
    ["hci", { covered: 7, lines: 8 }],
    ["main.ts", { covered: 0, lines: 1 }],
    ["mqtt", { covered: 11, lines: 12 }],
  ]);
});

test("coverageByFolder() finds nothing in an empty report", () => {
  assert.equal(coverageByFolder("", "/p/src/").size, 0);
});

test("coverageTable() shows each folder and the total", () => {
  assert.equal(
    coverageTable(coverageByFolder(LCOV, "/p/src/")),
    "  hci       87.5 %  7/8\n  main.ts    0.0 %  0/1\n  mqtt      91.7 %  11/12\n  total     85.7 %  18/21",
  );
});

test("coverageTable() says 0 % where nothing was measured", () => {
  assert.equal(coverageTable(new Map()), "  total    0.0 %  0/0");
});
