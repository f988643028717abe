import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { IStore, MqttClient } from "mqtt";

/** Answers are four bytes long, but a session left over from another program's subscriptions may bring messages. */
const LONGEST_PACKET_BYTES = 1 << 20;
/** Twice what our own messages leave unwritten: the rest are answers, each of which takes far more than its four bytes. */
const MOST_UNWRITTEN_BYTES = 1 << 21;

/** What mqtt.js reports as the packet identifier if the packet ends before it. */
const NO_IDENTIFIER = -1;

/**
 * Bounds what a broker can make this side buffer: an endless packet, which mqtt.js would collect in full, and answers
 * that the broker does not read. Also ends a connection on which a packet lacks a required identifier.
 *
 * @param overrun called with what the broker did wrong
 * @param read what mqtt.js reads, if not the socket
 */
export function limitInbound(
  client: MqttClient,
  socket: Socket,
  overrun: (reason: string) => void,
  read: Readable = socket,
): void {
  let unfinishedBytes = 0;
  client.on("packetreceive", (packet) => {
    unfinishedBytes = 0;
    if (packet.messageId !== NO_IDENTIFIER) return;
    packet.messageId = 0; // answering the other one would throw, with nobody to catch it
    overrun("the broker sent a packet without its identifier");
  });
  read.on("data", (bytes) => {
    unfinishedBytes += bytes.length;
    if (unfinishedBytes > LONGEST_PACKET_BYTES) overrun("the broker sent a packet of more than 1 MiB");
    if (socket.writableLength > MOST_UNWRITTEN_BYTES) overrun("the broker does not read the answers it asks for");
  });
}

/**
 * Stores nothing: what a broker sends with QoS 2 is answered all the same, and what this side sends bypasses mqtt.js,
 * whose own store leaks a timer with each connection.
 */
export const NO_STORE: IStore = {
  put(_packet, done) {
    done();
    return NO_STORE;
  },
  get(_packet, done) {
    done(new Error("not kept"));
    return NO_STORE;
  },
  del(_packet, done) {
    done();
    return NO_STORE;
  },
  // Their type comes from a copy of Node.js' own.
  createStream: () => Readable.from([]) as unknown as ReturnType<IStore["createStream"]>,
  close: (done) => done(),
};
