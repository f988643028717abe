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
  const bytes = reports.flatMap((
    r,
  ) => [r.eventType, r.addressType, ...r.address, r.data.length, ...r.data, r.rssiDbm & 0xff]);
  return eventPacket(c.EVENT_LE_META, [c.SUBEVENT_ADVERTISING_REPORT, reports.length, ...bytes]);
}

/** An HCI_LE_Extended_Advertising_Report event of one or more reports (7.7.65.13). */
export function extendedReportsPacket(...reports: readonly ExtendedReportFields[]): Uint8Array {
  const noDirectAddress = [0, 0, 0, 0, 0, 0, 0];
  const noPeriodicInterval = [0, 0];
  const bytes = reports.flatMap((r) => [
    r.eventType & 0xff,
    r.eventType >> 8,
    r.addressType,
    ...r.address,
    r.primaryPhy ?? 1,
    r.secondaryPhy ?? 0,
    r.sid ?? 0xff,
    (r.txPowerDbm ?? 127) & 0xff,
    r.rssiDbm & 0xff,
    ...noPeriodicInterval,
    ...noDirectAddress,
    r.data.length,
    ...r.data,
  ]);
  return eventPacket(c.EVENT_LE_META, [c.SUBEVENT_EXTENDED_ADVERTISING_REPORT, reports.length, ...bytes]);
}

function eventPacket(code: number, parameters: readonly number[]): Uint8Array {
  return Uint8Array.of(c.PACKET_EVENT, code, parameters.length, ...parameters);
}
