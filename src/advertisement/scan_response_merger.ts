import type { AddressType, Advertisement } from "./advertisement.ts";
import { AddressMap } from "./address_map.ts";

/** What a {@linkcode ScanResponseMerger} works with. */
export interface ScanResponseMergerOptions {
  /** Tells how old things are. */
  readonly clock: {
    /** Milliseconds since an arbitrary start, never going back. */
    monotonicMs(): number;
  };
  /** How many devices are remembered at most, the half heard last for certain; default 4096. */
  readonly maxDevices?: number;
  /** How long what a device said may stand in for what it does not repeat, in milliseconds; default: a minute. */
  readonly maxAgeMs?: number;
}

/**
 * More is not remembered, so that memory stays small whatever is sent: a device name has at most
 * 248 bytes (Vol 3, Part C, 3.2.2), a legacy PDU holds at most 14 UUIDs.
 */
const MAX_NAME_LENGTH = 248;
const MAX_UUIDS = 14;

/**
 * What one device said last, and when, in seconds of the monotonic clock: V8 keeps whole numbers in their place, and
 * takes 16 bytes from the heap for each other one.
 */
interface Memory {
  readonly addressType: AddressType;
  localName: string | null;
  localNameComplete: boolean;
  localNameAtS: number;
  serviceUuids: readonly string[];
  serviceUuidsAtS: number;
  txPowerDbm: number | null;
  txPowerAtS: number;
}

const NONE: readonly string[] = [];

/**
 * Fills in what an advertisement lacks of name, service UUIDs and transmit power, from what the same
 * address said lately: devices put these into either of advertisement and scan response.
 * A remembered complete name also replaces the shortened one that it begins with. Manufacturer and
 * service data are measurements, and never carried over.
 *
 * Of two devices with the same address but address types of their own, one is remembered: the last
 * that had something to say.
 *
 * @example
 * ```ts
 * import { type Advertisement, ScanResponseMerger } from "./mod.ts";
 *
 * const merger = new ScanResponseMerger({ clock: { monotonicMs: () => performance.now() } });
 * export const nameOf = (heard: Advertisement): string | null => merger.merge(heard).localName;
 * ```
 */
export class ScanResponseMerger {
  readonly #memories: AddressMap<Memory>;
  readonly #clock: ScanResponseMergerOptions["clock"];
  readonly #maxAgeS: number;

  /** Remembers nobody yet. */
  constructor({ clock, maxDevices = 4_096, maxAgeMs = 60_000 }: ScanResponseMergerOptions) {
    this.#clock = clock;
    this.#maxAgeS = maxAgeMs / 1_000;
    this.#memories = new AddressMap(maxDevices);
  }

  /**
   * How much room is taken, in devices, of which some may take two. Those that said nothing that could be filled in take
   * none; what has grown old goes with its generation.
   */
  get devices(): number {
    return this.#memories.size;
  }

  /** Remembers what the advertisement says; returns it, or a copy with what it lacked filled in. */
  merge(advertisement: Advertisement): Advertisement {
    // Without an address nobody knows which reports are of one device.
    if (advertisement.addressType === "anonymous") return advertisement;
    const nowS = Math.floor(this.#clock.monotonicMs() / 1_000);
    const known = this.#recall(advertisement, nowS);
    if (known === undefined && !saysSomething(advertisement)) return advertisement;
    const merged = known === undefined ? advertisement : filledIn(advertisement, known);
    const memory = known ?? emptyMemory(advertisement.addressType);
    remember(memory, advertisement, nowS);
    this.#memories.set(advertisement.address, memory);
    return merged;
  }

  /** What is known of the device and still fresh; undefined: nothing. */
  #recall({ address, addressType }: Advertisement, nowS: number): Memory | undefined {
    const memory = this.#memories.get(address);
    if (memory?.addressType !== addressType) return undefined;
    const oldestS = nowS - this.#maxAgeS;
    if (memory.localNameAtS <= oldestS) memory.localName = null;
    if (memory.serviceUuidsAtS <= oldestS) memory.serviceUuids = NONE;
    if (memory.txPowerAtS <= oldestS) memory.txPowerDbm = null;
    return saysSomething(memory) ? memory : undefined;
  }
}

/** Whether there is anything to remember. */
function saysSomething({ localName, serviceUuids, txPowerDbm }: Advertisement | Memory): boolean {
  return localName !== null || serviceUuids.length > 0 || txPowerDbm !== null;
}

function emptyMemory(addressType: AddressType): Memory {
  return {
    addressType,
    localName: null,
    localNameComplete: false,
    localNameAtS: 0,
    serviceUuids: NONE,
    serviceUuidsAtS: 0,
    txPowerDbm: null,
    txPowerAtS: 0,
  };
}

function filledIn(advertisement: Advertisement, memory: Memory): Advertisement {
  const name = knowsBetterName(memory, advertisement);
  const uuids = advertisement.serviceUuids.length === 0 && memory.serviceUuids.length > 0;
  const txPower = advertisement.txPowerDbm === null && memory.txPowerDbm !== null;
  if (!name && !uuids && !txPower) return advertisement;
  return {
    ...advertisement,
    localName: name ? memory.localName : advertisement.localName,
    localNameComplete: name ? memory.localNameComplete : advertisement.localNameComplete,
    serviceUuids: uuids ? memory.serviceUuids : advertisement.serviceUuids,
    txPowerDbm: txPower ? memory.txPowerDbm : advertisement.txPowerDbm,
  };
}

function remember(memory: Memory, advertisement: Advertisement, nowS: number): void {
  const { localName, localNameComplete, serviceUuids, txPowerDbm } = advertisement;
  if (localName !== null && !knowsBetterName(memory, advertisement)) {
    memory.localName = localName.length <= MAX_NAME_LENGTH ? localName : null;
    memory.localNameComplete = localNameComplete;
    memory.localNameAtS = nowS;
  }
  if (serviceUuids.length > 0) {
    memory.serviceUuids = serviceUuids.length <= MAX_UUIDS ? serviceUuids : NONE;
    memory.serviceUuidsAtS = nowS;
  }
  if (txPowerDbm !== null) {
    memory.txPowerDbm = txPowerDbm;
    memory.txPowerAtS = nowS;
  }
}

/** Whether the remembered name is one where the advertisement has none, or the complete form of its. */
function knowsBetterName(memory: Memory, { localName, localNameComplete }: Advertisement): boolean {
  if (memory.localName === null) return false;
  if (localName === null) return true;
  return memory.localNameComplete && !localNameComplete && memory.localName.startsWith(localName);
}
