import { deepEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { MqttClient } from "mqtt";
import { clientOptions } from "../../src/mqtt/link.ts";
import { Outbox } from "../../src/mqtt/outbox.ts";
import { decodePublishes, type PublishPacket } from "../support/mqtt_packets.ts";
import { mqttOptions } from "../support/publishing.ts";
import { CONNACK } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const LOST = new Error("connection lost");

/** The client's end of a connection, without a network. */
class FakeStream extends Duplex {
  readonly writes: Uint8Array[] = [];
  /** While frozen, the broker reads nothing. */
  #held: (() => void) | null = null;
  frozen = false;

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, callback: () => void): void {
    this.writes.push(new Uint8Array(chunk));
    this.#written(callback);
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    this.#written(callback);
  }

  thaw(): void {
    this.frozen = false;
    this.#held?.();
  }

  /** What was published, after CONNECT. */
  get published(): PublishPacket[] {
    return decodePublishes(Buffer.concat(this.writes));
  }

  acknowledge(...packets: readonly { readonly id: number | null }[]): void {
    this.push(Uint8Array.from(packets.flatMap(({ id }) => [0x40, 2, (id ?? 0) >> 8, (id ?? 0) & 0xff])));
  }

  #written(callback: () => void): void {
    if (this.frozen) this.#held = callback;
    else callback();
  }
}

/** An outbox on a connection that is up. */
class Bench implements AsyncDisposable {
  readonly settled: (Error | null)[] = [];

  private constructor(
    readonly stream: FakeStream,
    readonly outbox: Outbox,
    /** One for each time that the outbox told of room. */
    readonly rooms: readonly true[],
    private readonly client: MqttClient,
  ) {}

  static async open(qos: 0 | 1, maxInFlight = 100): Promise<Bench> {
    const stream = new FakeStream();
    const client = new MqttClient(() => stream, clientOptions(mqttOptions(0, { keepAliveS: 0 }), null));
    client.on("error", () => {});
    const connected = new Promise<void>((resolve) => client.once("connect", () => resolve()));
    stream.push(CONNACK);
    await connected;
    const rooms: true[] = [];
    const outbox = new Outbox(client, stream, { qos, maxInFlight }, () => rooms.push(true));
    return new Bench(stream, outbox, rooms, client);
  }

