import type { Host } from "../../src/app/mod.ts";
import { linuxHost } from "../../src/hci/mod.ts";
import { systemClock } from "../../src/time/mod.ts";

/** A process without environment on this machine, but for what a test says. */
export function testHost(changes: Partial<Host> = {}): Host {
  return {
    env: {},
    pid: 1,
    clock: systemClock,
    random: Math.random,
    readFile: Deno.readFile,
    openFile: async (path) => (await Deno.open(path)).readable,
    replaceFile: Deno.writeTextFile,
    removeFile: Deno.remove,
    memory: () => ({ heapBytes: 0, rssBytes: 0 }),
    memoryGiver: null,
    linux: linuxHost,
    ...changes,
  };
}
