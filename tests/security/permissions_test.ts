import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { defaultConfig } from "../../src/config/mod.ts";
import { permissions } from "../../scripts/compile/permissions.ts";
import { TARGETS } from "../../scripts/compile/targets.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { run } from "../support/programs.ts";
import { tcpSocketsOf } from "../support/sockets.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

/** What a process with these permissions that was started for `command` may do, the executable's beginning included. */
async function granted(flags: readonly string[], command: string, config?: object): Promise<string[]> {
  const beginning = new URL("../../scripts/compile/no_writing.ts", import.meta.url).href;
  const main = new URL("../../src/main.ts", import.meta.url).href;
  const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];
  const source = `
    await import(${JSON.stringify(beginning)});
    if (${config !== undefined}) (await import(${JSON.stringify(main)})).giveUpWriting(${JSON.stringify(config)});
    const may = (descriptor) => Deno.permissions.querySync(descriptor).state === "granted";
    const names = ${JSON.stringify(names)}.filter((name) => may({ name }));
    const planted = may({ name: "ffi", path: "./libc.so.6" }) || may({ name: "ffi", path: "/tmp/libc.so.6" });
    console.log(JSON.stringify([...names, ...planted ? ["planted library"] : []]));`;
  // What is installed stays as it is: other tests run from it at the same time.
  const imports = ["--node-modules-dir=manual", "--config", fileURLToPath(new URL("../../deno.json", import.meta.url))];
  await using folder = await TemporaryFolder.make();
  const file = `${folder.path}/program.mjs`;
  await Deno.writeTextFile(file, source);
  return JSON.parse(await run(Deno.execPath(), "run", "--no-check", ...imports, ...flags, file, command));
}

for (const target of TARGETS) {
  test(`the executable for ${target.arch} may not write, nor start programs, nor load another library`, async () => {
    const config = defaultConfig("s1");
    assert.deepEqual(await granted(permissions(target), "run", config), ["env", "net", "read"]);
    assert.deepEqual(await granted(permissions(target), "scan"), ["env", "net", "read"]);
  });

  test(`the executable for ${target.arch} may write where run is to leave metrics or a socket`, async () => {
    const config = defaultConfig("s1");
    const withFile = { ...config, metrics: { ...config.metrics, textfile: "/m/bt.prom" } };
    const withSocket = { ...config, http: { ...config.http, listen: "unix:/run/http.sock" } };
    for (const each of [withFile, withSocket]) {
      assert.deepEqual(await granted(permissions(target), "run", each), ["env", "net", "read", "write"]);
    }
  });

  test(`the executable for ${target.arch} may write to record, and that is all it may do more`, async () => {
    assert.deepEqual(await granted(permissions(target), "record"), ["env", "net", "read", "write"]);
  });
}

test("the start task grants no more than the executable has, but one question to the system", async () => {
  const flags = project.tasks.start.command.split(" ").filter((word) => word.startsWith("--"));
  assert.deepEqual(await granted(flags, "run"), ["env", "net", "read"]);
  const sys = flags.filter((flag) => flag.includes("sys"));
  assert.deepEqual(sys, ["--allow-sys=osRelease"]);
});

mosquittoTest("run has a connection to the broker, and listens nowhere", async () => {
  await using broker = await Mosquitto.start();
  await using program = new Program(agentArgs(broker.port, "--source", "simulate"));
  await program.logged("broker connected");
  assert.equal(tcpSocketsOf(program.pid, "ANY"), 1);
  assert.equal(tcpSocketsOf(program.pid, "LISTEN"), 0);
});

mosquittoTest("run subscribes to nothing", async () => {
  await using broker = await Mosquitto.start("allow_anonymous true\nlistener {port} 127.0.0.1\nlog_type all");
  await using program = new Program(agentArgs(broker.port, "--source", "simulate"));
  await program.logged("scanning");
  await waitFor(async () => (await broker.log()).includes("Received PUBLISH"), "messages");
  program.kill("SIGTERM");
  await program.ended();
  const received = [...(await broker.log()).matchAll(/Received ([A-Z]+)/g)].map(([, type]) => type ?? "");
  assert.deepEqual(received.filter((type) => !["PUBLISH", "PINGREQ", "DISCONNECT"].includes(type)), []);
});
