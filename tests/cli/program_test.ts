import assert from "node:assert/strict";
import { run } from "../../src/app/run.ts";
import { describeCli } from "../../src/cli/describe.ts";
import { type CliIo, runCli } from "../../src/cli/mod.ts";
import { listConfigKeys, SYSTEM_FILE } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { testHost } from "../support/test_host.ts";

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  beforeStdout: () => void = () => {},
  systemFile: string | null = null,
) {
  const out: string[] = [];
  const err: string[] = [];
  const log: string[] = [];
  const decoder = new TextDecoder();
  const io: CliIo = {
    host: testHost({ env }),
    files: {
      exists: (path) => path === SYSTEM_FILE ? Promise.resolve(systemFile !== null) : exists(path),
      readTextFile: (path) => path === SYSTEM_FILE ? Promise.resolve(systemFile ?? "") : Deno.readTextFile(path),
    },
    stdout(text) {
      beforeStdout();
      out.push(text);
    },
    stderr: (text) => err.push(text),
    onFault: () => {},
  };
  const service = {
    log: {
      write(bytes: Uint8Array) {
        log.push(decoder.decode(bytes));
        return Promise.resolve(bytes.length);
      },
    },
    onHangup: () => {},
    readConfig: () => Promise.reject(new Error("nobody asks")),
  };
  const { signal } = new AbortController();
  const outcome = await runCli(args, io, signal);
  const code = typeof outcome === "number"
    ? outcome
    : await run(outcome.config, { ...io.host, ...io, ...service, ...outcome }, signal);
  return { code, stdout: out.join(""), stderr: err.join(""), log: log.join("") };
}

test("runCli() prints its version", async () => {
  const { code, stdout } = await cli(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+/);
});

test("a flag names the values that its key may have", () => {
  const keys = new Map(listConfigKeys().map(({ path, expects }) => [path, expects]));
  const options = describeCli().commands.flatMap((command) => command.options);
  const chosen = options.flatMap(({ flags, description }) => {
    const [, words] = /<(.+)>$/.exec(flags) ?? [];
    const [, path = ""] = /\(([\w.]+)\)$/.exec(description) ?? [];
    const [, expected] = /^one of (.*)$/.exec(keys.get(path) ?? "") ?? [];
    return words === undefined || expected === undefined ? [] : [{ flags, words, expected }];
  });
  assert.ok(chosen.length >= 3);
  assert.deepEqual(chosen.filter(({ words, expected }) => words !== expected.replaceAll(", ", "|")), []);
});

test("runCli() prints help for all and for one command, and ends with 0", async () => {
  const all = await cli(["--help"]);
  assert.deepEqual([all.code, /run .*\n[^]*check .*\n[^]*schema/.test(all.stdout)], [0, true]);
  const run = await cli(["run", "--help"]);
  assert.equal(run.code, 0);
  for (
    const flag of ["--config", "--scanner-id", "--broker", "--qos", "--adapter", "--source", "--replay", "--passive"]
  ) {
    assert.ok(run.stdout.includes(flag), flag);
  }
  assert.match(run.stdout, /77 missing permission/);
});

test("runCli() ends with 2 where the usage is wrong, and says what is meant", async () => {
  const flag = await cli(["run", "--scaner-id", "x"]);
  assert.equal(flag.code, 2);
  assert.match(flag.stderr, /Did you mean --scanner-id/);
  assert.equal((await cli(["rum"])).code, 2);
  assert.equal((await cli(["schema", "massage"])).code, 2);
  assert.equal((await cli([])).code, 2);
});

test("run ends with 2 and every problem of the configuration at once", async () => {
  const { code, stderr, log } = await cli(["run", "--qos", "2", "--broker", "http://x"], {
    BT_SCANNER_SCANNER_MOOD: "1",
  });
  assert.equal(code, 2);
  for (const part of ["--qos", "--broker", "BT_SCANNER_SCANNER_MOOD", "--scanner-id"]) {
    assert.ok(stderr.includes(part), part);
  }
  assert.equal(log, "");
});

test("run, scan and record end with 2 before they begin where there is no such recording", async () => {
  for (const command of [["run", "--scanner-id", "s1"], ["scan"], ["record", "/nowhere/else"]]) {
    const { code, stderr, log } = await cli([...command, "--replay", "/nowhere/a.btsnoop"]);
    assert.deepEqual([code, log], [2, ""]);
    assert.match(stderr, /--replay: replay\.file: there is no file \/nowhere\/a\.btsnoop\n$/);
  }
});

