import * as c from "./constants.ts";

/** One legacy advertising report, as HCI_LE_Advertising_Report carries it (7.7.65.2). */
export interface LegacyReportFields {
  /** 0 ADV_IND, 1 ADV_DIRECT_IND, 2 ADV_SCAN_IND, 3 ADV_NONCONN_IND, 4 SCAN_RSP. */
  readonly eventType: number;
  /** 0 public, 1 random, 2 public identity, 3 random identity. */
  readonly addressType: number;
  /** Six bytes, least significant first. */
  readonly address: Uint8Array;
  /** AD structures, at most 31 bytes. */
  readonly data: Uint8Array;
  /** In dBm; 127: not available. */
  readonly rssiDbm: number;
}

/** One extended advertising report, as HCI_LE_Extended_Advertising_Report carries it (7.7.65.13). */
export interface ExtendedReportFields extends LegacyReportFields {
  /** 16 bits: 0 connectable, 1 scannable, 2 directed, 3 scan response, 4 legacy PDU, 5–6 data status. */
  readonly eventType: number;
  /** AD structures or a fragment of them, at most 229 bytes. */
  readonly data: Uint8Array;
  /** 1 LE 1M, 3 LE Coded; default 1. */
  readonly primaryPhy?: number;
  /** 0 none, 1 LE 1M, 2 LE 2M, 3 LE Coded; default 0. */
  readonly secondaryPhy?: number;
  /** Advertising SID 0–15; 255 (default): none. */
  readonly sid?: number;
  /** In dBm; 127 (default): not available. */
  readonly txPowerDbm?: number;
}

/** Packet type, event code, length, subevent, number of reports. */
const REPORTS_OFFSET = 5;

/** An AD structure: length, type, content (Core Specification 5.4, Vol 3, Part C, 11). */
export function adStructure(type: number, content: ArrayLike<number>): Uint8Array {
  return Uint8Array.of(content.length + 1, type, ...Array.from(content));
}

/** A command packet (Vol 4, Part E, 5.4.1). */
export function commandPacket(opcode: number, parameters: ArrayLike<number> = []): Uint8Array {
  return Uint8Array.of(c.PACKET_COMMAND, opcode & 0xff, opcode >> 8, parameters.length, ...Array.from(parameters));
}

/** The HCI_Command_Complete event that answers `opcode` (7.7.14); `results` begins with the status. */
export function commandCompletePacket(opcode: number, results: ArrayLike<number>): Uint8Array {
  return eventPacket(c.EVENT_COMMAND_COMPLETE, [1, opcode & 0xff, opcode >> 8, ...Array.from(results)]);
}

/** The HCI_Command_Status event that answers `opcode` (7.7.15). */
export function commandStatusPacket(opcode: number, status: number): Uint8Array {
  return eventPacket(c.EVENT_COMMAND_STATUS, [status, 1, opcode & 0xff, opcode >> 8]);
}

/** An HCI_LE_Advertising_Report event of one or more reports (7.7.65.2). */
export function legacyReportsPacket(...reports: readonly LegacyReportFields[]): Uint8Array {
  const packet = reportsPacket(c.SUBEVENT_ADVERTISING_REPORT, reports, 4);
  let at = REPORTS_OFFSET;
  for (const r of reports) {
    packet[at++] = r.eventType;
    packet[at++] = r.addressType;
    at = put(packet, at, r.address);
    packet[at++] = r.data.length;
    at = put(packet, at, r.data);
    packet[at++] = r.rssiDbm;
  }
  return packet;
}

/** An HCI_LE_Extended_Advertising_Report event of one or more reports (7.7.65.13). */
export function extendedReportsPacket(...reports: readonly ExtendedReportFields[]): Uint8Array {
  const noPeriodicIntervalNorDirectAddress = 9; // bytes that stay 0
  const packet = reportsPacket(c.SUBEVENT_EXTENDED_ADVERTISING_REPORT, reports, 18);
  let at = REPORTS_OFFSET;
  for (const r of reports) {
    packet[at++] = r.eventType;
    packet[at++] = r.eventType >> 8;
    packet[at++] = r.addressType;
    at = put(packet, at, r.address);
    packet[at++] = r.primaryPhy ?? 1;
    packet[at++] = r.secondaryPhy ?? 0;
    packet[at++] = r.sid ?? 0xff;
    packet[at++] = r.txPowerDbm ?? 127;
    packet[at++] = r.rssiDbm;
    at += noPeriodicIntervalNorDirectAddress;
    packet[at++] = r.data.length;
    at = put(packet, at, r.data);
  }
  return packet;
}

/** The event with room for its reports, which take `fixedBytes` each besides address and data. */
function reportsPacket(subevent: number, reports: readonly LegacyReportFields[], fixedBytes: number): Uint8Array {
  // Written in place, for the simulation builds tens of thousands a second: 1 µs a short report and
  // 2 µs a long one; by way of arrays it took 2.5 and 9 µs.
  let length = REPORTS_OFFSET;
  for (const { address, data } of reports) length += fixedBytes + address.length + data.length;
  const packet = new Uint8Array(length);
  packet.set([c.PACKET_EVENT, c.EVENT_LE_META, length - 3, subevent, reports.length]);
  return packet;
}

function put(packet: Uint8Array, at: number, bytes: Uint8Array): number {
  packet.set(bytes, at);
  return at + bytes.length;
}

function eventPacket(code: number, parameters: readonly number[]): Uint8Array {
  return Uint8Array.of(c.PACKET_EVENT, code, parameters.length, ...parameters);
}
