import type { KnownDevice } from "./device_list.ts";
import { make, show } from "./dom.ts";
import { ago, count, rate } from "./format.ts";
import { Sparkline } from "./sparkline.ts";

/** A device's line in the list, which opens to all that is known of it. */
export class DeviceRow {
  /** The line. */
  readonly node: HTMLLIElement;
  readonly #details: HTMLDetailsElement;
  readonly #name = make("bdi", "name");
  readonly #maker = make("span", "maker muted");
  readonly #sparkline = new Sparkline();
  readonly #signal = make("span", "signal");
  readonly #rate = make("span", "rate muted");
  readonly #facts = make("dl", "facts");
  readonly #values = new Map<string, HTMLElement>();

  /** Shows nothing yet. */
  constructor() {
    const summary = make("summary", "", this.#name, this.#maker, this.#sparkline.node, this.#signal, this.#rate);
    this.#details = make("details", "", summary, this.#facts);
    this.#details.addEventListener("toggle", () => this.#details.dispatchEvent(new Event("opened", { bubbles: true })));
    this.node = make("li", "", this.#details);
  }

  /** Shows what is known at this moment of the scanner's clock. */
  show(device: KnownDevice, nowMs: number): void {
    const { view, signal } = device;
    const perS = device.rate.perS(nowMs);
    show(this.#name, view.name ?? view.address);
    this.#name.classList.toggle("unnamed", view.name === null);
    show(this.#maker, [...new Set([...view.companies, ...view.services])].join(", "));
    this.#sparkline.show(signal, nowMs);
    show(this.#signal, view.rssiDbm === null ? "? dBm" : `${minus(view.rssiDbm)} dBm`);
    show(this.#rate, perS === null ? "" : `${rate(perS)} /s`);
    if (this.#details.open) this.#showFacts(device, nowMs);
  }

  #showFacts({ view, signal }: KnownDevice, nowMs: number): void {
    const weakest = Math.min(...signal.map(({ dbm }) => dbm));
    const strongest = Math.max(...signal.map(({ dbm }) => dbm));
    this.#fact("Address", view.address);
    this.#fact("Name", view.name ?? "not told");
    this.#fact("Company", view.companies.join(", ") || "not told");
    this.#fact("Services", view.services.join(", ") || "none told");
    this.#fact(
      "Signal",
      signal.length === 0 ? "unknown" : `${minus(weakest)} to ${minus(strongest)} dBm in two minutes`,
    );
    this.#fact("Reports", count(view.reports));
    this.#fact("Last heard", ago(nowMs - view.heardMs));
    this.#fact(`Last payload`, payloadText(view.payload, view.payloadBytes), "hex");
  }

  #fact(label: string, text: string, className = ""): void {
    let value = this.#values.get(label);
    if (value === undefined) {
      value = make("dd", className);
      this.#values.set(label, value);
      this.#facts.append(make("div", "", make("dt", "", label), value));
    }
    show(value, text);
  }
}

/** With the sign that screen readers read as minus. */
function minus(dbm: number): string {
  return dbm < 0 ? `\u2212${-dbm}` : String(dbm);
}

function payloadText(hex: string, bytes: number): string {
  if (bytes === 0) return "empty";
  const pairs = hex.replace(/../g, "$& ").trimEnd();
  const more = bytes - hex.length / 2;
  return more > 0 ? `${pairs} … ${more} bytes more` : pairs;
}