test("run ends with 1 where the recording cannot be read, and names it", async () => {
  const args = ["run", "--scanner-id", "s1", "--broker", "mqtt://127.0.0.1:1", "--replay", "/"];
  const { code, log } = await cli(args);
  assert.equal(code, 1);
  assert.match(log, /fatal error .*Cannot .*\//);
});

const SYSTEM_YAML = "scanner: { id: from-system, source: simulate }";

test("every command reads the service's file where nothing else is named, and says so", async () => {
  const said = "Configuration: /etc/bt-scanner/config.yaml (--config FILE names another, --no-config none)\n";
  const check = await cli(["check"], {}, undefined, SYSTEM_YAML);
  assert.deepEqual([check.code, check.stderr], [0, said]);
  assert.match(check.stdout, /id: from-system # \/etc\/bt-scanner\/config\.yaml:1:16/);
  const doctor = await cli(["doctor", "--broker", "mqtt://127.0.0.1:1"], {}, undefined, SYSTEM_YAML);
  assert.ok(doctor.stderr.startsWith(said));
  assert.match(doctor.stdout, /^ok +configuration: \/etc\/bt-scanner\/config\.yaml\n/);
  const scan = await cli(["scan", "--seconds", "0.1"], {}, undefined, SYSTEM_YAML);
  assert.ok(scan.stderr.startsWith(said));
  assert.equal(scan.code, 0);
  for (const args of [["run"], ["record", "-", "--seconds", "0.1"]]) {
    const { code, stderr } = await cli(args, {}, undefined, "scanner: { id: s1, mood: good }");
    assert.equal(code, 2);
    assert.ok(stderr.startsWith(said), stderr);
    assert.match(stderr, /config\.yaml:1:20: scanner\.mood/);
  }
});

test("flags are stronger than the service's file", async () => {
  const { stdout } = await cli(["check", "--scanner-id", "s2"], {}, undefined, SYSTEM_YAML);
  assert.match(stdout, /id: s2 # --scanner-id\n[^]*source: simulate/);
});

test("no command reads the service's file where it is told not to, or another is named", async () => {
  const without = await cli(["check", "--scanner-id", "s1", "--no-config"], {}, undefined, SYSTEM_YAML);
  assert.deepEqual([without.code, without.stderr], [0, ""]);
  assert.match(without.stdout, /source: hci\n/);
  const empty = await cli(["check", "--scanner-id", "s1"], { BT_SCANNER_CONFIG: "" }, undefined, SYSTEM_YAML);
  assert.deepEqual([empty.code, empty.stderr], [0, ""]);
  const other = await cli(["check", "--config", "/nowhere/c.yaml"], {}, undefined, SYSTEM_YAML);
  assert.match(other.stderr, /^The configuration has a problem:\n {2}\/nowhere\/c\.yaml: there is no such file/);
});

test("a configuration file without --config is answered with what to write", async () => {
  const { code, stderr } = await cli(["check", "/etc/bt-scanner/config.yaml"]);
  assert.equal(code, 2);
  assert.match(stderr, /with --config: bt-scanner check --config \/etc\/bt-scanner\/config\.yaml\n$/);
  assert.ok(!(await cli(["schema", "config", "more"])).stderr.includes("--config"));
});

test("check prints the effective configuration and warnings apart", async () => {
  const { code, stdout, stderr } = await cli(["check", "--scanner-id", "s1"], {
    BT_SCANNER_MQTT_BROKER_USERNAME: "u",
    BT_SCANNER_MQTT_BROKER_PASSWORD: "open sesame",
    BT_SCANNER_MQTT_CLIENT_KEEP_ALIVE: "0",
  });
  assert.equal(code, 0);
  assert.match(stdout, /id: s1/);
  assert.match(stderr, /warning: .*keep_alive/);
  assert.ok(!`${stdout}${stderr}`.includes("sesame"));
});

test("schema prints a JSON Schema of each message, of the configuration and of doctor's findings", async () => {
  for (const what of ["message", "status", "stats", "config"]) {
    const { code, stdout } = await cli(["schema", what]);
    assert.equal(code, 0);
    const schema = JSON.parse(stdout);
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    assert.equal(schema.type, "object");
    assert.ok(Object.keys(schema.properties).length > 3);
  }
  const { items } = JSON.parse((await cli(["schema", "doctor"])).stdout);
  assert.deepEqual(Object.keys(items.properties), ["id", "level", "subject", "text", "remedy"]);
});

test("completion prints a script for the shell, and knows no other", async () => {
  const { code, stdout } = await cli(["completion", "bash"]);
  assert.equal(code, 0);
  assert.match(stdout, /complete -F _bt_scanner bt-scanner\n$/);
  assert.equal((await cli(["completion", "tcsh"])).code, 2);
});

test("scan needs no name for the scanner, and a time that can be", async () => {
  const { code, stdout } = await cli(["scan", "--source", "simulate", "--seconds", "0.2"]);
  assert.deepEqual([code, stdout.split("\n", 1)[0]?.slice(0, 7)], [0, "ADDRESS"]);
  for (const seconds of ["0", "-1", "soon", "1e10", ""]) {
    const { code, stderr } = await cli(["scan", "--seconds", seconds]);
    assert.equal(code, 2);
    assert.match(stderr, /--seconds <n>.*must be a number above 0/);
  }
});

test("runCli() ends with 1 where standard output takes nothing, quietly where its reader has gone", async () => {
  const failing = (error: Error) => () => {
    throw error;
  };
  for (const args of [["--help"], ["--version"], ["schema", "config"], ["check", "--scanner-id", "s1"]]) {
    const gone = await cli(args, {}, failing(new Deno.errors.BrokenPipe("Broken pipe")));
    assert.deepEqual([gone.code, gone.stderr], [1, ""]);
    const full = await cli(args, {}, failing(new Error("No space left on device")));
    assert.deepEqual([full.code, full.stderr], [1, "Cannot write to standard output: No space left on device\n"]);
  }
});
