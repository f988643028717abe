import type { DeviceList, DeviceOrder, KnownDevice } from "./device_list.ts";
import { DeviceRow } from "./device_row.ts";
import { element, elementOf, show } from "./dom.ts";
import { count } from "./format.ts";

/** As many are shown without being asked for. */
const FEW = 25;
/** As many are shown at most: a page is no database. */
const MOST = 250;
/** How often they are put in order anew: what is being read must not jump. */
const SORT_MS = 5_000;

const ORDERS: readonly DeviceOrder[] = ["signal", "rate", "name", "heard"];

/** The devices in range. */
export class DevicesView {
  readonly #devices: DeviceList;
  readonly #list = element("devices");
  readonly #count = element("near-count");
  readonly #note = element("device-note");
  readonly #more = elementOf("more-devices", HTMLButtonElement);
  readonly #find = elementOf("find", HTMLInputElement);
  readonly #order = elementOf("order", HTMLSelectElement);
  readonly #rows = new Map<string, DeviceRow>();
  #shown: readonly string[] = [];
  #sortedMs = -Infinity;
  #isAllShown = false;
  #nowMs = 0;

  /** Shows what is in this list. */
  constructor(devices: DeviceList) {
    this.#devices = devices;
    const anew = () => {
      this.#sortedMs = -Infinity;
      this.update(this.#nowMs);
    };
    this.#find.addEventListener("input", anew);
    this.#order.addEventListener("change", anew);
    this.#more.addEventListener("click", () => {
      this.#isAllShown = !this.#isAllShown;
      anew();
    });
    this.#list.addEventListener("opened", () => this.update(this.#nowMs));
  }

  /** Shows what is known at this moment of the scanner's clock. */
  update(nowMs: number): void {
    this.#nowMs = nowMs;
    const found = this.#devices.sorted(this.#orderWanted()).filter((device) => this.#isWanted(device));
    if (nowMs - this.#sortedMs >= SORT_MS || this.#list.childElementCount < FEW) {
      this.#arrange(this.#isInUse() ? this.#inPlace(found) : found);
      this.#sortedMs = nowMs;
    }
    for (const row of this.#rows.values()) row.node.classList.add("gone"); // it may stay while a pointer is there
    for (const device of found) {
      const row = this.#rows.get(device.view.address);
      row?.show(device, nowMs);
      row?.node.classList.remove("gone");
    }
    this.#showNote(found.length);
  }

  #orderWanted(): DeviceOrder {
    return ORDERS.find((order) => order === this.#order.value) ?? "signal";
  }

  #isWanted({ view }: KnownDevice): boolean {
    const text = [view.name ?? "", view.address, ...view.companies, ...view.services].join(" ").toLowerCase();
    return text.includes(this.#find.value.trim().toLowerCase());
  }

  /** Whoever has the keyboard or a pointer on a line wants it to stay where it is. */
  #isInUse(): boolean {
    return this.#list.matches(":focus-within, :hover");
  }

  /** Those that are shown stay where they are; others come after them. */
  #inPlace(found: readonly KnownDevice[]): KnownDevice[] {
    const place = new Map(this.#shown.map((address, index) => [address, index]));
    const placeOf = ({ view }: KnownDevice) => place.get(view.address) ?? Infinity;
    return found.toSorted((one, other) => placeOf(one) < placeOf(other) ? -1 : placeOf(one) > placeOf(other) ? 1 : 0);
  }

  /** Moves no more nodes than have to be: one that is moved loses the focus. */
  #arrange(devices: readonly KnownDevice[]): void {
    const addresses = devices.slice(0, this.#isAllShown ? MOST : FEW).map(({ view }) => view.address);
    const wanted = new Set(addresses);
    for (const [address, row] of this.#rows) {
      if (wanted.has(address)) continue;
      row.node.remove();
      this.#rows.delete(address);
    }
    addresses.forEach((address, index) => {
      const row = this.#rows.get(address) ?? new DeviceRow();
      this.#rows.set(address, row);
      const there = this.#list.children[index] ?? null;
      if (there !== row.node) this.#list.insertBefore(row.node, there);
    });
    this.#shown = addresses;
  }

  #showNote(found: number): void {
    const { size } = this.#devices;
    const isSearch = this.#find.value.trim() !== "";
    const all = isSearch ? `${count(found)} of ${count(size)} devices` : "";
    show(this.#count, size === 0 ? "" : `: ${count(size)}`);
    show(this.#note, size === 0 ? "Nothing heard since the page was opened." : all);
    this.#note.hidden = size !== 0 && !isSearch;
    this.#more.hidden = found <= FEW;
    show(
      this.#more,
      this.#isAllShown
        ? `Show the first ${FEW} only`
        : found > MOST
        ? `Show ${MOST} of ${count(found)}`
        : `Show all ${found}`,
    );
  }
}