  publish(payload: string, topic = "t"): string {
    return this.outbox.publish(topic, payload, (error) => this.settled.push(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** Lets everything run that this turn of the event loop has left to do. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

for (const qos of [0, 1] as const) {
  test(`Outbox makes one write of what a turn of the event loop publishes at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos);
    const before = bench.stream.writes.length;
    for (let index = 0; index < 50; index++) equal(bench.publish(String(index)), "accepted");
    await turn();
    equal(bench.stream.writes.length, before + 1);
    deepEqual(bench.stream.published.map(({ payload }) => payload), Array.from({ length: 50 }, (_, i) => String(i)));
  });

  test(`Outbox settles as lost what was under way when the connection failed, once, at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos);
    bench.stream.frozen = true;
    for (const payload of ["on its way", "too"]) bench.publish(payload);
    await turn();
    bench.publish("not even written");
    bench.outbox.fail(LOST);
    deepEqual(bench.settled, [LOST, LOST, LOST]);
    equal(bench.publish("afterwards"), "offline");
    ok(bench.outbox.isIdle);
    bench.stream.thaw();
    bench.stream.acknowledge(...bench.stream.published);
    await turn();
    equal(bench.settled.length, 3);
  });

  test(`Outbox takes no more than 1 MiB for a broker that stopped reading at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos, 65_000);
    bench.stream.frozen = true;
    const payload = "x".repeat(10_000);
    let accepted = 0;
    for (let index = 0; index < 1_000; index++) {
      if (bench.publish(payload) === "accepted") accepted++;
      if (index % 20 === 0) await turn();
    }
    ok(accepted > 100 && accepted < 110, `${accepted} accepted`);
    equal(bench.publish(payload), "backpressure");
    ok(!bench.outbox.hasRoom);
    ok(bench.stream.writableLength < 1_100_000);
    equal(bench.stream.listenerCount("drain"), 0);
    bench.stream.thaw();
    if (qos === 1) {
      await waitFor(() => bench.stream.published.length === accepted, "all to be written");
      bench.stream.acknowledge(...bench.stream.published);
    }
    await waitFor(() => bench.settled.length === accepted, "all to be settled");
    ok(bench.settled.every((error) => error === null));
    ok(bench.outbox.hasRoom);
  });
}

test("Outbox settles QoS 0 when the bytes were written, not before", async () => {
  await using bench = await Bench.open(0);
  bench.stream.frozen = true;
  bench.publish("first");
  await turn();
  bench.publish("second");
  await turn();
  deepEqual(bench.settled, []);
  ok(!bench.outbox.isIdle);
  bench.stream.thaw();
  await turn();
  deepEqual(bench.settled, [null, null]);
  ok(bench.outbox.isIdle);
});

test("Outbox settles QoS 1 at PUBACK, each message by its own", async () => {
  await using bench = await Bench.open(1);
  const ended: string[] = [];
  for (const payload of ["a", "b", "c"]) bench.outbox.publish("t", payload, () => ended.push(payload));
  await turn();
  deepEqual(ended, []);
  const [a, b, c] = bench.stream.published;
  ok(a !== undefined && b !== undefined && c !== undefined);
  bench.stream.acknowledge(c, a, { id: 9_999 }, a);
  await turn();
  deepEqual(ended, ["c", "a"]);
  bench.stream.acknowledge(b);
  await turn();
  deepEqual(ended, ["c", "a", "b"]);
});

test("Outbox has at most maxInFlight messages of QoS 1 under way, and tells of room", async () => {
  await using bench = await Bench.open(1, 2);
  deepEqual(["1", "2", "3"].map((payload) => bench.publish(payload)), ["accepted", "accepted", "backpressure"]);
  await turn();
  const [first] = bench.stream.published;
  ok(first !== undefined);
  const { length } = bench.rooms;
  bench.stream.acknowledge(first);
  await turn();
  equal(bench.rooms.length, length + 1);
  equal(bench.publish("3"), "accepted");
  equal(bench.publish("4"), "backpressure");
});

test("Outbox never gives an identifier to two messages, though the broker leaves one unacknowledged for ever", async () => {
  await using bench = await Bench.open(1, 5_001);
  bench.publish("forgotten");
  await turn();
  const forgotten = bench.stream.published[0];
  ok(forgotten !== undefined);
  for (let round = 0; round < 14; round++) {
    bench.stream.writes.length = 0;
    for (let index = 0; index < 5_000; index++) bench.publish("x");
    await waitFor(() => bench.stream.writes.length > 0, "the write");
    const published = bench.stream.published;
    equal(new Set(published.map(({ id }) => id)).size, 5_000);
    ok(published.every(({ id }) => id !== forgotten.id));
    bench.stream.acknowledge(...published);
    await waitFor(() => bench.settled.length === 5_000 * (round + 1), "all to be settled");
  }
});

test("Outbox announces what is retained with QoS 1, the rest with QoS 0, in order", async () => {
  await using bench = await Bench.open(0);
  bench.publish("report");
  ok(bench.outbox.announce("status", "online", true));
  ok(bench.outbox.announce("stats", "counters", false));
  await turn();
  deepEqual(
    bench.stream.published.map(({ payload, qos, retain }) => [payload, qos, retain]),
    [["report", 0, false], ["online", 1, true], ["counters", 0, false]],
  );
  ok(!bench.outbox.isIdle, "the announcement waits for its acknowledgement");
});

test("Outbox neither counts announcements nor lets them pile up", async () => {
  await using bench = await Bench.open(1, 1);
  const announced = Array.from({ length: 100 }, () => bench.outbox.announce("status", "online", true));
  equal(announced.filter((taken) => taken).length, 16);
  equal(bench.publish("report"), "accepted");
  await turn();
  bench.stream.acknowledge(...bench.stream.published);
  await turn();
  ok(bench.outbox.isIdle);
  deepEqual(bench.settled, [null]);
  bench.outbox.fail(LOST);
  ok(!bench.outbox.announce("status", "online", true));
});

test("Outbox has identifiers left for announcements, whatever maxInFlight says", async () => {
  await using bench = await Bench.open(1, 65_535);
  let accepted = 0;
  while (bench.publish("") === "accepted") {
    if (++accepted % 10_000 === 0) await turn();
  }
  equal(accepted, 65_519);
  for (let index = 0; index < 16; index++) ok(bench.outbox.announce("status", "online", true));
  await waitFor(() => bench.stream.published.length === 65_535, "all to be written");
  equal(new Set(bench.stream.published.map(({ id }) => id)).size, 65_535);
});
