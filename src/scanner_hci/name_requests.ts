import { AddressMap, type Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";

/** The longest time that devices are asked at a stretch; it ends as soon as all have answered. */
export const WINDOW_MS = 3_000;
/** What may be spent at once after a time in which nobody had to be asked. */
const MOST_SAVED_MS = 4 * WINDOW_MS;
/** At most this many devices are remembered; one that is forgotten is asked as if it were new. */
const MAX_DEVICES = 4_096;
/** How many may wait to be asked; the others are asked with them, and come next where they miss it. */
const MAX_WAITING = 64;

/** A name that was heard is soon to be forgotten by whoever fills it in: `NAMES_LAST_MS`, less the time to ask again. */
const NAMED_S = 50 * 60;
/** Who has answered without a name has none. */
const ANSWERED_S = 24 * 60 * 60;
/** How long who has not answered is left alone: after the first time, the second …; the last for each further time. */
const UNANSWERED_S: readonly number[] = [30, 120, 600, 3_600, 24 * 60 * 60];

/** How long names last that are learnt by asking, in milliseconds: until those who have them are asked again, and longer. */
export const NAMES_LAST_MS = 60 * 60_000;

/** What is known of one device. */
interface Asked {
  /** How often in a row it has not answered. */
  unanswered: number;
  /** Until then it is left alone, in seconds of the monotonic clock. */
  untilS: number;
}

/**
 * Decides when a passive scan becomes active for a moment: when devices are heard that have not told a name and answer
 * scan requests, as far as a share of all time allows. Whom asking does not help is asked ever more rarely.
 *
 * Whatever the devices do, the scan is active for no more than {@linkcode MOST_SAVED_MS} and that share of the time.
 */
export class NameRequests {
  readonly #devices = new AddressMap<Asked>(MAX_DEVICES);
  /** Those to be asked next, or being asked. */
  readonly #waiting = new Set<string>();
  #savedMs = MOST_SAVED_MS;
  /** Up to when it was saved. */
  #savedAtMs: number;
  /** Since when the scan is active; null: it is not. */
  #sinceMs: number | null = null;

  /**
   * Nobody has been heard.
   *
   * @param share the largest share of the time in which the scan may be active, above 0, below 1
   */
  constructor(private readonly share: number, private readonly clock: Clock) {
    this.#savedAtMs = clock.monotonicMs();
  }

  /** How many devices wait to be asked, or to answer; counted up to 64. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether the scan should change: become active, or passive again. */
  get isDue(): boolean {
    const nowMs = this.clock.monotonicMs();
    if (this.#sinceMs !== null) return this.#waiting.size === 0 || nowMs - this.#sinceMs >= WINDOW_MS;
    return this.#waiting.size > 0 && this.#saved(nowMs) >= WINDOW_MS;
  }

  /** An advertisement was heard. */
  heard({ address, addressType, localName, scanResponse, scannable, directed }: Advertisement): void {
    if (addressType === "anonymous") return;
    const isNamed = localName !== null;
    if (!isNamed && !scanResponse && (!scannable || directed)) return; // nothing more is to be had from it
    const device = this.#devices.get(address) ?? { unanswered: 0, untilS: 0 };
    this.#devices.set(address, device); // who is in range is not forgotten for those who pass by
    const nowS = Math.floor(this.clock.monotonicMs() / 1_000);
    if (isNamed || scanResponse) {
      device.unanswered = 0;
      device.untilS = Math.max(device.untilS, nowS + (isNamed ? NAMED_S : 0));
      if (!isNamed && this.#waiting.has(address)) device.untilS = nowS + ANSWERED_S;
      this.#waiting.delete(address);
    } else if (nowS >= device.untilS && this.#waiting.size < MAX_WAITING) this.#waiting.add(address);
  }

  /** The scan becomes active. */
  begin(): void {
    const nowMs = this.clock.monotonicMs();
    this.#saved(nowMs);
    this.#sinceMs = nowMs;
  }

  /** The scan is passive again, or over. Returns for how long it was active, in milliseconds. */
  end(): number {
    if (this.#sinceMs === null) return 0;
    const nowMs = this.clock.monotonicMs();
    const activeMs = nowMs - this.#sinceMs;
    this.#savedMs -= activeMs;
    this.#savedAtMs = nowMs;
    this.#sinceMs = null;
    for (const address of this.#waiting) this.#leaveAlone(address, Math.floor(nowMs / 1_000));
    this.#waiting.clear();
    return activeMs;
  }

  #leaveAlone(address: string, nowS: number): void {
    const device = this.#devices.get(address);
    if (device === undefined) return;
    device.untilS = nowS + (UNANSWERED_S[device.unanswered] ?? UNANSWERED_S.at(-1) ?? 0);
    device.unanswered++;
  }

  /** What may be spent on asking. */
  #saved(nowMs: number): number {
    this.#savedMs = Math.min(MOST_SAVED_MS, this.#savedMs + (nowMs - this.#savedAtMs) * this.share);
    this.#savedAtMs = nowMs;
    return this.#savedMs;
  }
}
