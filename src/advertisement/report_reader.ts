import { readAdStructures } from "./ad_structures.ts";
import { type AddressType, type DataStatus, draftAdvertisement, type Phy } from "./advertisement.ts";
import { ByteArena } from "./byte_arena.ts";
import { formatAddress } from "./format.ts";
import { Fragments } from "./fragments.ts";
import { EXTENDED_KINDS, LEGACY_KINDS } from "./pdu_kind.ts";
import type { ReportClock, ReportSink } from "./report_sink.ts";

/** What a {@linkcode ReportReader} works with. */
export interface ReportReaderOptions {
  /** Dates reports, and tells how old fragments are. */
  readonly clock: ReportClock;
  /** Takes what is read. */
  readonly sink: ReportSink;
  /** How many fragmented advertisements may wait for their last fragment; default 64. */
  readonly maxPendingFragments?: number;
  /** How many packets were lost so far before they could be read; default: never any. */
  readonly missed?: () => number;
}

const PACKET_EVENT = 0x04;
const EVENT_LE_META = 0x3e;
const SUBEVENT_ADVERTISING_REPORT = 0x02;
const SUBEVENT_EXTENDED_ADVERTISING_REPORT = 0x0d;

/** Offsets in a packet. */
const PARAMETER_LENGTH = 2;
const SUBEVENT = 3;
const FIRST_REPORT = 5;

/** Offsets in a report; the data is followed by one byte of RSSI in a legacy report. */
const LEGACY_DATA = 9;
const EXTENDED_DATA = 24;

/** Data status; 0: complete, 2: truncated, nothing more will come. */
const MORE_TO_COME = 1;
const TRUNCATED = 2;
const RESERVED_STATUS = 3;

/** A controller that says so tells of a legacy PDU, which is never fragmented. */
const LEGACY_PDU = 1 << 4;
/** What was lost is noticed before or after it is missed, by as long as packets wait to be read. */
const LOSS_MS = 1_000;

const NOT_AVAILABLE = 127;
const ANONYMOUS = 0xff;
const ADDRESS_TYPES: readonly AddressType[] = ["public", "random", "public_identity", "random_identity"];
const PHYS: readonly (Phy | null)[] = [null, "1M", "2M", "coded", "coded_s2"];

/**
 * Reads HCI events with LE advertising reports, legacy and extended, and joins fragmented ones.
 *
 * Every report ends as one advertisement or one `invalid`, a chain of fragments as a whole:
 *
 * - A report that cannot be told from what follows it ends its event. The reports before it count,
 *   and the rest of the event is invalid once, however many reports it was to hold.
 * - Bytes behind the last report promised are invalid once, too: something was lost with them, or
 *   the last report did not end where it said. That report counts, as it does for the kernel.
 * - Data longer than a PDU can hold is taken as it is: there are controllers that report an
 *   advertisement and its scan response as one, up to 62 bytes.
 * - A report with a reserved event type or data status is invalid, for nobody knows what it is. With
 *   a reserved address type it counts, its address type is `unknown`.
 * - Truncated data counts, and is marked. So is what may lack a fragment, packets having been lost.
 * - Malformed AD structures leave a report valid; they are counted in it.
 *
 * The reports of one event lie one after the other, as controllers send and the kernel reads them;
 * the specification's tables can be read as if every field were an array of its own.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.7.65.2 and 7.7.65.13
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Advertisement, ReportReader } from "./mod.ts";
 *
 * const heard: Advertisement[] = [];
 * const reader = new ReportReader({
 *   clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
 *   sink: { advertisement: (advertisement) => heard.push(advertisement), invalid: () => {} },
 * });
 * const event = "043e0f 0201 0300 ffeeddccbbaa 03 020106 c5";
 * reader.read(Uint8Array.fromHex(event.replaceAll(" ", "")));
 * assert.equal(heard[0]?.address, "AA:BB:CC:DD:EE:FF");
 * assert.equal(heard[0]?.rssiDbm, -59);
 * ```
 */
export class ReportReader {
  readonly #clock: ReportClock;
  readonly #sink: ReportSink;
  readonly #fragments: Fragments;
  readonly #arena = new ByteArena();
  readonly #missed: () => number;
  #missedBefore = 0;
  /** Until when a fragment may be among what was lost; monotonic. */
  #uncertainUntilMs = -Infinity;

  /** Waits for nothing yet. */
  constructor({ clock, sink, maxPendingFragments = 64, missed = () => 0 }: ReportReaderOptions) {
    this.#missed = missed;
    this.#clock = clock;
    this.#sink = sink;
    this.#fragments = new Fragments(maxPendingFragments, (fault) => sink.invalid(fault));
  }

  /** How many fragmented advertisements wait for their last fragment. */
  get pendingFragments(): number {
    return this.#fragments.pending;
  }

