/**
 * MQTT packets and messages, byte by byte, for a subscriber that keeps up with many scanners.
 *
 * @module
 */
const [QUOTE, LETTER_T, DIGIT_0] = [0x22, 0x74, 0x30];
/** Of `"timestamp":"2026-01-11T`, behind which the time of day stands. */
const BEFORE_TIME = 24;

/** The digits from `at` on. */
export function numberAt(bytes: Uint8Array, at: number): number {
  let number = 0;
  for (let digit = (bytes[at] ?? 0) - DIGIT_0; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - DIGIT_0) {
    number = number * 10 + digit;
  }
  return number;
}

/** When the report of a message was read, in milliseconds since midnight, UTC. `timestamp` is the first key with a t. */
export function timeOfDayMs(bytes: Uint8Array, payload: number): number {
  let at = payload;
  while (bytes[at] !== QUOTE || bytes[at + 1] !== LETTER_T) at++;
  at += BEFORE_TIME;
  const seconds = numberAt(bytes, at) * 3_600 + numberAt(bytes, at + 3) * 60 + numberAt(bytes, at + 6);
  return seconds * 1_000 + numberAt(bytes, at + 9);
}

/** FNV-1a, of 32 bits. */
export function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ (bytes[i] ?? 0), 0x01000193);
  return value;
}

/** A CONNECT that keeps the session, without keepalive. @see MQTT 3.1.1, 3.1 */
export function connectPacket(clientId: string): number[] {
  return packet(0x10, [...text("MQTT"), 4, 0, 0, 0, ...text(clientId)]);
}

/** A SUBSCRIBE to filters, each with its quality of service. @see MQTT 3.1.1, 3.8 */
export function subscribePacket(filters: readonly (readonly [string, number])[]): number[] {
  return packet(0x82, [0, 1, ...filters.flatMap(([filter, qos]) => [...text(filter), qos])]);
}

/** A packet of less than 128 bytes. */
function packet(first: number, body: readonly number[]): number[] {
  return [first, body.length, ...body];
}

function text(value: string): number[] {
  return [0, value.length, ...new TextEncoder().encode(value)];
}
