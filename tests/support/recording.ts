import {
  adStructure,
  encodeBtsnoopHeader,
  encodeBtsnoopRecord,
  type LegacyReportFields,
  legacyReportsPacket,
} from "../../src/hci/mod.ts";

/** A btsnoop recording of these packets from the controller, one millisecond apart. */
export function recordingOf(packets: readonly Uint8Array[]): Uint8Array {
  const records = packets.map((packet, i) =>
    encodeBtsnoopRecord({ packet, received: true, timestampMs: Date.UTC(2026, 0, 1) + i })
  );
  const parts = [encodeBtsnoopHeader(), ...records];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A report of a device that counts: manufacturer data of company 0xFFFF with `count` in it. */
export function countingReport(count: number, deviceIndex = 0): LegacyReportFields {
  const bytes = [count >>> 24, count >> 16 & 0xff, count >> 8 & 0xff, count & 0xff];
  return {
    eventType: 3,
    addressType: 1,
    address: Uint8Array.of(deviceIndex & 0xff, deviceIndex >> 8, 0, 0, 0, 0xc0),
    data: adStructure(0xff, [0xff, 0xff, ...bytes]),
    rssiDbm: -60,
  };
}

/** `count` events, each with one counting report, of `devices` devices in turn. */
export function countingPackets(count: number, devices = 1): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => legacyReportsPacket(countingReport(i, i % devices)));
}

/** The number in a message made of a {@linkcode countingReport}. */
export function countOf(payload: string): number {
  return parseInt(JSON.parse(payload).manufacturer_data.ffff, 16);
}
