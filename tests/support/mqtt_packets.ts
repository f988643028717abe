/** One control packet as it stands on the wire. @see MQTT 3.1.1, 2.2 */
export interface MqttPacket {
  /** 1 CONNECT, 3 PUBLISH, 4 PUBACK, 12 PINGREQ, 14 DISCONNECT. */
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

/** Splits bytes into packets; what is left of a packet at the end is an error. */
export function decodePackets(bytes: Uint8Array): MqttPacket[] {
  const packets: MqttPacket[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = byteAt(bytes, at++);
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = byteAt(bytes, at++);
      length += (byte & 0x7f) * 2 ** shift;
      more = byte > 0x7f;
    }
    if (at + length > bytes.length) throw new RangeError(`A packet of ${length} bytes is cut at ${bytes.length - at}`);
    packets.push({ type: first >> 4, flags: first & 0x0f, body: bytes.slice(at, at + length) });
    at += length;
  }
  return packets;
}

/** Splits bytes that may end in the middle of a packet, which is left over. */
export function splitPackets(bytes: Uint8Array): { readonly packets: MqttPacket[]; readonly rest: Uint8Array } {
  let end = 0;
  for (let next = packetEnd(bytes, 0); next !== null; next = packetEnd(bytes, next)) end = next;
  return { packets: decodePackets(bytes.subarray(0, end)), rest: bytes.slice(end) };
}

/** Where the packet that begins `at` a place ends; null: later. */
function packetEnd(bytes: Uint8Array, at: number): number | null {
  let length = 0;
  for (let scale = 1, index = at + 1; index < bytes.length; scale *= 128) {
    const byte = byteAt(bytes, index++);
    length += (byte & 0x7f) * scale;
    if (byte <= 0x7f) return index + length <= bytes.length ? index + length : null;
  }
  return null;
}

/** A PUBLISH. @see MQTT 3.1.1, 3.3 */
export interface PublishPacket {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  /** null: QoS 0. */
  readonly id: number | null;
}

/** The PUBLISH packets among others. */
export function decodePublishes(bytes: Uint8Array): PublishPacket[] {
  return decodePackets(bytes).filter(({ type }) => type === 3).map(decodePublish);
}

/** Takes a PUBLISH apart. */
export function decodePublish({ flags, body }: MqttPacket): PublishPacket {
  const topicEnd = 2 + byteAt(body, 0) * 256 + byteAt(body, 1);
  const qos = (flags >> 1) & 3;
  const id = qos === 0 ? null : byteAt(body, topicEnd) * 256 + byteAt(body, topicEnd + 1);
  return {
    topic: text(body.slice(2, topicEnd)),
    payload: text(body.slice(qos === 0 ? topicEnd : topicEnd + 2)),
    qos,
    retain: (flags & 1) === 1,
    id,
  };
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new RangeError(`No byte at ${index} of ${bytes.length}`);
  return byte;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