  /**
   * Reads one HCI packet, H4 packet type first; the bytes are not used after the call. Packets other
   * than LE Meta events and subevents other than advertising reports are passed over. Never throws.
   */
  read(packet: Uint8Array): void {
    if (packet[0] !== PACKET_EVENT || packet[1] !== EVENT_LE_META) return;
    if (this.#fragments.pending > 0) this.#fragments.expire(this.#clock.monotonicMs());
    if (packet.length <= SUBEVENT) return this.#sink.invalid("empty event");
    const legacy = packet[SUBEVENT] === SUBEVENT_ADVERTISING_REPORT;
    if (!legacy && packet[SUBEVENT] !== SUBEVENT_EXTENDED_ADVERTISING_REPORT) return;
    if (packet[PARAMETER_LENGTH] !== packet.length - SUBEVENT) return this.#sink.invalid("event length mismatch");
    const reports = packet[SUBEVENT + 1] ?? 0;
    if (reports === 0) return this.#sink.invalid("no reports");
    const end = legacy ? this.#readLegacy(packet, reports) : this.#readExtended(packet, reports);
    if (end < packet.length) this.#sink.invalid("trailing bytes");
  }

  /** Gives up what waits for a last fragment, each as one `invalid`: the source has ended. */
  end(): void {
    this.#fragments.giveUpAll();
  }

  /** Reads legacy reports; returns where they end. */
  #readLegacy(packet: Uint8Array, reports: number): number {
    const receivedAtMs = this.#clock.wallMs();
    let at = FIRST_REPORT;
    for (let left = reports; left > 0; left--) {
      const data = at + LEGACY_DATA;
      const end = data + (packet[data - 1] ?? 0);
      if (end >= packet.length) return this.#cutShort(packet);
      this.#legacyReport(packet, at, end, receivedAtMs);
      at = end + 1;
    }
    return at;
  }

  #readExtended(packet: Uint8Array, reports: number): number {
    const receivedAtMs = this.#clock.wallMs();
    let at = FIRST_REPORT;
    for (let left = reports; left > 0; left--) {
      const data = at + EXTENDED_DATA;
      // Where the length byte is missing, `data` is beyond the packet already.
      const end = data + (packet[data - 1] ?? 0);
      if (end > packet.length) return this.#cutShort(packet);
      this.#extendedReport(packet, at, end, receivedAtMs);
      at = end;
    }
    return at;
  }

  /** Ends the event: where the next report begins cannot be told. */
  #cutShort(packet: Uint8Array): number {
    this.#sink.invalid("report cut short");
    return packet.length;
  }

  #legacyReport(packet: Uint8Array, at: number, end: number, receivedAtMs: number): void {
    const kind = LEGACY_KINDS[packet[at] ?? 0];
    if (kind === undefined) return this.#sink.invalid("reserved event type");
    const data = this.#arena.copy(packet, at + LEGACY_DATA, end);
    this.#sink.advertisement(readAdStructures(draftAdvertisement(kind, data, {
      receivedAtMs,
      address: formatAddress(packet, at + 2),
      addressType: ADDRESS_TYPES[packet[at + 1] ?? 0] ?? "unknown",
      rssiDbm: dbm(packet[end]),
      primaryPhy: "1M",
      secondaryPhy: null,
      sid: null,
      txPowerDbm: null,
      dataStatus: "complete",
    })));
  }

  #extendedReport(packet: Uint8Array, at: number, end: number, receivedAtMs: number): void {
    const kind = EXTENDED_KINDS[(packet[at] ?? 0) & 0x1f] ?? null;
    if (kind === null) return this.#sink.invalid("reserved event type");
    const addressType = packet[at + 2] ?? 0;
    const address = formatAddress(packet, at + 3);
    const sid = packet[at + 11] ?? 0;
    const data = this.#dataOf(packet, at, end, `${addressType} ${address} ${sid} ${kind.scanResponse}`);
    if (data === null) return;
    this.#sink.advertisement(readAdStructures(draftAdvertisement(kind, data, {
      receivedAtMs,
      address,
      addressType: addressType === ANONYMOUS ? "anonymous" : ADDRESS_TYPES[addressType] ?? "unknown",
      rssiDbm: dbm(packet[at + 13]),
      primaryPhy: PHYS[packet[at + 9] ?? 0] ?? null,
      secondaryPhy: PHYS[packet[at + 10] ?? 0] ?? null,
      sid: sid < 16 ? sid : null,
      txPowerDbm: dbm(packet[at + 12]),
      dataStatus: this.#dataStatus(packet[at] ?? 0),
    })));
  }

  #dataStatus(eventType: number): DataStatus {
    if (dataStatusBits(eventType) === TRUNCATED) return "truncated";
    if ((eventType & LEGACY_PDU) !== 0) return "complete";
    const missed = this.#missed();
    const nowMs = this.#clock.monotonicMs();
    if (missed !== this.#missedBefore) this.#uncertainUntilMs = nowMs + LOSS_MS;
    this.#missedBefore = missed;
    return nowMs < this.#uncertainUntilMs ? "uncertain" : "complete";
  }

  /** The whole data of the extended report at `at`; null: more will come, or it cannot be had. */
  #dataOf(packet: Uint8Array, at: number, end: number, chain: string): Uint8Array | null {
    const status = dataStatusBits(packet[at] ?? 0);
    const start = at + EXTENDED_DATA;
    if (status === MORE_TO_COME) {
      this.#fragments.add(chain, packet.subarray(start, end), this.#clock.monotonicMs());
      return null;
    }
    if (status === RESERVED_STATUS) {
      this.#fragments.discard(chain);
      this.#sink.invalid("reserved data status");
      return null;
    }
    if (!this.#fragments.has(chain)) return this.#arena.copy(packet, start, end);
    const data = this.#fragments.finish(chain, packet.subarray(start, end));
    if (data === null) this.#sink.invalid("fragments too long");
    return data;
  }
}

function dataStatusBits(eventType: number): number {
  return eventType >> 5 & 3;
}

/** A signed byte, in dBm; null where the controller does not know. */
function dbm(byte = NOT_AVAILABLE): number | null {
  return byte === NOT_AVAILABLE ? null : byte << 24 >> 24;
}
