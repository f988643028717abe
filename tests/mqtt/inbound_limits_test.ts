import { equal, match } from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { MqttClient } from "mqtt";
import { limitInbound, NO_STORE } from "../../src/mqtt/inbound_limits.ts";
import { CONNACK, readAll, ScriptedBroker } from "../support/scripted_broker.ts";
import { decodePackets } from "../support/mqtt_packets.ts";
import { startPublishing } from "../support/publishing.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const MIB = new Uint8Array(1 << 20);
/** PUBLISH with the longest length that MQTT knows, 256 MiB. */
const ENDLESS = Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x78);

/** Reads CONNECT, accepts, and goes on with what a test wants; counts what it could send. */
function accepting(more: (connection: Deno.TcpConn) => Promise<void>): ScriptedBroker {
  return new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(65_536));
    await connection.write(CONNACK);
    await more(connection);
  });
}

test("MqttPublisher ends a connection on which a packet does not end, and says why", async () => {
  let sentMib = 0;
  await using broker = accepting(async (connection) => {
    await connection.write(ENDLESS);
    for (; sentMib < 200; sentMib++) {
      for (let at = 0; at < MIB.length;) at += await connection.write(MIB.subarray(at));
    }
  });
  await using publishing = startPublishing(broker.port, {
    reconnect: { initialDelayMs: 60_000, maxDelayMs: 60_000, exponential: false },
  });
  await waitFor(() => publishing.log.of("broker connection lost").length > 0, "the loss");
  match(String(publishing.log.of("broker connection lost")[0]?.fields.reason), /a packet of more than 1 MiB/);
  equal(sentMib < 100, true, `${sentMib} MiB were taken`);
});

test("MqttPublisher answers what it never asked for, with each quality of service, and keeps none of it", async () => {
  const count = 3_000;
  const answers: number[] = [];
  await using broker = accepting(async (connection) => {
    for (let id = 1; id <= count; id++) {
      const packet = Uint8Array.of(
        id % 2 === 0 ? 0x34 : 0x32,
        1 + 2 + 2 + 100,
        0,
        1,
        0x78,
        id >> 8,
        id & 0xff,
        ...MIB.subarray(0, 100),
      );
      await connection.write(packet);
    }
    const bytes = new Uint8Array(65_536);
    while (answers.length < count) {
      const read = await connection.read(bytes) ?? 0;
      answers.push(...decodePackets(bytes.slice(0, read)).map(({ type }) => type));
    }
    await connection.write(Uint8Array.of(0x62, 2, 0, 2)); // PUBREL for the first of QoS 2
    answers.push(...decodePackets(bytes.slice(0, await connection.read(bytes) ?? 0)).map(({ type }) => type));
    await readAll(connection);
  });
  await using publishing = startPublishing(broker.port);
  await waitFor(() => answers.length > count, "the answers");
  const of = (type: number) => answers.filter((answer) => answer === type).length;
  equal(of(4), count / 2, "PUBACK");
  equal(of(5), count / 2, "PUBREC");
  equal(of(7), 1, "PUBCOMP");
  equal(publishing.state.kind, "online");
});

/** A broker that sends this again and again and reads nothing, with no buffers of a kernel's in between. */
class Deaf extends Duplex {
  constructor(private readonly packets: Uint8Array) {
    super();
    this.push(CONNACK);
  }

  override _read(): void {
    this.push(this.packets);
  }

  override _write(): void {}
}

test("limitInbound() tells of a broker that asks for answers and does not read them", async () => {
  const asking = Uint8Array.of(0x32, 5, 0, 1, 0x78, 0, 1); // PUBLISH, QoS 1
  const stream = new Deaf(new Uint8Array(7_000).map((_, at) => asking[at % asking.length] ?? 0));
  const client = new MqttClient(() => stream, { reconnectPeriod: 0, incomingStore: NO_STORE, outgoingStore: NO_STORE });
  let unwrittenBytes = 0;
  const told = new Promise<string>((resolve) => {
    limitInbound(client, stream as unknown as Socket, (reason) => {
      unwrittenBytes = stream.writableLength;
      stream.destroy();
      resolve(reason);
    });
  });
  match(await told, /does not read the answers/);
  equal(unwrittenBytes < 3 << 20, true, `${unwrittenBytes} bytes`);
  await client.endAsync(true);
});

test("MqttPublisher ends a connection on which a packet lacks its identifier, and answers nothing that throws", async () => {
  const cut = { "QoS 1": [0x32, 2, 0, 0], "QoS 2": [0x34, 2, 0, 0], PUBREL: [0x62, 0], PUBACK: [0x40, 0] };
  for (const [name, packet] of Object.entries(cut)) {
    await using broker = accepting(async (connection) => {
      await connection.write(Uint8Array.from(packet));
      await readAll(connection);
    });
    await using publishing = startPublishing(broker.port);
    await waitFor(() => broker.accepted > 1, `the next attempt after ${name}`);
    const [lost] = publishing.log.of("broker connection lost");
    match(String(lost?.fields.reason), /without its identifier/, name);
  }
});
