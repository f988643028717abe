import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { MqttClient } from "mqtt";
import { MessageDropped } from "../../src/agent/mod.ts";
import type { ConnectionFailure } from "../../src/mqtt/failure.ts";
import { clientOptions } from "../../src/mqtt/network_connection.ts";
import { Pulse } from "../../src/mqtt/pulse.ts";
import { RateLimit } from "../../src/mqtt/rate_limit.ts";
import { Sender } from "../../src/mqtt/sender.ts";
import { decodePublishes, type PublishPacket } from "../support/mqtt_packets.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { mqttOptions } from "../support/publishing.ts";
import { CONNACK } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const LOST = new Error("connection lost");
const PINGRESP = Uint8Array.of(0xd0, 0x00);

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

/** An sender on a connection that is up. */
class Bench implements AsyncDisposable {
  readonly settled: (Error | null)[] = [];

  private constructor(
    readonly stream: FakeStream,
    readonly sender: Sender,
    /** One for each time that the sender told of room. */
    readonly rooms: readonly true[],
    /** Why the sender wanted the connection to be made anew. */
    readonly broken: readonly ConnectionFailure[],
    readonly clock: FakeClock,
    private readonly client: MqttClient,
  ) {}

  static async open(
    qos: 0 | 1,
    maxInFlight = 100,
    { clock = new FakeClock(), pulse = null, limit = null }: {
      clock?: FakeClock;
      pulse?: Pulse | null;
      limit?: RateLimit | null;
    } = {},
  ): Promise<Bench> {
    const stream = new FakeStream();
    const client = new MqttClient(() => stream, clientOptions(mqttOptions(0, { keepAliveS: 0 }), null));
    client.on("error", () => {});
    const connected = new Promise<void>((resolve) => client.once("connect", () => resolve()));
    stream.push(CONNACK);
    await connected;
    const rooms: true[] = [];
    const broken: ConnectionFailure[] = [];
    const parts = {
      client,
      socket: stream,
      limit,
      pulse,
      clock,
      onRoom: () => rooms.push(true),
      onBroken: (failure: ConnectionFailure) => broken.push(failure),
    };
    const sender = new Sender(parts, { qos, maxInFlight, ackTimeoutMs: 30_000, maxAgeMs: 5_000 });
    return new Bench(stream, sender, rooms, broken, clock, client);
  }

