import type { PduKind } from "./pdu_kind.ts";

/** What a device's address is (Vol 4, Part E, 7.7.65.2 and 7.7.65.13). */
export type AddressType =
  | "public"
  | "random"
  | "public_identity" // a resolvable private address that the controller resolved to a public one
  | "random_identity" // … to a static random one
  | "anonymous" // extended advertising without an address; the address bytes mean nothing
  | "unknown"; // a value that the specification reserves

/**
 * The PDU that was received. A report of a legacy PDU, however it is reported, has the PDU's name.
 * Of an extended one the report does not tell which PDUs carried it (ADV_EXT_IND, AUX_ADV_IND,
 * AUX_CHAIN_IND …): `ADV_EXT_IND` stands for any that advertises, `AUX_SCAN_RSP` for the answer to
 * a scan request.
 *
 * @see Bluetooth Core Specification 5.4, Vol 6, Part B, 2.3
 */
export type AdvType =
  | "ADV_IND"
  | "ADV_DIRECT_IND"
  | "ADV_SCAN_IND"
  | "ADV_NONCONN_IND"
  | "SCAN_RSP"
  | "ADV_EXT_IND"
  | "AUX_SCAN_RSP";

/** Physical layer; `coded_s2` is told apart only by controllers that support coding selection. */
export type Phy = "1M" | "2M" | "coded" | "coded_s2";

/** One Manufacturer Specific Data structure. */
export interface ManufacturerData {
  /** Company identifier, 0–65535. */
  readonly companyId: number;
  /** What follows the company identifier. */
  readonly data: Uint8Array;
}

/** One Service Data structure. */
export interface ServiceData {
  /** Full lower-case 128-bit UUID. */
  readonly uuid: string;
  /** What follows the UUID. */
  readonly data: Uint8Array;
}

/**
 * What the AD structures of an advertisement say. Where a structure that should be there once is
 * repeated, the first counts.
 *
 * @see Core Specification Supplement 11, Part A, 1
 */
export interface AdFields {
  /** First byte of the Flags (the others are reserved); null: no Flags. */
  readonly flags: number | null;
  /**
   * The complete name, or else the shortened one; null: none, or an empty one. Invalid UTF-8 is
   * replaced by U+FFFD, NUL padding at the end is taken off.
   */
  readonly localName: string | null;
  /** Whether `localName` is the complete name; false without a name. */
  readonly localNameComplete: boolean;
  /** Services offered, complete and incomplete lists alike, as full lower-case 128-bit UUIDs, each once. */
  readonly serviceUuids: readonly string[];
  /** Services sought, likewise. */
  readonly solicitedUuids: readonly string[];
  /** Every structure, in order of appearance; one company may have several. */
  readonly manufacturerData: readonly ManufacturerData[];
  /** Every structure, in order of appearance; one service may have several. */
  readonly serviceData: readonly ServiceData[];
  /** Appearance, 0–65535; null: none. */
  readonly appearance: number | null;
  /** Transmit power, −127 … 127 dBm; null: not told. */
  readonly txPowerDbm: number | null;
  /** How many structures overran the data or were too short for their type; they were skipped. */
  readonly malformedStructures: number;
}

/**
 * Whether the data of a report is whole. truncated: the controller has cut it, nothing more came.
 * uncertain: packets were lost at that time, and pieces of it may have been among them.
 */
export type DataStatus = "complete" | "truncated" | "uncertain";

/** One advertising report, decoded. It owns its bytes. */
export interface Advertisement extends AdFields {
  /** When it was read from the transport: milliseconds since the Unix epoch, by the wall clock. */
  readonly receivedAtMs: number;
  /** `AA:BB:CC:DD:EE:FF`. */
  readonly address: string;
  /** What `address` is. */
  readonly addressType: AddressType;
  /** Signal strength; null: not available (127). */
  readonly rssiDbm: number | null;
  /** The PDU received. */
  readonly advType: AdvType;
  /** Whether it can be connected to; null: not told (a scan response in a legacy report). */
  readonly connectable: boolean | null;
  /** Whether it answers scan requests. */
  readonly scannable: boolean;
  /** Whether it is meant for one device. */
  readonly directed: boolean;
  /** Whether it answers a scan request. */
  readonly scanResponse: boolean;
  /** Null: a value that the specification reserves. */
  readonly primaryPhy: Phy | null;
  /** Null: nothing was sent on a secondary channel, as with every legacy PDU. */
  readonly secondaryPhy: Phy | null;
  /** Advertising set, 0–15; null: none. */
  readonly sid: number | null;
  /** The transmit power of the report, or else of the AD structures; null: neither tells. */
  readonly txPowerDbm: number | null;
  /** The AD structures as received, fragments joined. */
  readonly data: Uint8Array;
  /** Whether `data` is all of it. */
  readonly dataStatus: DataStatus;
}

/** What a report says besides its event type and data. */
export type ReportHead = Pick<
  Advertisement,
  | "receivedAtMs"
  | "address"
  | "addressType"
  | "rssiDbm"
  | "primaryPhy"
  | "secondaryPhy"
  | "sid"
  | "txPowerDbm"
  | "dataStatus"
>;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** An advertisement whose AD structures are being read. */
export interface AdvertisementDraft extends Writable<Advertisement> {
  /** Services offered, so far. */
  serviceUuids: string[];
  /** Services sought, so far. */
  solicitedUuids: string[];
  /** Manufacturer data, so far. */
  manufacturerData: ManufacturerData[];
  /** Service data, so far. */
  serviceData: ServiceData[];
}

/**
 * A report whose AD structures have not been read.
 *
 * Every key by name, in one object: measured, it takes 0.7 µs off every report against spreading three.
 */
export function draftAdvertisement(kind: PduKind, data: Uint8Array, head: ReportHead): AdvertisementDraft {
  return {
    receivedAtMs: head.receivedAtMs,
    address: head.address,
    addressType: head.addressType,
    rssiDbm: head.rssiDbm,
    advType: kind.advType,
    connectable: kind.connectable,
    scannable: kind.scannable,
    directed: kind.directed,
    scanResponse: kind.scanResponse,
    primaryPhy: head.primaryPhy,
    secondaryPhy: head.secondaryPhy,
    sid: head.sid,
    data,
    dataStatus: head.dataStatus,
    txPowerDbm: head.txPowerDbm,
    flags: null,
    localName: null,
    localNameComplete: false,
    serviceUuids: [],
    solicitedUuids: [],
    manufacturerData: [],
    serviceData: [],
    appearance: null,
    malformedStructures: 0,
  };
}
