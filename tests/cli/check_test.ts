import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { check, inspectFile } from "../../src/cli/check.ts";
import type { FileFacts } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";

async function run(yaml: string, facts: FileFacts = { isFile: true, mode: 0o600, modifiedMs: null }) {
  const output = { stdout: "", stderr: "" };
  const code = await check(
    { file: "c.yaml", env: {}, flags: {}, readTextFile: () => Promise.resolve(yaml), hostname: () => "pi" },
    {
      inspectFile: () => Promise.resolve(facts),
      readFile: () => Promise.reject(new Error("asked")),
      stdout: (text) => void (output.stdout += text),
      stderr: (text) => void (output.stderr += text),
    },
  );
  return { code, ...output };
}

test("check prints the configuration in effect, and no password", async () => {
  const { code, stdout, stderr } = await run(
    "scanner: { id: s1 }\nmqtt: { broker: { username: u, password: hunter2 }, client: { keep_alive: 0 } }",
  );
  assert.equal(code, 0);
  assert.equal(parse(stdout).mqtt.broker.password, "***");
  assert.equal(parse(stdout).stats.interval_s, 60);
  assert.ok(!`${stdout}${stderr}`.includes("hunter2"));
  assert.match(stderr, /^warning: c\.yaml:2:75: mqtt\.client\.keep_alive: .*\n$/);
});

test("check prints the digest that the status has, the same for scanners that are configured alike", async () => {
  const digestIn = async (yaml: string) => /^# config_digest: ([0-9a-f]{16})$/m.exec((await run(yaml)).stdout)?.[1];
  const digest = await digestIn("scanner: { id: s1, labels: { room: attic } }\nmqtt: { client: { qos: 1 } }");
  assert.ok(digest);
  assert.equal(await digestIn("mqtt: { client: { qos: 1 } }\nscanner: { id: s2 }"), digest);
  assert.notEqual(await digestIn("scanner: { id: s2 }"), digest);
});

test("check tells every problem on standard error, exit code 2", async () => {
  const { code, stdout, stderr } = await run("scanner: { id: '' }\nlog: { level: loud }");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /2 problems:\n {2}c\.yaml:1:16: scanner\.id: .*\n {2}c\.yaml:2:15: log\.level: .*\n$/);
});

test("check tells of files that cannot be used, exit code 2", async () => {
  const { code, stderr } = await run(
    "scanner: { id: s1, source: replay }\nreplay: { file: d }",
    { isFile: false, mode: 0o700, modifiedMs: null },
  );
  assert.equal(code, 2);
  assert.match(stderr, /c\.yaml:2:17: replay\.file: d is not a file\n$/);
});

test("check tells of a missing file in the same round as of other mistakes, in the order of the lines", async () => {
  const yaml =
    "mqtt:\n  broker:\n    tls: { enabled: true, ca_file: missing.pem }\nlog: { level: warn }\nscanner: { id: s1 }";
  const { code, stderr } = await run(yaml, { isFile: false, mode: 0o600, modifiedMs: null });
  assert.equal(code, 2);
  assert.match(
    stderr,
    /2 problems:\n {2}c\.yaml:3:36: mqtt\.broker\.tls\.ca_file: missing\.pem .*\n {2}c\.yaml:4:15: log\.level: .*\n$/,
  );
});

test("check prints what {hostname} became", async () => {
  const { code, stdout } = await run('scanner: { id: "ble-{hostname}" }');
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}id: ble-pi # c\.yaml:1:16: ble-\{hostname\}$/m);
});

test("inspectFile() opens the file it tells about", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bt-scanner-"));
  try {
    const path = join(directory, "secret");
    await writeFile(path, "x", { mode: 0o600 });
    const { isFile, mode } = await inspectFile(path);
    assert.deepEqual([isFile, (mode ?? 0) & 0o777], [true, 0o600]);
    assert.equal((await inspectFile(directory)).isFile, false);
    await assert.rejects(inspectFile(join(directory, "missing")), /missing/);
  } finally {
    await rm(directory, { recursive: true });
  }
});
