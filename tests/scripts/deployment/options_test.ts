import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { machineOf } from "../../../scripts/deployment/content.ts";
import { hostName, parseOptions, UsageError } from "../../../scripts/deployment/options.ts";
import { Progress } from "../../../scripts/deployment/progress.ts";
import { test } from "../../support/test.ts";

const noFile = () => Promise.reject(new Error("not to be read"));

test("parseOptions() takes hosts from arguments and a file, each once", async () => {
  const read = (path: string) => Promise.resolve(path === "list" ? "b # second\n\n# none\npi@c\n" : "");
  const options = await parseOptions(["a", "b", "--hosts", "list"], read);
  assert.deepEqual(options?.hosts, ["a", "b", "pi@c"]);
});

test("parseOptions() hands options on to ssh", async () => {
  const options = await parseOptions(["-o", "ProxyJump=gate", "--user", "pi", "--port", "2222", "a"], noFile);
  assert.deepEqual(options?.ssh, ["-o", "ProxyJump=gate", "-o", "User=pi", "-p", "2222"]);
});

for (
  const args of [
    [],
    ["-a"],
    ["--", "-oProxyCommand=sh"],
    ["a b"],
    ["a;b"],
    ["$(a)"],
    ["@a"],
    ["--port", "0", "a"],
    ["--parallel", "1.5", "a"],
    ["--wait", "0", "a"],
    ["--nonsense", "a"],
  ]
) {
  test(`parseOptions() refuses ${JSON.stringify(args)}`, async () => {
    await assert.rejects(parseOptions(args, noFile), UsageError);
  });
}

test("hostName() leaves the user out", () => {
  assert.deepEqual(["pi@a.example", "a.example"].map(hostName), ["a.example", "a.example"]);
});

test("machineOf() reads the machine of an ELF header, in the words of uname", () => {
  const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...Array(11).fill(0), 183, 0);
  assert.equal(machineOf(elf), "aarch64");
  elf[18] = 62;
  assert.equal(machineOf(elf.slice()), "x86_64");
  elf[18] = 40;
  assert.equal(machineOf(elf), "ELF machine 40");
  assert.equal(machineOf(elf.subarray(0, 19)), null);
  assert.equal(machineOf(new TextEncoder().encode("#!/bin/sh\necho a script\n")), null);
});

test("machineOf() looks into a self-extracting script", () => {
  const elf = new Uint8Array(100_000);
  elf.set([0x7f, 0x45, 0x4c, 0x46]);
  elf[18] = 183;
  const script = new TextEncoder().encode("#!/bin/sh\ntail -n +2 … | gzip -dc\n");
  assert.equal(machineOf(Uint8Array.of(...script, ...gzipSync(elf))), "aarch64");
});

test("Progress draws a line a host in place on a terminal", () => {
  const written: string[] = [];
  const progress = new Progress(["a", "long"], true, (text) => written.push(text));
  progress.show("a", "uploading", 5);
  progress.show("a", "uploading", 5);
  assert.deepEqual(written, [
    "\x1b[Ka     waiting\n\x1b[Klong  waiting\n",
    "\x1b[2A\x1b[Ka     uploading 5 %\n\x1b[Klong  waiting\n",
  ]);
});

test("Progress writes a line for each step elsewhere", () => {
  const written: string[] = [];
  const progress = new Progress(["a", "long"], false, (text) => written.push(text));
  for (const percent of [1, 2, 3]) progress.show("a", "uploading", percent);
  progress.show("long", "unchanged");
  assert.deepEqual(written, ["a     uploading\n", "long  unchanged\n"]);
});
