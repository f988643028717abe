import { deepEqual, equal } from "node:assert/strict";
import { decodePublishes } from "../support/mqtt_packets.ts";
import { type Publishing, startPublishing } from "../support/publishing.ts";
import { CONNACK, ScriptedBroker } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const DISCONNECT = [0xe0, 0];

/** PINGRESP, and PUBACK for the first few packet identifiers; those that wait for none are passed over. */
const ANSWERS = Uint8Array.from([0xd0, 0, ...Array.from({ length: 16 }, (_, id) => [0x40, 2, 0, id + 1]).flat()]);

/** Accepts, then reads nothing until it is thawed, and answers all. */
class FrozenBroker implements AsyncDisposable {
  readonly #thaw = Promise.withResolvers<void>();
  readonly #received = Promise.withResolvers<Uint8Array>();
  readonly #broker = new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(65_536));
    await connection.write(CONNACK);
    await this.#thaw.promise;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const bytes = new Uint8Array(65_536);
    for (let read = await connection.read(bytes); read !== null; read = await connection.read(bytes)) {
      chunks.push(bytes.slice(0, read));
      await connection.write(ANSWERS).catch(() => {}); // it has closed
    }
    this.#received.resolve(new Uint8Array(await new Blob(chunks).arrayBuffer()));
  });

  get port(): number {
    return this.#broker.port;
  }

  thaw(): void {
    this.#thaw.resolve();
  }

  /** All that came after CONNECT. */
  get received(): Promise<Uint8Array> {
    return this.#received.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    return this.#broker[Symbol.asyncDispose]();
  }
}

/** Publishes until neither the socket nor the kernel takes more. */
async function fill(publishing: Publishing): Promise<void> {
  await waitFor(async () => {
    const before = publishing.settled.length;
    while (publishing.publish("x".repeat(10_000)) === "accepted");
    await new Promise((resolve) => setTimeout(resolve, 50));
    return publishing.settled.length === before && publishing.publish("x".repeat(10_000)) === "backpressure";
  }, "backpressure");
}

const announced = (bytes: Uint8Array, topic: string) =>
  decodePublishes(bytes).filter((each) => each.topic === topic).map(({ payload }) => payload);

test("MqttPublisher announces the last word on each topic once a broker that was frozen takes more", async () => {
  await using broker = new FrozenBroker();
  const publishing = startPublishing(broker.port);
  await publishing.ready();
  await fill(publishing);
  for (const word of ["1", "2", "3"]) {
    publishing.publisher.announce("status", word, { retain: true });
    publishing.publisher.announce("stats", word, { retain: false });
  }
  broker.thaw();
  await waitFor(() => publishing.settled.length > 50, "the flow");
  await publishing[Symbol.asyncDispose]();
  const bytes = await broker.received;
  deepEqual([announced(bytes, "status"), announced(bytes, "stats")], [["3"], ["3"]]);
});

test("MqttPublisher says goodbye only where the broker has its last word", async () => {
  for (const thaws of [true, false]) {
    await using broker = new FrozenBroker();
    const publishing = startPublishing(broker.port);
    await publishing.ready();
    await fill(publishing);
    publishing.publisher.announce("status", "offline", { retain: true });
    const closing = publishing[Symbol.asyncDispose]();
    if (thaws) broker.thaw();
    await closing;
    broker.thaw();
    const bytes = await broker.received;
    equal(bytes.subarray(-2).join() === DISCONNECT.join(), thaws);
    if (thaws) deepEqual(announced(bytes, "status"), ["offline"]);
  }
});
