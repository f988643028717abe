// vm: VM_FAKE_ARGS='--fleet 50 --rate 0 --log-reports'
// on: amd64/6.1 arm64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller, power } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;

/** An emulated machine takes its time; what is checked here is that nothing is missed, not how fast it is. */
const DROPS_NOTHING = { BT_SCANNER_MQTT_CLIENT_MAX_IN_FLIGHT: "10000", BT_SCANNER_MQTT_CLIENT_MAX_AGE_S: "300" };

interface Message {
  readonly mac_address: string;
  readonly rssi: number | null;
  readonly manufacturer_data: Readonly<Record<string, string>>;
  readonly local_name: string | null;
}

/** What of a message the controller's log can tell: the log has the events as they were sent. */
function sentReports(): string[] {
  return controller.log().flatMap((line) => /^\S+ report ([0-9a-f]+)$/.exec(line)?.[1] ?? []).map((event) => {
    const bytes = event.match(/../g) ?? [];
    // 04 3e length 02 01 type addressType address[6] dataLength data rssi
    const address = bytes.slice(7, 13).reverse().join(":").toUpperCase();
    const counter = bytes.slice(14 + 3 + 4, -1).join(""); // after flags, and length, type, company
    const rssi = (parseInt(bytes.at(-1) ?? "", 16) << 24) >> 24;
    return `${address} ${rssi} ${counter}`;
  });
}

function summary(payload: string): string {
  const { mac_address, rssi, manufacturer_data } = JSON.parse(payload) as Message;
  return `${mac_address} ${rssi} ${manufacturer_data["9904"]}`;
}

function finalCounts(program: Program): Record<string, number> {
  const counts = program.log.find((line) => line.event === "ended")?.fields as Record<string, number> | undefined;
  assert.ok(counts, "no final counts");
  const { received, published, filtered, invalid, in_flight } = counts;
  const { dropped_offline, dropped_backpressure, dropped_unacknowledged } = counts;
  const sum = [published, dropped_offline, dropped_backpressure, dropped_unacknowledged, filtered, invalid, in_flight];
  assert.equal(received, sum.reduce((total: number, count) => total + (count ?? NaN), 0));
  return counts;
}

async function stopped(program: Program): Promise<Record<string, number>> {
  const startMs = performance.now();
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  console.log(`ended ${Math.round(performance.now() - startMs)} ms after SIGTERM`);
  assert.equal(code, 0, stderr);
  return finalCounts(program);
}

test("run publishes every report that the kernel's hci0 hears, as it was sent", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = new Program(agentArgs(broker.port, "--adapter", "hci0", "--qos", "1"), DROPS_NOTHING);
  await program.logged("scanning", 0, PATIENCE_MS);
  const before = sentReports().length;
  controller.control("rate 200");
  await waitFor(() => subscriber.payloads.length >= 1_000, "1,000 messages", PATIENCE_MS);
  controller.control("rate 0");
  const sent = await controller.reportsSent() - before;
  await waitFor(() => subscriber.payloads.length >= sent, "the last messages", PATIENCE_MS).catch(() => {});
  const counts = await stopped(program);
  console.log(`sent ${sent}, messages ${subscriber.payloads.length}, ${JSON.stringify(counts)}`);
  assert.deepEqual(subscriber.payloads.map(summary), sentReports().slice(before));
  assert.match(controller.log().join("\n"), /scan on active interval 100.0 window 50.0 filter 0/);
  assert.match(controller.log().filter((line) => line.includes(" scan ")).at(-1) ?? "", /scan off/);
});

test("run scans passively and to its own rhythm where it is told to", async () => {
  await using broker = await Mosquitto.start();
  await using program = new Program(
    agentArgs(broker.port, "--passive"),
    { BT_SCANNER_SCANNER_INTERVAL_MS: "200", BT_SCANNER_SCANNER_WINDOW_MS: "20" },
  );
  await program.logged("scanning", 0, PATIENCE_MS);
  assert.match(controller.log().join("\n"), /scan on passive interval 200.0 window 20.0 filter 0/);
  await stopped(program);
});

