import type { DeviceView } from "../contract.ts";
import { Rate } from "./rates.ts";

/** One that has been silent for so long is no longer in range. */
const IN_RANGE_MS = 60_000;
/** As many are remembered, the strongest of them. */
const MOST = 500;
/** For how long signal strengths are remembered, and how many at most. */
const SIGNAL_MS = 120_000;
const MOST_POINTS = 120;

/** A signal strength at a moment of the scanner's clock. */
export interface SignalPoint {
  readonly atMs: number;
  readonly dbm: number;
}

/** What is known of a device. */
export interface KnownDevice {
  view: DeviceView;
  readonly rate: Rate;
  /** Oldest first. */
  signal: SignalPoint[];
}

/** How devices are put in order. */
export type DeviceOrder = "signal" | "rate" | "name" | "heard";

/** The devices in range, as far as the page was told of them. */
export class DeviceList {
  readonly #known = new Map<string, KnownDevice>();
  #nowMs = 0;

  /** Takes what is new, or all there is. */
  update(views: readonly DeviceView[], nowMs: number, isWhole: boolean): void {
    this.#nowMs = nowMs;
    if (isWhole) this.#known.clear();
    for (const view of views) this.#heard(view);
    for (const [address, { view }] of this.#known) {
      if (nowMs - view.heardMs > IN_RANGE_MS) this.#known.delete(address);
    }
    if (this.#known.size <= MOST) return;
    for (const { view } of this.sorted("signal").slice(MOST)) this.#known.delete(view.address);
  }

  /** How many there are. */
  get size(): number {
    return this.#known.size;
  }

  /** All of them in this order. */
  sorted(order: DeviceOrder): KnownDevice[] {
    return [...this.#known.values()].sort(this.#comparing(order));
  }

  #heard(view: DeviceView): void {
    const known: KnownDevice = this.#known.get(view.address) ?? { view, rate: new Rate(), signal: [] };
    known.view = view;
    known.rate.add(view.heardMs, view.reports);
    if (view.rssiDbm !== null && view.heardMs > (known.signal.at(-1)?.atMs ?? -1)) {
      const kept = known.signal.filter(({ atMs }) => view.heardMs - atMs <= SIGNAL_MS).slice(1 - MOST_POINTS);
      known.signal = [...kept, { atMs: view.heardMs, dbm: view.rssiDbm }];
    }
    this.#known.set(view.address, known);
  }

  /** Signals jump: those that differ by little stay in the order of their addresses. */
  #comparing(order: DeviceOrder): (one: KnownDevice, other: KnownDevice) => number {
    const byAddress = (one: KnownDevice, other: KnownDevice) => one.view.address < other.view.address ? -1 : 1;
    const falling = (of: (device: KnownDevice) => number) => (one: KnownDevice, other: KnownDevice) =>
      of(other) - of(one) || byAddress(one, other);
    switch (order) {
      case "signal":
        return falling(({ view }) => Math.round((view.rssiDbm ?? -200) / 3));
      case "rate":
        return falling(({ rate }) => Math.round(rate.perS(this.#nowMs) ?? 0));
      case "heard":
        return falling(({ view }) => Math.round(view.heardMs / 1_000));
      case "name":
        return (one, other) => compareNames(one.view.name, other.view.name) || byAddress(one, other);
      default:
        return order satisfies never;
    }
  }
}

/** Those without a name come last. */
function compareNames(one: string | null, other: string | null): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  return one.localeCompare(other);
}
