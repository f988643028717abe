import type { AdvType } from "./advertisement.ts";

/** What the event type of a report says. */
export interface PduKind {
  readonly advType: AdvType;
  readonly connectable: boolean | null;
  readonly scannable: boolean;
  readonly directed: boolean;
  readonly scanResponse: boolean;
}

/**
 * By the event type of a legacy report; the others are reserved.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.7.65.2
 */
export const LEGACY_KINDS: readonly PduKind[] = [
  { advType: "ADV_IND", connectable: true, scannable: true, directed: false, scanResponse: false },
  { advType: "ADV_DIRECT_IND", connectable: true, scannable: false, directed: true, scanResponse: false },
  { advType: "ADV_SCAN_IND", connectable: false, scannable: true, directed: false, scanResponse: false },
  { advType: "ADV_NONCONN_IND", connectable: false, scannable: false, directed: false, scanResponse: false },
  { advType: "SCAN_RSP", connectable: null, scannable: true, directed: false, scanResponse: true },
];

const CONNECTABLE = 1 << 0;
const SCANNABLE = 1 << 1;
const DIRECTED = 1 << 2;
const SCAN_RESPONSE = 1 << 3;
const LEGACY_PDU = 1 << 4;

/** Names of the legacy PDUs in extended reports; other combinations with that bit are reserved. */
const LEGACY_NAMES: Readonly<Record<number, AdvType>> = {
  [LEGACY_PDU | CONNECTABLE | SCANNABLE]: "ADV_IND",
  [LEGACY_PDU | CONNECTABLE | DIRECTED]: "ADV_DIRECT_IND",
  [LEGACY_PDU | SCANNABLE]: "ADV_SCAN_IND",
  [LEGACY_PDU]: "ADV_NONCONN_IND",
  [LEGACY_PDU | SCAN_RESPONSE | CONNECTABLE | SCANNABLE]: "SCAN_RSP", // to ADV_IND
  [LEGACY_PDU | SCAN_RESPONSE | SCANNABLE]: "SCAN_RSP", // to ADV_SCAN_IND
};

/**
 * By the low five bits of the event type of an extended report; null: reserved.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.7.65.13
 */
export const EXTENDED_KINDS: readonly (PduKind | null)[] = Array.from({ length: 32 }, (_, bits) => {
  const scanResponse = (bits & SCAN_RESPONSE) !== 0;
  const advType = (bits & LEGACY_PDU) !== 0 ? LEGACY_NAMES[bits] : scanResponse ? "AUX_SCAN_RSP" : "ADV_EXT_IND";
  if (advType === undefined) return null;
  return {
    advType,
    connectable: (bits & CONNECTABLE) !== 0,
    scannable: (bits & SCANNABLE) !== 0,
    directed: (bits & DIRECTED) !== 0,
    scanResponse,
  };
});