test("run survives every kind of broken report, counts them, and misses no good one", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = new Program(agentArgs(broker.port, "--qos", "1"), DROPS_NOTHING);
  await program.logged("scanning", 0, PATIENCE_MS);
  const before = sentReports().length;
  for (let i = 0; i < 10; i++) controller.control("bad all 50");
  controller.control("rate 200");
  await waitFor(() => sentReports().length - before >= 500, "500 good reports to be sent", PATIENCE_MS);
  controller.control("rate 0");
  await controller.reportsSent();
  const good = sentReports().slice(before);
  await waitFor(
    () => subscriber.payloads.at(-1) !== undefined && summary(subscriber.payloads.at(-1) ?? "") === good.at(-1),
    "the last good report",
    PATIENCE_MS,
  );
  const counts = await stopped(program);
  const published = new Set(subscriber.payloads.map(summary));
  assert.deepEqual(good.filter((report) => !published.has(report)), []);
  assert.ok((counts["invalid"] ?? 0) > 0);
  console.log(`good ${good.length}, messages ${subscriber.payloads.length}, invalid ${counts["invalid"]}`);
});

test("run wakes up about once for each report", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = new Program(agentArgs(broker.port, "--qos", "0"), DROPS_NOTHING);
  await program.logged("scanning", 0, PATIENCE_MS);
  controller.control("rate 20");
  const countAfter = async (messages: number) => {
    const more = subscriber.payloads.length + messages;
    await waitFor(() => subscriber.payloads.length >= more, `${messages} messages`, PATIENCE_MS);
    return { messages: subscriber.payloads.length, sleeps: await sleepsOf(program.pid) };
  };
  const before = await countAfter(100); // by then what only the start needs is done
  const after = await countAfter(400);
  controller.control("rate 0");
  const ratio = (after.sleeps - before.sleeps) / (after.messages - before.messages);
  console.log(`${ratio.toFixed(2)} wake-ups a report`);
  assert.ok(ratio <= 1.5, `${ratio} wake-ups a report`);
  await stopped(program);
});

/** How often the thread of the event loop has waited for something. */
async function sleepsOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/task/${pid}/status`);
  return Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)?.[1]);
}

test("run powers up an adapter that is down", async () => {
  await power("down");
  await using broker = await Mosquitto.start();
  await using program = new Program(agentArgs(broker.port));
  await program.logged("scanning", 0, PATIENCE_MS);
  await stopped(program);
});

test("run scans again after its adapter was pulled out and put back", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+", "ble/status/s1");
  await using program = new Program(agentArgs(broker.port));
  await program.logged("scanning", 0, PATIENCE_MS);
  controller.control("vanish");
  await program.logged("scan failed", 0, PATIENCE_MS);
  const startMs = performance.now();
  controller.control("appear");
  await program.logged("scanning", program.log.length, PATIENCE_MS);
  console.log(`scanning again ${Math.round(performance.now() - startMs)} ms after the adapter came back`);
  const already = subscriber.payloads.length;
  controller.control("rate 100");
  await waitFor(() => subscriber.payloads.length > already + 50, "messages again", PATIENCE_MS);
  controller.control("rate 0");
  await stopped(program);
});

test("run says in its status why it does not scan for as long as the adapter is away, and nothing else", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/status/s1");
  await using program = new Program(agentArgs(broker.port, "--log-level", "debug"));
  await program.logged("scanning", 0, PATIENCE_MS);
  controller.control("vanish");
  const retries = () => program.log.filter(({ event }) => event === "scan failed again").length;
  await waitFor(() => retries() >= 4, "some looks for the adapter", PATIENCE_MS);
  controller.control("appear");
  await program.logged("scanning", program.log.length, PATIENCE_MS);
  await stopped(program);
  const statuses = subscriber.payloads.map((payload) => JSON.parse(payload));
  const away = statuses.filter(({ status, scanning }) => status === "online" && !scanning);
  console.log(statuses.map(({ status, scanning, reason, since }) => ({ status, scanning, reason, since })));
  const reasons = away.map(({ reason }) => reason);
  assert.equal(reasons.indexOf("starting", 1), -1);
  assert.deepEqual(reasons, [...new Set(reasons)]);
  const bootId = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  for (const { hostname, boot_id } of statuses) assert.deepEqual([hostname, boot_id], [Deno.hostname(), bootId]);
});

test("run ends with 77 and the remedy where it has not the capabilities", async () => {
  await using broker = await Mosquitto.start();
  for (const capabilities of ["-", "net_admin"]) {
    const asUser = ["python3", "tests/vm/as_user.py", capabilities];
    await using program = Program.through(asUser, agentArgs(broker.port));
    const { code, stderr } = await program.ended();
    assert.equal(code, 77, stderr);
    assert.match(stderr, /setcap/);
  }
});

test("run works for an ordinary user with CAP_NET_RAW and CAP_NET_ADMIN", async () => {
  await using broker = await Mosquitto.start();
  const asUser = ["python3", "tests/vm/as_user.py", "net_raw,net_admin"];
  await using program = Program.through(asUser, agentArgs(broker.port));
  await program.logged("scanning", 0, PATIENCE_MS);
  await stopped(program);
});
