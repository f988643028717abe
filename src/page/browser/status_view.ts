import type { BrokerView, PageEvent, ScanView } from "../contract.ts";
import { element, show, showOrHide, showState, type Tone } from "./dom.ts";
import { ago, count, duration, rate, shortCount } from "./format.ts";
import { Rate } from "./rates.ts";

/** What is told in words. */
interface Told {
  readonly tone: Tone;
  readonly text: string;
  /** What to know about it; null: nothing. */
  readonly why: string | null;
}

/** Who the scanner is, what it hears, where it sends, what it loses: now. */
export class StatusView {
  readonly #received = new Rate();
  readonly #published = new Rate();
  readonly #news = element("news");
  #told = "";

  /** Shows what is true. */
  update(event: PageEvent, inRange: number): void {
    const { nowMs, scanner, counts } = event;
    document.title = `${scanner.id} · bt-scanner`;
    show(element("id"), scanner.id);
    show(element("about"), aboutText(event));
    this.#received.add(nowMs, counts.received);
    this.#published.add(nowMs, counts.published);
    this.#showHears(event, inRange);
    this.#showSends(event);
    showLosses(event);
  }

  /** Says aloud what has changed, and nothing else. */
  announce(text: string): void {
    if (text === this.#told) return;
    if (this.#told !== "") show(this.#news, text);
    this.#told = text;
  }

  #showHears({ scan, scanner, nowMs }: PageEvent, inRange: number): void {
    const told = scanner.endReason === null
      ? scanTold(scan, nowMs)
      : { tone: "bad", text: "Ended", why: scanner.endReason } as const;
    showState(element("scan"), told.tone, told.text);
    showOrHide(element("scan-why"), told.why);
    show(element("received-rate"), rateText(this.#received, nowMs));
    show(element("in-range"), count(inRange));
    show(element("heard"), scan.heardMs === null ? "never" : ago(nowMs - scan.heardMs));
  }

  #showSends({ broker, counts, nowMs }: PageEvent): void {
    const told = brokerTold(broker, nowMs);
    showState(element("broker"), told.tone, told.text);
    showOrHide(element("broker-why"), told.why);
    show(element("published-rate"), rateText(this.#published, nowMs));
    show(element("in-flight"), count(counts.inFlight));
    show(element("reconnects"), count(broker.reconnects));
    show(element("topic"), broker.topic);
  }
}

/** The state in one sentence, as it is announced when it changes. */
export function summary({ scan, broker }: PageEvent): string {
  const hears = scan.kind === "scanning" ? "Scanning" : `Not scanning: ${scan.reason ?? "starting"}`;
  const sends = broker.kind === "online" ? "connected to the broker" : "not connected to the broker";
  return `${hears}; ${sends}.`;
}

function rateText(of: Rate, nowMs: number): string {
  const perS = of.perS(nowMs);
  return perS === null ? "–" : rate(perS);
}

function aboutText({ scanner: { hostname, version, startedMs }, nowMs }: PageEvent): string {
  const where = hostname === null ? "" : `on ${hostname} · `;
  return `${where}bt-scanner ${version} · started ${duration(nowMs - startedMs)} ago`;
}

function scanTold({ kind, adapter, adapterAddress, mode, reason, sinceMs }: ScanView, nowMs: number): Told {
  const since = duration(nowMs - sinceMs);
  switch (kind) {
    case "starting":
      return { tone: "unknown", text: "Starting …", why: null };
    case "scanning":
      return {
        tone: "good",
        text: "Scanning",
        why: `for ${since}, ${mode ?? ""}ly, ${adapterText(adapter, adapterAddress)}`,
      };
    case "silent":
      return { tone: "bad", text: "Silent", why: `for ${since}: ${reason ?? ""}` };
    case "stopped":
      return { tone: "bad", text: "Not scanning", why: `for ${since}: ${reason ?? ""}` };
    default:
      return kind satisfies never;
  }
}

function adapterText(adapter: string | null, address: string | null): string {
  return `with ${adapter ?? "an adapter"}${address === null ? "" : ` (${address})`}`;
}

function brokerTold(
  { kind, names, current, isEncrypted, qos, address, reason, warning, sinceMs }: BrokerView,
  nowMs: number,
): Told {
  const since = duration(nowMs - sinceMs);
  const name = current ?? names.join(" or ");
  const where = address === null || name.includes(address) ? name : `${name} (${address})`;
  const how = `${isEncrypted ? "TLS" : "not encrypted"}, QoS ${qos}`;
  switch (kind) {
    case "online":
      return warning === null
        ? { tone: "good", text: "Connected", why: `for ${since}, to ${where}, ${how}` }
        : { tone: "fair", text: "Connected, with trouble", why: `for ${since}, to ${where}: ${warning}` };
    case "idle":
      return { tone: "unknown", text: "Starting …", why: null };
    case "connecting":
    case "waiting":
      return {
        tone: "bad",
        text: "Not connected",
        why: [`for ${since}, to ${where}`, reason, warning].filter((part) => part !== null).join(": "),
      };
    case "closing":
    case "closed":
      return { tone: "bad", text: "Closed", why: null };
    default:
      return kind satisfies never;
  }
}

function showLosses({ counts }: PageEvent): void {
  const dropped = counts.droppedOffline + counts.droppedBackpressure + counts.droppedRateLimited +
    counts.droppedUnacknowledged;
  const lost = dropped + counts.missed;
  const share = counts.received === 0 ? 0 : dropped / counts.received;
  const text = lost === 0 ? "Nothing" : percent(share);
  showState(element("losses"), lost === 0 ? "good" : share > 0.01 ? "bad" : "fair", text);
  show(element("dropped-offline"), shortCount(counts.droppedOffline));
  show(element("dropped-backpressure"), shortCount(counts.droppedBackpressure));
  show(element("dropped-rate-limited"), shortCount(counts.droppedRateLimited));
  show(element("dropped-unacknowledged"), shortCount(counts.droppedUnacknowledged));
  show(element("missed"), shortCount(counts.missed));
}

function percent(share: number): string {
  return share > 0 && share < 0.001 ? "Less than 0.1 %" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
