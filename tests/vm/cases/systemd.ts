// vm: VM_INIT=systemd VM_FAKE_ARGS='--fleet 20 --rate 20' VM_FILES="config" VM_TIMEOUT=1500
// on: amd64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { findProgram } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller, run } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";
import { configure as writeConfig, install, PATIENCE_MS, Service } from "../service.ts";

const UNIT = "bt-scanner.service";
const CAP_NET_ADMIN = 12, CAP_NET_RAW = 13;

const isBundle = await install();
const service = await Service.of(UNIT);
const show = (property: string) => service.show(property);
const shows = (property: string, value: RegExp) => service.shows(property, value);
const journal = () => service.journal();
const stopAnyhow = () => service.stopAnyhow();

function configure(port: number, more = ""): Promise<void> {
  return writeConfig(`scanner: { id: s1 }\nmqtt: { broker: { host: localhost, port: ${port}${more} } }\n`);
}

/** Changes the unit for one test. */
async function dropIn(...lines: string[]): Promise<AsyncDisposable> {
  const folder = `/run/systemd/system/${UNIT}.d`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/test.conf`, lines.join("\n"));
  await run("systemctl", "daemon-reload");
  return {
    async [Symbol.asyncDispose]() {
      await stopAnyhow();
      await Deno.remove(folder, { recursive: true });
      await run("systemctl", "daemon-reload");
    },
  };
}

async function stop(): Promise<void> {
  await run("systemctl", "stop", UNIT);
  const [toldUs = 0, endedUs = 0] = await Promise.all(
    ["ActiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic"].map(async (name) => Number(await show(name))),
  );
  const ms = Math.round((endedUs - toldUs) / 1_000);
  console.log(`stopped in ${ms} ms`); // the program's own limit of 3 s ends it with 1
  assert.deepEqual([await show("ActiveState"), await show("Result"), await show("ExecMainStatus")], [
    "inactive",
    "success",
    "0",
  ]);
}

test("systemd-analyze has nothing to say against the unit, and rates its exposure below 2.0", async () => {
  assert.equal(await run("systemd-analyze", "verify", "--man=no", `/etc/systemd/system/${UNIT}`), "");
  const rating = await run("systemd-analyze", "--no-pager", "security", UNIT);
  const [line = "", exposure] = /Overall exposure level.*: (\d+\.\d+)/.exec(rating) ?? [];
  console.log(line);
  assert.ok(Number(exposure) < 2, rating);
});

test("the first start of a self-extracting file unpacks it into the service's cache", async () => {
  await using broker = await Mosquitto.start();
  await configure(broker.port);
  await using _ = await dropIn("[Service]", "TimeoutStartSec=600"); // an emulated machine takes minutes
  const startMs = performance.now();
  await run("systemctl", "start", UNIT);
  console.log(`ready after ${Math.round(performance.now() - startMs)} ms`);
  assert.match(await run("ls", "/var/cache/private/bt-scanner"), /^bt-scanner-[0-9a-f]{16}\n$/);
  await stop();
}, { ignore: isBundle || !(await run("bt-scanner", "--version")).includes("self-extracting") });

test("systemctl start returns once the service has scanned and been connected, not before", async () => {
  await using broker = await Mosquitto.prepare();
  await configure(broker.port);
  await using _ = await dropIn("[Service]", "TimeoutStartSec=120", "WatchdogSec=10");
  let started = false;
  const startMs = performance.now();
  const starting = run("systemctl", "start", UNIT).then(() => started = true);
  starting.catch(() => {}); // told below, with the journal
  await shows("StatusText", /^scanning with hci0; not connected: /);
  // Beyond its time-out: the service asks for more while it lives.
  await waitFor(() => performance.now() - startMs > 140_000, "140 s to pass", PATIENCE_MS);
  assert.equal(await show("ActiveState"), "activating");
  assert.equal(started, false);
  await broker.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await starting;
  assert.deepEqual([await show("ActiveState"), await show("NRestarts")], ["active", "0"]);
  await shows("StatusText", /^scanning with hci0; connected; [1-9]\d* published$/);
  console.log((await run("systemctl", "--no-pager", "-n", "0", "status", UNIT)).replace(/^/gm, "  "));
  await waitFor(() => subscriber.payloads.length > 0, "a message", PATIENCE_MS);
  await stop();
});

test("journalctl -p err finds errors, and nothing else; a line has no second time", async () => {
  await using broker = await Mosquitto.start("allow_anonymous false\nlistener {port} 127.0.0.1");
  await configure(broker.port);
  await using _ = { [Symbol.asyncDispose]: stopAnyhow };
  const since = `@${Math.floor(Date.now() / 1_000)}`;
  await run("systemctl", "start", "--no-block", UNIT);
  const read = async (...args: string[]) => {
    const lines = await run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT, "--since", since, ...args);
    return lines.split("\n").filter((line) => / {3}|^WARNING /.test(line)); // the program's own
  };
  const errors = () => read("-p", "err", "_TRANSPORT=stdout");
  await waitFor(async () => (await errors()).length > 0, "an error", PATIENCE_MS);
  for (const line of await errors()) assert.match(line, /^ERROR {3}broker connection failed .*not authorised/);
  const scans = async () => (await read("-p", "6..6")).some((line) => /^INFO {4}scanning adapter=hci0 /.test(line));
  await waitFor(scans, "the line that it scans", PATIENCE_MS); // the broker may refuse before the scan begins
  await run("systemctl", "stop", UNIT);
  await configure(broker.port, ", nonsense: 1");
  await assert.rejects(run("systemctl", "start", UNIT));
  const problems = await run("journalctl", "--no-pager", "-o", "cat", "-u", UNIT, "-p", "err", "_TRANSPORT=stdout");
  assert.match(problems, /nonsense/);
});

test("the service is nobody with two capabilities, on a system that it cannot write to", async () => {
  await using broker = await Mosquitto.start();
  await configure(broker.port);
  await using _ = { [Symbol.asyncDispose]: stopAnyhow };
  await run("systemctl", "start", UNIT);
  const pid = await show("MainPID");
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
  const uid = Number(field("Uid"));
  assert.ok(uid >= 61_184 && uid <= 65_519, `uid ${uid}`);
  const capabilities = (1 << CAP_NET_ADMIN | 1 << CAP_NET_RAW).toString(16).padStart(16, "0");
  for (const set of ["CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.equal(field(set), capabilities, set);
  assert.deepEqual([field("NoNewPrivs"), field("Seccomp")], ["1", "2"]);
  const mounts = (await Deno.readTextFile(`/proc/${pid}/mountinfo`)).split("\n").map((line) => line.split(" "));
  assert.match(mounts.filter(([, , , , at]) => at === "/").at(-1)?.[5] ?? "", /^ro,/);
  const memory = Number(await show("MemoryCurrent"));
  assert.ok(memory > 0 && memory < Number(await show("MemoryMax")));
  console.log(
    `uid ${uid}, memory of the control group ${Math.round(memory / 2 ** 20)} MiB, tasks ${await show("TasksCurrent")}`,
  );
  await stop();
});

test("the watchdog restarts a service whose event loop stands still", async () => {
  await using broker = await Mosquitto.start();
  await configure(broker.port);
  await using _ = await dropIn("[Service]", "WatchdogSec=10");
  await run("systemctl", "start", UNIT);
  await run("systemctl", "kill", "-s", "SIGSTOP", UNIT);
  await shows("NRestarts", /^1$/);
  await shows("ActiveState", /^active$/);
  assert.match(await journal(), /Watchdog timeout/);
  await stop();
});

test("the watchdog restarts a service whose scan is stuck, though its event loop turns", async () => {
  const command = "/job/files/bin/deno run -A --no-config --no-check /job/files/tests/vm/stuck_scan.ts";
  const exec = ["ExecStart=", `ExecStart=${command}`, "Environment=DENO_DIR=/var/cache/bt-scanner/deno"];
  await using _ = await dropIn("[Service]", "WatchdogSec=10", ...exec);
  await run("systemctl", "start", UNIT);
  assert.equal(await show("StatusText"), "scanning with hci0; connected; 0 published");
  await shows("NRestarts", /^1$/);
  const log = await journal();
  assert.match(log, /scan is stuck .*the watchdog restarts the agent/);
  assert.match(log, /Watchdog timeout/);
});

test("the watchdog leaves the service alone while adapter and broker are away", async () => {
  await using broker = await Mosquitto.start();
  await configure(broker.port);
  await using _ = await dropIn("[Service]", "WatchdogSec=10", "Environment=BT_SCANNER_SCANNER_STALL_TIMEOUT_S=10");
  await run("systemctl", "start", UNIT);
  const pid = await show("MainPID");
  controller.control("vanish");
  await broker.stop();
  await shows("StatusText", /^not scanning: .*; not connected: /);
  const awayMs = performance.now();
  await waitFor(() => performance.now() - awayMs > 60_000, "a minute to pass", PATIENCE_MS); // 10 + 30 + 10 s
  controller.control("appear");
  await broker.start();
  await shows("StatusText", /^scanning with hci0; connected; /);
  assert.deepEqual([await show("MainPID"), await show("NRestarts")], [pid, "0"]);
  await stop();
});

test("doctor reads the service's configuration, and tells whether the service runs", async () => {
  await using broker = await Mosquitto.start();
  await configure(broker.port);
  const before = await run("bin/bt-scanner", "doctor");
  assert.match(before, /^ok {7}configuration: \/etc\/bt-scanner\/config\.yaml$/m);
  assert.match(before, /^warning {2}service: bt-scanner\.service is installed but not running; /m);
  await using _ = await dropIn("[Service]", "WatchdogSec=300", "TimeoutStartSec=600"); // however slow the machine
  await run("systemctl", "start", UNIT);
  const after = await run("bin/bt-scanner", "doctor");
  console.log(after);
  const pid = await show("MainPID");
  assert.match(after, new RegExp(`^ok {7}service: bt-scanner\\.service is running, process ${pid}$`, "m"));
  assert.match(after, /^ok {7}in force: the service works with \/etc\/bt-scanner\/config\.yaml as it is now$/m);
  assert.match(after, /\n\nNo problems, /);
  await stop();
});

test("the service passes on the password that systemd keeps", async () => {
  await using broker = await Mosquitto.prepare(
    "allow_anonymous false\npassword_file {folder}/passwords\nlistener {port} 127.0.0.1",
  );
  const passwd = findProgram("mosquitto_passwd") ?? "mosquitto_passwd";
  await run(passwd, "-c", "-b", `${broker.folder}/passwords`, "scanner", "open sesame");
  await broker.start();
  await configure(broker.port, ", username: scanner");
  await Deno.writeTextFile("/etc/bt-scanner/mqtt-password", "open sesame\n", { mode: 0o600 });
  try {
    await run("systemctl", "start", UNIT);
    assert.match(await show("StatusText"), /; connected; /);
    await stop();
  } finally {
    await stopAnyhow();
    await Deno.remove("/etc/bt-scanner/mqtt-password");
  }
});

test("the service is not started again after a wrong configuration, nor more than ten times a minute", async () => {
  await Deno.writeTextFile("/etc/bt-scanner/config.yaml", "scanner: { idd: s1 }\n");
  await assert.rejects(run("systemctl", "start", UNIT));
  assert.deepEqual([await show("ExecMainStatus"), await show("NRestarts"), await show("ActiveState")], [
    "2",
    "0",
    "failed",
  ]);
  await run("systemctl", "reset-failed", UNIT);
  await using _ = await dropIn("[Service]", "ExecStart=", "ExecStart=/bin/false", "RestartSec=100ms");
  await run("systemctl", "start", "--no-block", UNIT);
  await shows("ActiveState", /^failed$/);
  assert.match(await journal(), /Start request repeated too quickly/);
});
