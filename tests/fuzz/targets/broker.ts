import { startPublishing } from "../../support/publishing.ts";
import { CONNACK, ScriptedBroker } from "../../support/scripted_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Target } from "../fuzzer.ts";

/** Packets of MQTT 3.1.1 that a broker sends, some of them never to a client that only publishes. */
const PACKETS = [
  "40020001", // PUBACK
  "4003000100",
  "50020001", // PUBREC
  "62020001", // PUBREL
  "70020001", // PUBCOMP
  "9003000100", // SUBACK
  "b0020001", // UNSUBACK
  "d000", // PINGRESP
  "3005000161ff00", // PUBLISH
  "320700016100017878",
  "34070001610001", // PUBLISH of QoS 2, cut
  "e000", // DISCONNECT
  "20020000",
  "20020005",
  "f000",
  "30ffffffff7f",
].map((hex) => Uint8Array.fromHex(hex));

const AT_ONCE = { reconnect: { initialDelayMs: 0, maxDelayMs: 0, exponential: false } };

/** What a broker may send. Whatever it is, the publisher connects again and again, and settles what it has taken. */
export const brokerTarget: Target = {
  name: "broker",
  share: 1,
  seeds: [[CONNACK, ...PACKETS], [CONNACK, Uint8Array.fromHex("40020001")], PACKETS],
  words: [CONNACK, ...PACKETS, Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01)],
  async execute(input) {
    await using broker = new ScriptedBroker(async (connection) => {
      await connection.read(new Uint8Array(1_024));
      for (const piece of input) for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
    });
    let accepted = 0;
    {
      await using publishing = startPublishing(broker.port, { ...AT_ONCE, qos: 1 });
      await waitFor(() => {
        if (publishing.publish("x") === "accepted") accepted++;
        return broker.accepted > 2;
      }, "the next attempt");
      await publishing.publisher[Symbol.asyncDispose]();
      if (publishing.settled.length !== accepted) {
        throw new Error(`${accepted} messages were taken, ${publishing.settled.length} were settled`);
      }
    }
  },
};