  publish(payload: string, topic = "t"): string {
    return this.sender.publish(topic, payload, (error) => this.settled.push(error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** Lets everything run that this turn of the event loop has left to do. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

for (const qos of [0, 1] as const) {
  test(`Sender makes one write of what a turn of the event loop publishes at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos);
    const before = bench.stream.writes.length;
    for (let index = 0; index < 50; index++) equal(bench.publish(String(index)), "accepted");
    await turn();
    equal(bench.stream.writes.length, before + 1);
    deepEqual(bench.stream.published.map(({ payload }) => payload), Array.from({ length: 50 }, (_, i) => String(i)));
  });

  test(`Sender settles as lost what was under way when the connection failed, once, at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos);
    bench.stream.frozen = true;
    for (const payload of ["on its way", "too"]) bench.publish(payload);
    await turn();
    bench.publish("not even written");
    bench.sender.fail(LOST);
    deepEqual(bench.settled, [LOST, LOST, LOST]);
    equal(bench.publish("afterwards"), "offline");
    ok(bench.sender.isIdle);
    bench.stream.thaw();
    bench.stream.acknowledge(...bench.stream.published);
    await turn();
    equal(bench.settled.length, 3);
  });

  test(`Sender takes no more than 1 MiB for a broker that stopped reading at QoS ${qos}`, async () => {
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
    ok(!bench.sender.hasRoom);
    ok(bench.stream.writableLength < 1_100_000);
    equal(bench.stream.listenerCount("drain"), 0);
    bench.stream.thaw();
    if (qos === 1) {
      await waitFor(() => bench.stream.published.length === accepted, "all to be written");
      bench.stream.acknowledge(...bench.stream.published);
    }
    await waitFor(() => bench.settled.length === accepted, "all to be settled");
    ok(bench.settled.every((error) => error === null));
    ok(bench.sender.hasRoom);
  });
}

test("Sender settles QoS 0 when the bytes were written, not before", async () => {
  await using bench = await Bench.open(0);
  bench.stream.frozen = true;
  bench.publish("first");
  await turn();
  bench.publish("second");
  await turn();
  deepEqual(bench.settled, []);
  ok(!bench.sender.isIdle);
  bench.stream.thaw();
  await turn();
  deepEqual(bench.settled, [null, null]);
  ok(bench.sender.isIdle);
});

test("Sender settles QoS 1 at PUBACK, each message by its own", async () => {
  await using bench = await Bench.open(1);
  const ended: string[] = [];
  for (const payload of ["a", "b", "c"]) bench.sender.publish("t", payload, () => ended.push(payload));
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

test("Sender has at most maxInFlight messages of QoS 1 under way, and tells of room", async () => {
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

test("Sender never gives an identifier to two messages, though the broker leaves one unacknowledged for ever", async () => {
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

test("Sender frees the place of a message whose PUBACK does not come, and never mistakes a late one", async () => {
  await using bench = await Bench.open(1, 2);
  for (const payload of ["1", "2"]) bench.publish(payload);
  await turn();
  const [first, second] = bench.stream.published;
  ok(first !== undefined && second !== undefined);
  await bench.clock.advance(29_000);
  deepEqual([bench.settled.length, bench.publish("3")], [0, "backpressure"]);
  await bench.clock.advance(1_000);
  deepEqual(
    bench.settled.map((error) => error instanceof MessageDropped && error.how),
    Array(2).fill("unacknowledged"),
  );
  ok(bench.sender.hasRoom && bench.sender.isIdle);
  for (let round = 0; round < 70; round++) {
    bench.stream.writes.length = 0;
    for (let index = 0; index < 2; index++) bench.publish("later");
    await turn();
    const { published } = bench.stream;
    if (round <= 60) ok(published.every(({ id }) => id !== first.id && id !== second.id));
    if (round === 60) bench.stream.acknowledge(second, first); // late
    else bench.stream.acknowledge(...published);
    await turn();
    if (round === 60) {
      equal(bench.settled.length, 2 + 2 * round, "the late ones settle nothing");
      bench.stream.acknowledge(...published);
      await turn();
    }
  }
  equal(bench.settled.length, 2 + 2 * 70);
});

test("Sender wants the connection made anew where the broker passed a message over, and says why", async () => {
  await using bench = await Bench.open(1);
  bench.publish("passed over");
  await turn();
  await bench.clock.advance(1_000);
  bench.publish("taken");
  await turn();
  bench.stream.acknowledge(...bench.stream.published.slice(1));
  await turn();
  await bench.clock.advance(28_000);
  equal(bench.broken.length, 0);
  await bench.clock.advance(1_000);
  equal(bench.broken.length, 1);
  match(bench.broken[0]?.message ?? "", /did not acknowledge a message within 30 s, but answered later ones/);
  match(bench.broken[0]?.remedy ?? "", /ack_timeout_s/);
});

test("Sender leaves a broker alone that answers nothing, and takes its late acknowledgements", async () => {
  await using bench = await Bench.open(1);
  for (let minute = 0; minute < 5; minute++) {
    bench.publish("frozen");
    await turn();
    await bench.clock.advance(60_000);
  }
  equal(bench.settled.length, 5);
  bench.stream.acknowledge(...bench.stream.published);
  await turn();
  await bench.clock.advance(60_000);
  deepEqual(bench.broken, []);
});

test("Sender does not make a connection anew for an announcement alone", async () => {
  await using bench = await Bench.open(1);
  ok(bench.sender.announce("status", "online", true));
  await turn();
  await bench.clock.advance(1_000);
  bench.publish("taken");
  await turn();
  bench.stream.acknowledge(...bench.stream.published.slice(1));
  await turn();
  await bench.clock.advance(300_000);
  ok(bench.sender.isIdle);
  deepEqual(bench.broken, []);
});

for (const qos of [0, 1] as const) {
  test(`Sender drops what has waited too long for what is fresh, but no announcement, at QoS ${qos}`, async () => {
    await using bench = await Bench.open(qos, 65_000);
    bench.stream.frozen = true;
    const filler = "x".repeat(8_192); // a piece of its own
    for (let index = 0; index < 8; index++) bench.publish(filler);
    await turn(); // the socket has them
    ok(bench.sender.announce("status", "kept", true));
    await turn();
    while (bench.publish(filler) === "accepted");
    await bench.clock.advance(3_000);
    equal(bench.publish("in between"), "backpressure");
    await bench.clock.advance(1_000);
    equal(bench.publish("fresh"), "backpressure", "what must be kept is first");
    bench.stream.thaw();
    await turn();
    ok(bench.settled.length > 100);
    ok(bench.settled.some((error) => error instanceof MessageDropped && error.how === "backpressure"));
    equal(bench.publish("fresh"), "accepted");
    await turn();
    const payloads = bench.stream.published.map(({ payload }) => payload);
    deepEqual(payloads.filter((payload) => payload !== filler), ["kept", "fresh"]);
  });
}

test("Sender tells of room when it drops what is too old, even if nothing is left afterwards", async () => {
  const clock = new FakeClock();
  const pulse = new Pulse(clock, 1_250, 0);
  await using bench = await Bench.open(0, 100, { clock, pulse });
  bench.publish("x".repeat(20_000)); // more than may be on its way
  await turn();
  bench.publish("old");
  await turn();
  equal(bench.sender.isIdle, false);
  await clock.advance(4_000);
  const before = bench.rooms.length;
  bench.stream.push(PINGRESP);
  await turn();
  ok(bench.settled.at(-1) instanceof MessageDropped);
  ok(bench.sender.isIdle);
  equal(bench.rooms.length, before + 1);
});

test("Sender drops what is too old though it came right before and after an announcement", async () => {
  await using bench = await Bench.open(0);
  bench.stream.frozen = true;
  const filler = "x".repeat(8_192);
  for (let index = 0; index < 8; index++) bench.publish(filler);
  await turn(); // the socket has them
  bench.publish("before");
  ok(bench.sender.announce("stats", "kept", false));
  bench.publish("after");
  await bench.clock.advance(4_000);
  bench.stream.thaw();
  await turn();
  const payloads = bench.stream.published.map(({ payload }) => payload);
  deepEqual(payloads.filter((payload) => payload !== filler), ["kept"]);
  equal(bench.settled.filter((error) => error instanceof MessageDropped).length, 2);
});

test("Sender settles each message once, whatever the broker and the clock do", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({ kind: fc.constant("acknowledge" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constantFrom("freeze" as const, "thaw" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0 as const, 1 as const), fc.array(step, { maxLength: 30 }), async (qos, steps) => {
      await using bench = await Bench.open(qos, 30);
      const ends: number[] = [];
      for (const step of steps) {
        switch (step.kind) {
          case "publish":
            for (let index = 0; index < step.count; index++) {
              const number = ends.length;
              const settled = () => void (ends[number] = (ends[number] ?? 0) + 1);
              if (bench.sender.publish("t", "x".repeat(500), settled) === "accepted") ends[number] = 0;
            }
            break;
          case "wait":
            await bench.clock.advance(step.ms);
            break;
          case "acknowledge":
            bench.stream.acknowledge(...bench.stream.published.filter((_, index) => index % 7 < 7 * step.share));
            break;
          case "freeze":
            bench.stream.frozen = true;
            break;
          case "thaw":
            bench.stream.thaw();
        }
        await turn();
        ok(ends.every((times) => times <= 1));
      }
      bench.sender.fail(LOST);
      ok(ends.every((times) => times === 1), `${ends}`);
      ok(bench.sender.isIdle);
    }),
    { numRuns: 100 },
  );
});

test("Sender announces what is retained with QoS 1, the rest with QoS 0, in order", async () => {
  await using bench = await Bench.open(0);
  bench.publish("report");
  ok(bench.sender.announce("status", "online", true));
  ok(bench.sender.announce("stats", "counters", false));
  await turn();
  deepEqual(
    bench.stream.published.map(({ payload, qos, retain }) => [payload, qos, retain]),
    [["report", 0, false], ["online", 1, true], ["counters", 0, false]],
  );
  ok(!bench.sender.isIdle, "the announcement waits for its acknowledgement");
});

test("Sender neither counts announcements nor lets them pile up", async () => {
  await using bench = await Bench.open(1, 1);
  const announced = Array.from({ length: 100 }, () => bench.sender.announce("status", "online", true));
  equal(announced.filter((taken) => taken).length, 16);
  equal(bench.publish("report"), "accepted");
  await turn();
  bench.stream.acknowledge(...bench.stream.published);
  await turn();
  ok(bench.sender.isIdle);
  deepEqual(bench.settled, [null]);
  bench.sender.fail(LOST);
  ok(!bench.sender.announce("status", "online", true));
});

test("Sender has identifiers left for announcements, whatever maxInFlight says", async () => {
  await using bench = await Bench.open(1, 65_535);
  let accepted = 0;
  while (bench.publish("") === "accepted") {
    if (++accepted % 10_000 === 0) await turn();
  }
  equal(accepted, 65_519);
  for (let index = 0; index < 16; index++) ok(bench.sender.announce("status", "online", true));
  await waitFor(() => bench.stream.published.length === 65_535, "all to be written");
  equal(new Set(bench.stream.published.map(({ id }) => id)).size, 65_535);
});

test("Sender takes no more in any second than its limit, announcements included, and says when there is room", async () => {
  const bench = await Bench.open(0, 100, { limit: new RateLimit(3) });
  await bench.clock.advance(5_000);
  equal(bench.sender.announce("status", "online", true), true);
  deepEqual(["a", "b", "c", "d"].map((payload) => bench.publish(payload)), [
    "accepted",
    "accepted",
    "rate_limited",
    "rate_limited",
  ]);
  equal(bench.sender.hasRoom, false);
  equal(bench.sender.announce("stats", "{}", false), false);
  await bench.clock.advance(1_249);
  equal(bench.publish("e"), "rate_limited");
  const { length } = bench.rooms;
  await bench.clock.advance(1);
  equal(bench.rooms.length, length + 1);
  equal(bench.publish("f"), "accepted");
  bench.sender.fail(new Error("over"));
  equal(bench.clock.sleeping, 0);
});
