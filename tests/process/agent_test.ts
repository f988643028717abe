import assert from "node:assert/strict";
import { statsSchema, statusSchema } from "../../src/status/status_schema.ts";
import { messageSchema } from "../../src/advertisement/message_schema.ts";
import { legacyReportsPacket } from "../../src/hci/mod.ts";
import { finalCounts } from "../support/counts.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Program } from "../support/program.ts";
import { countingPackets, countingReport, countOf, recordingOf } from "../support/recording.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATE = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", "200"];

class Recording implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async of(packets: readonly Uint8Array[]): Promise<Recording> {
    const path = await Deno.makeTempFile({ prefix: "bt-scanner-", suffix: ".btsnoop" });
    await Deno.writeFile(path, recordingOf(packets));
    return new Recording(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path);
  }
}

/** Ends the program with a signal and checks that it ends cleanly, and by itself: after 2.9 s it exits with 1. */
async function endsCleanly(program: Program, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  const { code, stderr } = await program.end(signal);
  assert.equal(code, 0, stderr);
}

mosquittoTest("run publishes every report of a recording, in order, and ends with 0", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using recording = await Recording.of(countingPackets(5_000, 50));
  await using program = Program.agent(broker.port, "--replay", recording.path, "--replay-speed", "max");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  await subscriber.until(5_000);
  assert.deepEqual(subscriber.payloads().map(countOf), Array.from({ length: 5_000 }, (_, i) => i));
  const { received, published } = finalCounts(program.log);
  assert.deepEqual([received, published], [5_000, 5_000]);
});

mosquittoTest("run publishes messages that follow the schema, on the topic of their device", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/#");
  await using program = Program.agent(broker.port, ...SIMULATE);
  await subscriber.until(300);
  await endsCleanly(program);
  for (const { topic, payload, retain } of subscriber.messages) {
    const message = messageSchema.parse(JSON.parse(payload));
    assert.deepEqual(
      Object.keys(message).slice(0, 7),
      ["scanner_id", "mac_address", "rssi", "timestamp", "manufacturer_data", "service_uuids", "local_name"],
    );
    assert.equal(topic, `ble/raw/s1/${message.mac_address}`);
    assert.equal(retain, false);
  }
});

mosquittoTest("run counts what an independent subscriber counts, malformed events included", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  const packets = countingPackets(100);
  const twoInOne = legacyReportsPacket(countingReport(100), countingReport(101));
  const cut = countingPackets(1)[0]?.slice(0, 12) ?? new Uint8Array();
  await using recording = await Recording.of([...packets, cut, twoInOne, Uint8Array.of(0x04, 0x3e, 0x00)]);
  await using program = Program.agent(broker.port, "--replay", recording.path, "--qos", "1");
  assert.equal((await program.ended()).code, 0);
  await subscriber.until(102);
  const counts = finalCounts(program.log);
  assert.deepEqual([counts["received"], counts["published"], counts["invalid"]], [104, 102, 2]);
});

mosquittoTest("run serves wildcards and several subscribers alike", async () => {
  await using broker = await Mosquitto.start();
  await using everything = await Subscriber.open(broker.port, "#");
  await using anyScanner = await Subscriber.open(broker.port, "ble/raw/+/C0:00:00:00:00:01");
  await using oneScanner = await Subscriber.open(broker.port, "ble/raw/s1/#");
  await using other = await Subscriber.open(broker.port, "ble/raw/s2/#");
  await using recording = await Recording.of(countingPackets(90, 3));
  await using program = Program.agent(broker.port, "--replay", recording.path, "--replay-speed", "max");
  assert.equal((await program.ended()).code, 0);
  await oneScanner.until(90);
  await anyScanner.until(30);
  await waitFor(() => everything.messages.filter((m) => m.topic.startsWith("ble/raw/")).length === 90, "all messages");
  assert.equal(anyScanner.messages.length, 30);
  assert.equal(other.messages.length, 0);
});

mosquittoTest("run keeps the retained status true, from online to its clean end", async () => {
  await using broker = await Mosquitto.start();
  await using watcher = await Subscriber.open(broker.port, "ble/status/s1", "ble/stats/s1");
  await using program = Program.agent(broker.port, ...SIMULATE);
  const statuses = () => watcher.payloads("ble/status/s1").map((text) => statusSchema.parse(JSON.parse(text)));
  await waitFor(() => statuses().at(-1)?.scanning === true, "the status to say scanning");
  assert.equal(statuses().at(-1)?.adapter, "simulated");
  await endsCleanly(program, "SIGINT");
  await waitFor(() => statuses().at(-1)?.status === "offline", "the status to say offline");
  assert.equal(statuses().at(-1)?.reason, "stopped");
  const stats = watcher.payloads("ble/stats/s1").map((text) => statsSchema.parse(JSON.parse(text)));
  assert.ok(stats.length >= 1);
  await using late = await Subscriber.open(broker.port, "ble/status/s1");
  await late.until(1);
  assert.equal(late.messages[0]?.retain, true);
  assert.equal(JSON.parse(late.messages[0]?.payload ?? "{}").status, "offline");
});

