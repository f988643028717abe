import { backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import type { ConnectionFailure, FailureKind } from "./failure.ts";

/** Longest time from one look at the broker to the next; attempts and probes are looks. */
const LOOK_INTERVAL_MS = 5_000;
/** Longest pause after a look that took longer than that. */
const LOOK_PAUSE_MS = 1_000;
/**
 * The first wait after a drop is extended by up to this many initial delays, since the broker may have dropped many
 * clients at once.
 */
const FIRST_WAIT_SPREAD = 2;
/** A connection that has lasted this long, and twice the wait before it, counts as stable. */
const STABLE_AFTER_MS = 10_000;

/** What a {@linkcode Prospect} works with. */
export interface ProspectParts {
  /** Whether the broker listens. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  readonly policy: BackoffPolicy;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What an attempt came to that failed, or a connection that was lost. */
export interface Setback {
  /** How long until this broker is tried again, unless a probe sees it come back sooner. */
  readonly retryInMs: number;
  /** How often in a row this has happened. */
  readonly inARow: number;
}

/**
 * When a broker is worth the next attempt.
 *
 * The wait grows with each attempt that fails in a row. Refusals, and connections that end soon after being accepted,
 * are counted separately, so that a broker that accepts and drops, or a second client with the same identifier, is met
 * with backoff as well. Yet a broker that was away is found within seconds of its return:
 *
 * - Nothing listened: during a longer wait a probe every 5 s notices when something does again.
 * - Something listened but did not speak MQTT, or its certificate or one of our files was unusable: a probe would show
 *   nothing, so the attempts themselves come every 5 s.
 * - The broker refused, or dropped an accepted connection: it is there. The full wait applies, unless probes after a
 *   drop see it go away and come back.
 *
 * Every wait, also between probes, is randomised to between half and all of what is stated here, and the first one
 * after a loss can be up to three times as long, so that agents that lost a broker together do not return together.
 */
export class Prospect {
  /** Attempts in a row that failed, and how many of them the broker refused. */
  #failures = 0;
  #refusals = 0;
  /** Connections in a row that were lost before they were stable; 1 if the last one was stable. */
  #drops = 0;
  #kind: FailureKind | null = null;
  /** Whether it listened when it was last looked at. */
  #listened = true;
  #setbackMs = -Infinity;
  #dueMs = -Infinity;
  /** How long the broker was waited for before the last attempt. */
  #waitedMs = 0;
  /** When the last attempt or probe began. */
  #lookedMs = -Infinity;

  constructor(private readonly parts: ProspectParts) {}

  /** How long until the broker is worth an attempt, in milliseconds. */
  get dueInMs(): number {
    return Math.max(0, this.#dueMs - this.parts.clock.monotonicMs());
  }

  /** The number of the next attempt, from 1, since there was a connection last. */
  get attempt(): number {
    return this.#failures + 1;
  }

  /** How long a connection has to last to count as stable, in milliseconds. */
  get stableAfterMs(): number {
    return Math.max(STABLE_AFTER_MS, 2 * this.#waitedMs);
  }

  /** An attempt begins. */
  attempting(): void {
    const nowMs = this.parts.clock.monotonicMs();
    // Brokers that were due for long were not waited for.
    this.#waitedMs = this.#kind === null ? 0 : Math.min(nowMs, this.#dueMs) - this.#setbackMs;
    this.#lookedMs = nowMs;
  }

  /** The attempt has failed. */
  failed(failure: ConnectionFailure): Setback {
    const { kind } = failure;
    this.#failures++;
    if (kind === "rejected") this.#refusals++;
    const inARow = kind === "rejected" ? this.#refusals : this.#failures + Math.min(1, this.#drops); // the loss was the first
    const fullMs = this.#backoffMs(inARow);
    const isLookedAt = kind === "unresponsive" || kind === "unfit";
    return this.#setBack(kind, inARow, isLookedAt ? Math.min(fullMs, this.#untilLookMs()) : fullMs);
  }

  /** The attempt has succeeded. */
  accepted(): void {
    this.#failures = this.#refusals = 0;
  }

  /** Its connection is lost. */
  lost({ kind }: ConnectionFailure, isShort: boolean): Setback {
    const { policy, random } = this.parts;
    this.#lookedMs = this.parts.clock.monotonicMs();
    this.#drops = isShort ? this.#drops + 1 : 1;
    const fullMs = this.#backoffMs(this.#drops);
    const isCommon = kind === "dropped" && this.#drops === 1;
    const spreadMs = isCommon ? FIRST_WAIT_SPREAD * policy.initialDelayMs * random() : 0;
    return this.#setBack(kind, this.#drops, fullMs + spreadMs);
  }

  /** Another broker has accepted a connection: what comes now is another outage. */
  otherAccepted(): void {
    this.#failures = 0;
  }

  /** It is not tried for so long at least. */
  postpone(byMs: number): void {
    this.#dueMs = Math.max(this.#dueMs, this.parts.clock.monotonicMs() + byMs);
  }

  /** It may be tried at once. */
  invite(): void {
    this.#dueMs = Math.min(this.#dueMs, this.parts.clock.monotonicMs());
  }

  /**
   * Resolves when it is due: when the wait is over, or a probe sees that the broker, which did not listen, listens again.
   *
   * @throws the signal's reason, as soon as it aborts
   */
  async untilDue(signal: AbortSignal): Promise<void> {
    const { clock, probe } = this.parts;
    // A refusal proves that the broker is there, and a probe could not see why it refused.
    const worthProbing = this.#kind === "unreachable" || this.#kind === "dropped";
    while (worthProbing) {
      const pauseMs = this.#untilLookMs();
      if (this.dueInMs <= pauseMs) break;
      await clock.sleep(pauseMs, signal);
      this.#lookedMs = clock.monotonicMs();
      const listens = await probe(signal);
      if (listens && !this.#listened) return this.invite();
      this.#listened = listens;
    }
    await clock.sleep(this.dueInMs, signal);
    this.invite(); // timers may be a fraction early
  }

  #backoffMs(inARow: number): number {
    return backoffMs(inARow - 1, this.parts.policy, this.parts.random);
  }

  #setBack(kind: FailureKind, inARow: number, retryInMs: number): Setback {
    this.#kind = kind;
    this.#listened = kind !== "unreachable";
    this.#setbackMs = this.parts.clock.monotonicMs();
    this.#dueMs = this.#setbackMs + retryInMs;
    return { retryInMs, inARow };
  }

  /** How long to wait before the next look at the broker. A look that got no answer was a long one. */
  #untilLookMs(): number {
    const { clock, random } = this.parts;
    const jitter = 0.5 + random() / 2;
    const agoMs = clock.monotonicMs() - this.#lookedMs;
    return jitter * Math.max(LOOK_PAUSE_MS, LOOK_INTERVAL_MS - agoMs);
  }
}
