import { type Advertisement, RecentMap } from "../advertisement/mod.ts";

/** What is known of a device. Text is as received: not safe for a terminal or a page. */
export interface Device {
  /** `AA:BB:CC:DD:EE:FF`. */
  readonly address: string;
  /** Signal strength, smoothed over the last few reports; null: never reported. */
  readonly rssiDbm: number | null;
  /** The complete name, or else the shortened one; null: neither was heard. */
  readonly name: string | null;
  /** Company identifiers of the manufacturer data last seen. */
  readonly companies: readonly number[];
  /** Services last seen, offered or with data, as full 128-bit UUIDs. */
  readonly services: readonly string[];
  /** How many reports came from it. */
  readonly reports: number;
  /** When the last one came; monotonic. */
  readonly heardMs: number;
  /** The AD structures of the last one in lower-case hexadecimal digits, up to 64 bytes of them. */
  readonly payload: string;
  /** How many bytes they were. */
  readonly payloadBytes: number;
}

/** The devices heard, before any filter: the last 10,000 or so, however many there are. */
export interface Devices {
  /** How many are known. */
  readonly size: number;
  /** How many reports were heard, of these devices and of forgotten ones. */
  readonly reports: number;
  /** Those known, in no order. */
  values(): Iterable<Device>;
}

/** What is kept for a device is bounded, however much it sends. */
const MAX_NAME_LENGTH = 248;
const MAX_LISTED = 4;
const MAX_PAYLOAD_BYTES = 64;
/** Weight of the newest report in the signal strength, which jumps by 10 dB and more. */
const SMOOTHING = 0.25;

interface Entry extends Device {
  readonly isNameComplete: boolean;
}

/** Learns from each advertisement what there is to know of its device. */
export class DeviceTable implements Devices {
  readonly #devices: RecentMap<string, Entry>;
  #reports = 0;

  /** Knows nobody yet, and at most so many later. */
  constructor(maxDevices = 10_000) {
    this.#devices = new RecentMap(maxDevices);
  }

  /** How many are known. */
  get size(): number {
    return this.#devices.size;
  }

  /** How many reports were heard. */
  get reports(): number {
    return this.#reports;
  }

  /** Those known, in no order. */
  values(): Iterable<Device> {
    return this.#devices.values();
  }

  /** Learns what an advertisement says; `nowMs` is monotonic. */
  heard(heard: Advertisement, nowMs: number): void {
    this.#reports++;
    const before = this.#devices.get(heard.address);
    const { localName, localNameComplete } = heard;
    const isNewName = localName !== null && (localNameComplete || !before?.isNameComplete);
    this.#devices.set(heard.address, {
      address: heard.address,
      rssiDbm: smoothed(before?.rssiDbm ?? null, heard.rssiDbm),
      name: isNewName ? localName.slice(0, MAX_NAME_LENGTH) : before?.name ?? null,
      isNameComplete: isNewName ? localNameComplete : before?.isNameComplete ?? false,
      companies: newest(heard.manufacturerData.map(({ companyId }) => companyId), before?.companies),
      services: newest([...heard.serviceUuids, ...heard.serviceData.map(({ uuid }) => uuid)], before?.services),
      reports: (before?.reports ?? 0) + 1,
      heardMs: nowMs,
      payload: heard.data.subarray(0, MAX_PAYLOAD_BYTES).toHex(),
      payloadBytes: heard.data.length,
    });
  }
}

function smoothed(before: number | null, now: number | null): number | null {
  return before === null || now === null ? now ?? before : before + (now - before) * SMOOTHING;
}

/** What was heard, without duplicates; if that is nothing, what was known. */
function newest<T>(heard: readonly T[], known: readonly T[] = []): readonly T[] {
  return heard.length === 0 ? known : [...new Set(heard)].slice(0, MAX_LISTED);
}
