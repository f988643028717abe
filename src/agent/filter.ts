import { type AddressKind, addressKind, AddressMap, type Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { matchesName } from "./name_pattern.ts";
import { Said } from "./said.ts";

/** Which reports are published: those that meet every condition that is set. */
export interface FilterOptions {
  /** The weakest signal that passes, in dBm; null: any, unknown strength included. */
  readonly minRssiDbm: number | null;
  /** Only devices whose address begins with one of these (`AA:BB:CC…`, upper-case); empty: all. */
  readonly allow: readonly string[];
  /** No devices whose address begins with one of these; stronger than `allow`. */
  readonly deny: readonly string[];
  /** Only addresses of one of these kinds; empty: all. */
  readonly addressTypes: readonly AddressKind[];
  /** Only devices that can be connected to, or only those that cannot; null: both. */
  readonly connectable: boolean | null;
  /** Only reports with manufacturer data of one of these companies; empty: all. */
  readonly companies: readonly number[];
  /** Only reports that list one of these services or have its data, as full lower-case 128-bit UUIDs; empty: all. */
  readonly services: readonly string[];
  /** Only devices with a name of one of these forms, see {@linkcode matchesName}; empty: all, nameless ones included. */
  readonly names: readonly string[];
  /** How often a device may repeat the same data, in milliseconds; null: as often as it likes. */
  readonly onChangeMs: number | null;
  /** The most messages per second that one device gets; null: no bound. */
  readonly maxRatePerDevice: number | null;
}

/** The conditions by the keys that set them, in the order in which they are looked at: the first that fails counts. */
export const FILTER_REASONS = [
  "min_rssi",
  "deny",
  "allow",
  "address_types",
  "connectable",
  "companies",
  "services",
  "names",
  "on_change_s",
  "max_rate_per_device",
] as const;

/** Why a report is left out. */
export type FilterReason = typeof FILTER_REASONS[number];

/** Whether an advertisement may pass. */
type Condition = (advertisement: Advertisement) => boolean;

/** At most this many devices are remembered; one that is forgotten may speak at once. */
const MAX_DEVICES = 4_096;

/** Sums of fractions of milliseconds are not exact. */
const ROUNDING_MS = 1e-6;

/** Decides report by report what is published. What is not set costs nothing. */
export class Filter {
  readonly #conditions: readonly { readonly reason: FilterReason; readonly holds: Condition }[];
  readonly #said: Said | null;

  /** Has heard of nobody yet. */
  constructor(options: FilterOptions, clock: Clock) {
    this.#said = options.onChangeMs === null ? null : new Said(options.onChangeMs, clock);
    const all = conditions(options, this.#said, clock);
    this.#conditions = FILTER_REASONS.flatMap((reason) => {
      const holds = all[reason];
      return holds === null ? [] : [{ reason, holds }];
    });
  }

  /** Why this report is left out; null: it passes, and counts towards its device's rate. */
  leftOutBy(advertisement: Advertisement): FilterReason | null {
    for (const { reason, holds } of this.#conditions) {
      if (!holds(advertisement)) return reason;
    }
    this.#said?.note(advertisement);
    return null;
  }

  /** What was published may be repeated at once. */
  forgetSaid(): void {
    this.#said?.forget();
  }
}

/** Null: not set. */
function conditions(options: FilterOptions, said: Said | null, clock: Clock): Record<FilterReason, Condition | null> {
  const { minRssiDbm, allow, deny, addressTypes, connectable, names, maxRatePerDevice } = options;
  const companies = new Set(options.companies);
  const services = new Set(options.services);
  const kinds = new Set(addressTypes);
  return {
    min_rssi: minRssiDbm === null ? null : ({ rssiDbm }) => rssiDbm !== null && rssiDbm >= minRssiDbm,
    deny: deny.length === 0 ? null : ({ address }) => !deny.some((prefix) => address.startsWith(prefix)),
    allow: allow.length === 0 ? null : ({ address }) => allow.some((prefix) => address.startsWith(prefix)),
    address_types: kinds.size === 0 ? null : (advertisement) => kinds.has(addressKind(advertisement)),
    connectable: connectable === null ? null : whetherConnectable(connectable),
    companies: companies.size === 0
      ? null
      : ({ manufacturerData }) => manufacturerData.some(({ companyId }) => companies.has(companyId)),
    services: services.size === 0
      ? null
      : ({ serviceUuids, serviceData }) =>
        serviceUuids.some((uuid) => services.has(uuid)) || serviceData.some(({ uuid }) => services.has(uuid)),
    names: names.length === 0
      ? null
      : ({ localName }) => localName !== null && names.some((pattern) => matchesName(pattern, localName)),
    on_change_s: said === null ? null : (advertisement) => said.isNews(advertisement),
    max_rate_per_device: maxRatePerDevice === null ? null : withinRate(maxRatePerDevice, clock),
  };
}

/** A scan response in a legacy report does not tell: what its device said before counts. */
function whetherConnectable(wanted: boolean): Condition {
  const told = new AddressMap<boolean>(MAX_DEVICES);
  return ({ address, connectable }) => {
    if (connectable === null) return told.get(address) === wanted;
    told.set(address, connectable);
    return connectable === wanted;
  };
}

/** A bucket that holds one second's worth, as the time at which it would be full again. */
function withinRate(maxRatePerDevice: number, clock: Clock): Condition {
  /** When each device's bucket is full again (monotonic, ms). */
  const full = new AddressMap<number>(MAX_DEVICES);
  const costMs = 1000 / maxRatePerDevice;
  const mostMs = Math.max(1000, costMs) + ROUNDING_MS;
  return ({ address }) => {
    const nowMs = clock.monotonicMs();
    const fullMs = Math.max(full.get(address) ?? nowMs, nowMs) + costMs;
    if (fullMs - nowMs > mostMs) return false;
    full.set(address, fullMs);
    return true;
  };
}