mosquittoTest("run leaves its will when it is killed", async () => {
  await using broker = await Mosquitto.start();
  await using watcher = await Subscriber.open(broker.port, "ble/status/s1");
  await using program = Program.agent(broker.port, ...SIMULATE);
  await watcher.until(1);
  program.kill("SIGKILL");
  await waitFor(() => JSON.parse(watcher.payloads().at(-1) ?? "{}").status === "offline", "the will");
  assert.equal(JSON.parse(watcher.payloads().at(-1) ?? "{}").reason, "connection lost");
});

mosquittoTest("run waits for a broker that is absent at its start", async () => {
  await using broker = await Mosquitto.prepare();
  await using program = Program.agent(broker.port, ...SIMULATE);
  await program.logged("broker connection failed");
  await program.logged("scanning"); // from now on, what it hears is lost
  await broker.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await subscriber.until(50);
  await endsCleanly(program);
  const counts = finalCounts(program.log);
  assert.ok((counts["dropped_offline"] ?? 0) > 0);
  assert.ok((counts["published"] ?? 0) >= 50);
});

mosquittoTest("run comes back after the broker was killed mid-stream, and a recording loses nothing", async () => {
  await using broker = await Mosquitto.start();
  const packets = countingPackets(3_000);
  await using recording = await Recording.of(packets);
  await using before = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using program = Program.agent(broker.port, "--replay", recording.path, "--qos", "1");
  await before.until(200);
  await broker.stop("SIGKILL");
  await program.logged("broker connection lost");
  await broker.start();
  await using after = await Subscriber.open(broker.port, "ble/raw/s1/+");
  assert.equal((await program.ended()).code, 0);
  const { published } = finalCounts(program.log);
  assert.equal(published, 3_000);
  await waitFor(() => after.payloads().map(countOf).includes(2_999), "the last message");
  const seen = new Set([...before.payloads(), ...after.payloads()].map(countOf));
  // The subscriber itself is away while the broker restarts: what came meanwhile it cannot have seen.
  assert.ok(seen.has(0) && seen.has(2_999));
});

mosquittoTest("run ends within 3 s while the broker is gone, and while it is frozen", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using frozen = Program.agent(broker.port, ...SIMULATE, "--qos", "1");
  await subscriber.until(20);
  broker.signal("SIGSTOP");
  await frozen.logged("publish failed");
  await endsCleanly(frozen);
  finalCounts(frozen.log);
  broker.signal("SIGCONT");
  await using orphan = Program.agent(broker.port, ...SIMULATE);
  await orphan.logged("broker connected");
  await broker.stop("SIGKILL");
  await orphan.logged("broker connection lost");
  await endsCleanly(orphan);
  finalCounts(orphan.log);
});

mosquittoTest("run ends at once at a second signal", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using program = Program.agent(broker.port, ...SIMULATE, "--qos", "1");
  await subscriber.until(20);
  broker.signal("SIGSTOP");
  await program.logged("publish failed");
  program.kill("SIGTERM");
  await program.logged("statistics");
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 1);
});

mosquittoTest("run says what to do about wrong credentials, keeps them secret, and ends cleanly", async () => {
  await using broker = await Mosquitto.start("allow_anonymous false\nlistener {port} 127.0.0.1");
  await using program = new Program([
    ...["run", "--scanner-id", "s1", "--broker", `mqtt://127.0.0.1:${broker.port}`, "--log-format", "json"],
    ...["--log-level", "trace", ...SIMULATE],
  ], { BT_SCANNER_MQTT_BROKER_USERNAME: "scanner", BT_SCANNER_MQTT_BROKER_PASSWORD: "open sesame" });
  const { fields } = await program.logged("broker connection failed");
  assert.match(String(fields["reason"]), /not authori[sz]ed/i);
  await endsCleanly(program);
  const { stdout, stderr } = await program.ended();
  assert.ok(!`${stdout}${stderr}`.includes("sesame"));
});

mosquittoTest("run publishes to a prefix, with all fields, and without status, as configured", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "#");
  await using recording = await Recording.of(countingPackets(3));
  await using program = new Program(["run", "--replay", recording.path, "--log-level", "error"], {
    BT_SCANNER_SCANNER_ID: "garden-1",
    BT_SCANNER_MQTT_BROKER_HOST: "127.0.0.1",
    BT_SCANNER_MQTT_BROKER_PORT: String(broker.port),
    BT_SCANNER_PUBLISHER_TOPIC_PREFIX: "home/ble",
    BT_SCANNER_PUBLISHER_FIELDS: "full",
    BT_SCANNER_STATUS_ENABLED: "false",
    BT_SCANNER_STATS_PUBLISH: "false",
  });
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  await subscriber.until(3);
  assert.deepEqual([...new Set(subscriber.messages.map((m) => m.topic))], ["home/ble/garden-1/C0:00:00:00:00:00"]);
  assert.equal(JSON.parse(subscriber.payloads()[0] ?? "{}").adv_type, "ADV_NONCONN_IND");
});
