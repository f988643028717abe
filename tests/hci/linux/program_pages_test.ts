import assert from "node:assert/strict";
import { openLibc } from "../../../src/hci/linux/libc.ts";
import { dropProgramPages, libcPaths } from "../../../src/hci/mod.ts";
import { runToEnd } from "../../support/programs.ts";
import { test } from "../../support/test.ts";

const isLinux = libcPaths().length > 0;

/** In a process of its own: it says how much of files it held before and after, and that it still works. */
const PROGRAM = `
  import { openLibc } from ${JSON.stringify(new URL("../../../src/hci/linux/libc.ts", import.meta.url))};
  import { dropProgramPages } from ${
  JSON.stringify(new URL("../../../src/hci/linux/program_pages.ts", import.meta.url))
};
  const fileKiB = () => Number(/RssFile:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]);
  using libc = openLibc();
  const before = fileKiB();
  const bytes = dropProgramPages(libc);
  const after = fileKiB();
  console.log(JSON.stringify({ before, bytes, after, works: [3, 1, 2].toSorted().join() }));
`;

test("dropProgramPages() gives back what the start needed of the program's file, and the program goes on", async () => {
  const url = `data:application/typescript,${encodeURIComponent(PROGRAM)}`;
  const { code, stdout, stderr } = await runToEnd(Deno.execPath(), ["run", "--allow-all", url]);
  assert.equal(code, 0, stderr);
  const { before, bytes, after, works } = JSON.parse(stdout);
  assert(bytes > 1024 * before, `${bytes} bytes of files are mapped, ${before} KiB of them in memory`);
  assert(after < before / 2, `${after} of ${before} KiB are still there`);
  assert.equal(works, "1,2,3");
}, { ignore: !isLinux });

test("dropProgramPages() leaves alone what is written to, or was, and what is no file", () => {
  const dropped: string[] = [];
  const maps = new TextEncoder().encode([
    "1000-3000 r--p 00000000 fe:00 131074                    /usr/bin/program",
    "3000-7000 r-xp 00002000 fe:00 131074                    /usr/bin/program",
    "7000-8000 r--p 00006000 fe:00 131074                    /usr/bin/program", // was written to by the loader
    "8000-9000 rw-p 00007000 fe:00 131074                    /usr/bin/program",
    "9000-a000 rwxp 00000000 00:00 0 ",
    "a000-b000 r-xp 00000000 00:00 0                         [vdso]",
    "b000-c000 r--s 00000000 fe:00 7                         /usr/lib/locale",
    "c000-d000 r-xp 00000000 00:00 0 ",
    "ffffffffff600000-ffffffffff601000 r-xp 00000000 fe:00 9 /usr/lib/libc.so.6 (deleted)",
    "",
  ].join("\n"));
  using real = openLibc();
  let unread = maps;
  const libc = {
    ...real,
    open: () => 3,
    read: (_fd: number, into: Uint8Array) => {
      const written = Math.min(into.length, unread.length);
      into.set(unread.subarray(0, written));
      unread = unread.subarray(written);
      return written;
    },
    close: () => 0,
    dropPages: (address: bigint, bytes: bigint) => dropped.push(`${address.toString(16)}+${bytes.toString(16)}`) * 0,
  };
  assert.equal(dropProgramPages(libc), 0x2000 + 0x4000 + 0x1000);
  assert.deepEqual(dropped, ["1000+2000", "3000+4000", "ffffffffff600000+1000"]);
}, { ignore: !isLinux });
