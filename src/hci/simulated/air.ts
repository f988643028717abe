import { type ExtendedReportFields, extendedReportsPacket, legacyReportsPacket } from "../packets.ts";
import type { ControllerScanning } from "../virtual_controller.ts";
import { AdWriter } from "./ad_writer.ts";
import { Crowd } from "./crowd.ts";
import type { Pdu } from "./advertiser_kinds.ts";
import { Random } from "./random.ts";

/** Bounds the search when most advertisers are out of the scan's reach. */
const MAX_SEARCH = 16;
const MAX_FRAGMENT_BYTES = 229;
const MORE_DATA = 0b01 << 5;
const SCAN_RSP = 4;
const RSSI_UNKNOWN = 127;
const ONE_WITHOUT_RSSI_IN = 200;

const PHY_LE_1M = 1;
const PHY_LE_2M = 2;
const PHY_LE_CODED = 3;

/** Event_Type of legacy PDUs: in a legacy report, in an extended one, and of the scan response there. */
const LEGACY_PDUS = {
  ADV_IND: { legacy: 0, extended: 0x13, response: 0x1b },
  ADV_SCAN_IND: { legacy: 2, extended: 0x12, response: 0x1a },
  ADV_NONCONN_IND: { legacy: 3, extended: 0x10, response: 0x1a },
} as const;

const EXTENDED_PHYS = {
  extended: { primaryPhy: PHY_LE_1M, secondaryPhy: PHY_LE_2M },
  coded: { primaryPhy: PHY_LE_CODED, secondaryPhy: PHY_LE_CODED },
} as const;

/** What a {@linkcode Crowd} of advertisers sends, in random order, and how strongly it is received. */
export class Air {
  readonly #crowd: Crowd;
  readonly #random: Random;
  readonly #ad = new AdWriter();
  /** Received strength by advertiser, 0 before the first time: a byte each is all that is kept. */
  readonly #rssiDbm: Int8Array;
  /** Simulated time, so that what is sent does not depend on a clock. */
  #ageMs = 0;

  constructor(private readonly devices: number, seed: number, addressLifetimeMs: number) {
    this.#crowd = new Crowd(seed, addressLifetimeMs);
    this.#random = new Random(seed);
    this.#rssiDbm = new Int8Array(devices);
  }

  /** Lets time pass. */
  elapse(ms: number): void {
    this.#ageMs += ms;
  }

  /** The events of a scan, one after the other; null for one that the scan does not hear. */
  *hear(scan: ControllerScanning): Generator<Uint8Array | null, never> {
    const heard = scan.filterDuplicates ? new Uint32Array(this.devices) : null;
    while (true) {
      const index = this.#pick(scan);
      const advertiser = index === null ? null : this.#crowd.advertiser(index, this.#ageMs);
      if (index === null || advertiser === null || isDuplicate(heard, index, advertiser.epoch)) {
        yield null;
        continue;
      }
      const { kind, address } = advertiser;
      const rssiDbm = this.#nextRssiDbm(index, advertiser.id);
      const common = { eventType: 0, addressType: kind.address === "public" ? 0 : 1, address, rssiDbm };
      kind.advertise(this.#ad.clear(), advertiser);
      if (kind.pdu === "extended" || kind.pdu === "coded") {
        yield* this.#extended({ ...common, ...EXTENDED_PHYS[kind.pdu], sid: advertiser.id % 16 });
        continue;
      }
      const types = LEGACY_PDUS[kind.pdu];
      yield this.#legacy(scan, common, types.legacy, types.extended);
      if (!scan.active || kind.respond === undefined) continue;
      kind.respond(this.#ad.clear(), advertiser);
      yield this.#legacy(scan, common, SCAN_RSP, types.response);
    }
  }

  #pick(scan: ControllerScanning): number | null {
    for (let tries = 0; tries < MAX_SEARCH; tries++) {
      const index = this.#random.below(this.devices);
      if (isInReach(this.#crowd.kind(this.#crowd.id(index)).pdu, scan)) return index;
    }
    return null;
  }

  #legacy(
    scan: ControllerScanning,
    common: Omit<ExtendedReportFields, "data">,
    legacy: number,
    extended: number,
  ): Uint8Array {
    const data = this.#ad.bytes;
    return scan.extended
      ? extendedReportsPacket({ ...common, data, eventType: extended })
      : legacyReportsPacket({ ...common, data, eventType: legacy });
  }

  *#extended(fields: Omit<ExtendedReportFields, "data">): Generator<Uint8Array, void> {
    const data = this.#ad.bytes;
    for (let start = 0; start < data.length; start += MAX_FRAGMENT_BYTES) {
      const end = start + MAX_FRAGMENT_BYTES;
      const eventType = end < data.length ? MORE_DATA : 0;
      yield extendedReportsPacket({ ...fields, eventType, data: data.subarray(start, end) });
    }
  }

  /** A few dB up or down from where it was, around a strength of the advertiser's own. */
  #nextRssiDbm(index: number, id: number): number {
    const own = -45 - id % 45;
    const before = this.#rssiDbm[index] || own;
    const now = Math.min(Math.max(before + this.#random.below(5) - 2, own - 10), own + 10);
    this.#rssiDbm[index] = now;
    return this.#random.below(ONE_WITHOUT_RSSI_IN) === 0 ? RSSI_UNKNOWN : now;
  }
}

/** Notes that an advertiser was heard under its present address, as epoch + 1; says whether it was noted before. */
function isDuplicate(heard: Uint32Array | null, index: number, epoch: number): boolean {
  if (heard === null) return false;
  if (heard[index] === epoch + 1) return true;
  heard[index] = epoch + 1;
  return false;
}

function isInReach(pdu: Pdu, scan: ControllerScanning): boolean {
  switch (pdu) {
    case "extended":
      return scan.extended && scan.le1mPhy;
    case "coded":
      return scan.extended && scan.codedPhy;
    default:
      return scan.le1mPhy;
  }
}
