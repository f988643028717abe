// vm: VM_FAKE_ARGS='--fleet 50 --rate 0'
// on: amd64/6.1 amd64/6.12
// deno-lint-ignore-file no-console
/** Names by asking for a moment, as the controller's log tells it; who is asked costs each device an answer. */
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Bluetoothd, discovers } from "../bluetoothd.ts";
import { type Controller, run, startController } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;
/** How long each mode is looked at. */
const SECONDS = Number(Deno.env.get("SECONDS") ?? "20");

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const hex = (text: string) => [...text].map((letter) => letter.charCodeAt(0).toString(16)).join("");
const nameOf = (name: string) => (name.length + 1).toString(16).padStart(2, "0") + "09" + hex(name);

/** Three locks that tell their names when they are asked, one device that never answers, a beacon, and a sensor. */
const ADVERTISERS = [
  `C6:00:00:00:00:01/random,300,020106,-60,${nameOf("Lock 1")}`,
  `C6:00:00:00:00:02/random,400,020106,-60,${nameOf("Lock 2")}`,
  `C6:00:00:00:00:03/random,500,020106,-60,${nameOf("Lock 3")}`,
  "C6:00:00:00:00:04/random,300,020106,-60,,0",
  `C6:00:00:00:00:05/random,500,020106${nameOf("Beacon")}`,
  "C6:00:00:00:00:06/random,200,02010605ff99040102",
].flatMap((spec) => ["--adv", spec]);
const ASKED = ["Lock 1", "Lock 2", "Lock 3"];

/** What the scan was told to be since a line of the controller's log. */
function scans(controller: Controller, since: number): string[] {
  return controller.log().slice(since).flatMap((line) => /^\S+ scan (on active|on passive|off)/.exec(line)?.[1] ?? []);
}

async function listening(controller: Controller, mode: string) {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  const since = controller.log().length - 1;
  const before = await controller.counts();
  const env = { BT_SCANNER_SCANNER_MODE: mode, BT_SCANNER_MQTT_CLIENT_MAX_AGE_S: "300" };
  await using program = new Program(agentArgs(broker.port, "--adapter", controller.adapter), env);
  const { fields } = await program.logged("scanning", 0, PATIENCE_MS);
  assert.equal(fields["mode"], mode);
  const names = () => new Set(subscriber.payloads.map((payload) => JSON.parse(payload).local_name));
  const isComplete = () => mode === "passive" || ASKED.every((name) => names().has(name));
  await waitFor(isComplete, "the names", PATIENCE_MS);
  await sleep(SECONDS * 1000);
  program.kill("SIGTERM");
  await program.ended();
  const after = await controller.counts();
  return {
    names: [...names()].filter((name) => name !== null).toSorted(),
    requests: after.requests - before.requests,
    reports: after.reports - before.reports,
    scans: scans(controller, since),
    lost: program.log.filter(({ event }) => event === "scan ended" || event === "resetting the adapter"),
  };
}

for (const [adapter, ...family] of [["hci1"], ["hci2", "--ext"]] as const) {
  test(`run in auto mode hears the names of active scanning with fewer requests (${family[0] ?? "legacy"})`, async () => {
    const controller = await startController(adapter, ...family, ...ADVERTISERS);
    const passive = await listening(controller, "passive");
    const active = await listening(controller, "active");
    const auto = await listening(controller, "auto");
    for (const [mode, { scans, ...seen }] of Object.entries({ passive, active, auto })) {
      console.log(`auto: ${JSON.stringify({ mode, ...seen, scans: scans.join(", ") })}`);
    }
    assert.deepEqual([passive.names, passive.requests], [["Beacon"], 0]);
    assert.deepEqual(auto.names, active.names);
    assert.ok(auto.requests > 0 && auto.requests < active.requests / 2, `${auto.requests} of ${active.requests}`);
    // What comes before is the kernel's discovery, begun and ended.
    const turns = auto.scans.slice(auto.scans.indexOf("on passive")).filter((scan) => scan !== "off");
    assert.deepEqual(turns.slice(0, 3), ["on passive", "on active", "on passive"]);
    assert.equal(auto.scans.at(-1), "off");
    assert.deepEqual([...passive.lost, ...active.lost, ...auto.lost], []);
  });
}

test("bluetoothd can discover after a scan in auto mode has been active, and while it is passive", async () => {
  await run("dbus-daemon", "--system", "--fork").catch(() => {}); // it may run already
  const controller = await startController("hci3", "--fleet", "50", "--rate", "100", ...ADVERTISERS);
  for (const other of ["hci1", "hci2"]) await run("hciconfig", other, "down"); // bluetoothctl takes the first
  await using broker = await Mosquitto.start();
  const args = agentArgs(broker.port, "--adapter", "hci3");
  await using program = new Program(args, { BT_SCANNER_SCANNER_MODE: "auto" });
  await program.logged("scanning", 0, PATIENCE_MS);
  const hasAsked = () => /on passive,(off,)+on active,(off,)+on passive/.test(scans(controller, 0).join());
  await waitFor(hasAsked, "the end of asking", PATIENCE_MS);
  await using daemon = new Bluetoothd();
  await daemon.ready();
  await discovers("after asking");
  program.kill("SIGTERM");
  await program.ended();
});
