import type { ScanFeatures } from "./scan_parameters.ts";

/** What to do after a refusal: the same once more, that after switching the adapter off and on, or another way. */
export type AfterRefusal = "again" | "reset" | "next" | "give up";

/** A room in which something is heard sooner was not quiet a moment ago. */
const QUIET_MS = 10_000;
/** Error code: command disallowed (Vol 1, Part F, 2.12). */
const COMMAND_DISALLOWED = 0x0c;

/**
 * Chooses how to scan, run by run, for one controller: with the extended commands or the legacy ones.
 * What a controller claims and what it does are two things: there are ones that claim the extended
 * commands and refuse them, or accept them and report nothing.
 *
 * - A way that is refused before anything was heard with it is not tried again. Command Disallowed may pass, and it is what a controller
 *   answers that was sent the other family of commands since its last reset (Vol 4, Part E, 3.1.1): it
 *   is believed the third time, the adapter being switched off and on before that; at once where every
 *   way was refused since one was accepted, so that the adapter is not switched off and on for ever.
 * - The extended commands with which anything was heard are kept. Until then, a run in silence makes
 *   the next one legacy; if nothing is heard with that either, it is a quiet room or both are in
 *   vain, and the two take turns after 1, 2, 4, 8 … silent runs.
 * - Where legacy commands bring something only after some time, the room was quiet when the extended
 *   ones brought nothing: they get one run more at once.
 * - Once legacy commands have brought something, the extended ones get single runs at those turns,
 *   so that a quiet night does not put an end to them.
 */
export class ScanPlan {
  readonly #all: readonly ScanFeatures[];
  /** Best first; never empty. */
  #ways: readonly ScanFeatures[];
  #current: ScanFeatures;
  #disallowed = 0;
  /** Since then nothing was accepted. */
  #hasGivenUp = false;
  #silentRuns = 0;
  #nextTurn = 1;
  #heardExtended = false;
  #heardLegacy = false;

  /**
   * @param extended auto: extended where the controller claims it, and legacy commands besides
   */
  constructor(extended: "auto" | boolean, claimed: ScanFeatures) {
    const { codedPhy } = claimed;
    const legacy = { extended: false, codedPhy: false };
    const plain = { extended: true, codedPhy: false };
    const withExtended = codedPhy ? [{ extended: true, codedPhy }, plain] : [plain];
    if (extended === "auto") this.#all = claimed.extended ? [...withExtended, legacy] : [legacy];
    else this.#all = extended ? withExtended : [legacy];
    this.#ways = this.#all;
    this.#current = this.#best();
  }

  /** How the next run is to scan. */
  get current(): ScanFeatures {
    return this.#current;
  }

  /** The controller has refused the parameters, or to begin, and is not just busy. */
  refused(status: number): AfterRefusal {
    if (this.#current.extended && this.#heardExtended) return "give up";
    if (status === COMMAND_DISALLOWED && !this.#hasGivenUp && ++this.#disallowed < 3) {
      return this.#disallowed === 1 ? "again" : "reset";
    }
    this.#disallowed = 0;
    this.#ways = this.#ways.filter((way) => way !== this.#current);
    const isLast = this.#ways.length === 0;
    if (isLast) {
      this.#ways = this.#all;
      this.#hasGivenUp = true;
    }
    this.#current = this.#best();
    return isLast ? "give up" : "next";
  }

  /** The controller scans. */
  accepted(): void {
    this.#disallowed = 0;
    this.#hasGivenUp = false;
  }

  /** A run is over in which something was heard. */
  heard(): void {
    this.#silentRuns = 0;
    if (this.#current.extended) this.#heardExtended = true;
    else this.#heardLegacy = true;
  }

  /**
   * Something is heard in this run, for the first time, `afterMs` since it scans. Returns whether to end it
   * and {@linkcode tryExtended}.
   */
  endsQuiet(afterMs: number): boolean {
    const wasQuiet = afterMs >= QUIET_MS || this.#silentRuns > 1;
    return wasQuiet && !this.#current.extended && !this.#heardLegacy && this.#ways.some(({ extended }) => extended);
  }

  /** The next run uses the extended commands, where they are not known to be refused. */
  tryExtended(): void {
    this.#current = this.#best();
  }

  /** A run is over in which nothing was heard. Returns whether the next one uses the other commands. */
  silent(): boolean {
    const other = this.#ways.find(({ extended }) => extended !== this.#current.extended);
    if (other === undefined || this.#heardExtended && this.#current.extended) return false;
    const isTrialOver = this.#heardLegacy && this.#current.extended;
    if (!isTrialOver) {
      if (++this.#silentRuns < this.#nextTurn) return false;
      this.#nextTurn *= 2;
    }
    this.#current = other;
    return true;
  }

  /** The adapter was switched off and on, for it was stuck: what it refused before may work now. */
  reset(): void {
    if (this.#ways.length === this.#all.length) return;
    this.#ways = this.#all;
    if (!this.#current.extended && !this.#heardLegacy) this.#current = this.#best();
  }

  #best(): ScanFeatures {
    const [best] = this.#ways;
    if (best === undefined) throw new TypeError("There is always a way to scan");
    return best;
  }
}
