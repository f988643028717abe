import type { ConnectionState, LogFields } from "../agent/mod.ts";
import { backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import type { ConnectionLog, FailureEvent } from "./connection_log.ts";
import { ConnectionFailure } from "./failure.ts";
import type { LossPattern } from "./loss_pattern.ts";

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

/** A connection that the broker has accepted. */
export interface OpenConnection {
  /** The broker's address that it was made to; null: unknown. */
  readonly address: string | null;
  /** Resolves when it has ended, with the reason. */
  readonly lost: Promise<ConnectionFailure>;
  /** Ends it, with a DISCONNECT if `graceful`. Takes a bounded time. */
  close(graceful: boolean): Promise<void>;
}

/** What {@linkcode BrokerConnection} works with. */
export interface ConnectionParts<C extends OpenConnection> {
  /** Makes one attempt; rejects with a {@linkcode ConnectionFailure}, or the signal's reason. */
  readonly open: (signal: AbortSignal) => Promise<C>;
  /** Whether the broker listens. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  /** Called for each connection as soon as the broker has accepted it. */
  readonly online: (connection: C) => void;
  /** Called for each such connection when it has ended. */
  readonly offline: (reason: ConnectionFailure) => void;
  readonly policy: BackoffPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: ConnectionLog;
  /** Finds out what losses have in common. */
  readonly losses: LossPattern;
  /** Hears of each state, of `online` after {@linkcode ConnectionParts.online}. */
  readonly changed: (state: ConnectionState) => void;
  /** Called when what {@linkcode LossPattern.warning} says may have changed. */
  readonly warned: () => void;
}

/** How an attempt ended, or the connection that it made. */
interface Ending {
  readonly event: FailureEvent;
  readonly failure: ConnectionFailure;
  /** What is told with it. */
  readonly fields?: LogFields;
}

/**
 * Keeps a connection to the broker for as long as it is wanted.
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
export class BrokerConnection<C extends OpenConnection> {
  /** Attempts in a row that failed, and how many of them the broker refused. */
  #failures = 0;
  #refusals = 0;
  /** Connections in a row that were lost before they were stable; 1 if the last one was stable. */
  #drops = 0;
  #lastWaitMs = 0;
  /** When the last attempt or probe began. */
  #lookedMs = -Infinity;

  constructor(private readonly parts: ConnectionParts<C>) {}

  /**
   * Connects, again and again, until `signal` aborts. Then it closes what is open and resolves.
   *
   * @param graceful asked at the end: whether to send a DISCONNECT
   */
  async run(graceful: () => boolean, signal: AbortSignal): Promise<void> {
    const reminding = this.parts.log.run(signal);
    while (!signal.aborted) {
      const ending = await this.#attempt(graceful, signal);
      if (signal.aborted) break;
      await this.#wait(ending, signal);
    }
    await reminding;
    this.parts.changed({ kind: "closed" });
  }

  async #attempt(graceful: () => boolean, signal: AbortSignal): Promise<Ending> {
    this.parts.changed({ kind: "connecting", attempt: this.#failures + 1 });
    this.#lookedMs = this.parts.clock.monotonicMs();
    let connection: C;
    try {
      connection = await this.parts.open(signal);
    } catch (error) {
      const failure = asFailure(error);
      this.#failures++;
      if (failure.kind === "rejected") this.#refusals++;
      return { event: "broker connection failed", failure };
    }
    return await this.#stayOnline(connection, graceful, signal);
  }

  async #stayOnline(connection: C, graceful: () => boolean, signal: AbortSignal): Promise<Ending> {
    const { clock, log, losses, online, offline, changed, warned } = this.parts;
    const sinceMs = clock.monotonicMs();
    const stableAfterMs = Math.max(STABLE_AFTER_MS, 2 * this.#lastWaitMs);
    const { address } = connection;
    log.online({ ...(address === null ? {} : { address }), attempt: this.#failures + 1 });
    this.#failures = this.#refusals = 0;
    losses.accepted();
    online(connection);
    changed({ kind: "online", sinceMs, address });
    const ended = new AbortController();
    const steadying = this.#untilSteady(stableAfterMs, ended.signal);
    const aborted = Promise.withResolvers<ConnectionFailure>();
    const onAbort = () => aborted.resolve(new ConnectionFailure("dropped", "the publisher was closed", null));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    const failure = await Promise.race([connection.lost, aborted.promise]);
    signal.removeEventListener("abort", onAbort);
    const lostMs = clock.monotonicMs();
    const isGraceful = signal.aborted && graceful();
    if (signal.aborted) changed({ kind: "closing" });
    offline(failure);
    await connection.close(isGraceful);
    ended.abort();
    await steadying;
    this.#lookedMs = clock.monotonicMs();
    const lastedMs = lostMs - sinceMs;
    const isShort = lastedMs < stableAfterMs;
    this.#drops = isShort ? this.#drops + 1 : 1;
    const remedy = losses.lost(failure, lastedMs, isShort);
    warned();
    return {
      event: "broker connection lost",
      failure: new ConnectionFailure(failure.kind, failure.message, remedy, { cause: failure.cause }),
      fields: { lasted_s: Math.round(lastedMs / 100) / 10 },
    };
  }

  /** What losses had in common is over once a connection lasts clearly longer than they did. */
  async #untilSteady(stableAfterMs: number, signal: AbortSignal): Promise<void> {
    const { clock, losses, warned } = this.parts;
    if (losses.warning === null) return;
    await clock.sleep(Math.max(stableAfterMs, losses.outlastedMs), signal).then(() => {
      losses.clear();
      warned();
    }, () => {});
  }

  async #wait({ event, failure, fields }: Ending, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.parts;
    const sinceMs = clock.monotonicMs();
    const failures = this.#inARow(event, failure);
    const retryInMs = this.#waitMs(event, failures, failure);
    log.failed(event, failure, retryInMs, fields);
    this.parts.changed({ kind: "waiting", reason: failure.message, retryInMs, failures });
    await this.#sleepUnlessBack(sinceMs + retryInMs, failure, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    this.#lastWaitMs = clock.monotonicMs() - sinceMs;
  }

  /** How often in a row this has happened. */
  #inARow(event: FailureEvent, { kind }: ConnectionFailure): number {
    if (event === "broker connection lost") return this.#drops;
    if (kind === "rejected") return this.#refusals;
    return this.#failures + Math.min(1, this.#drops); // the loss was the first
  }

  #waitMs(event: FailureEvent, failures: number, { kind }: ConnectionFailure): number {
    const { policy, random } = this.parts;
    const fullMs = backoffMs(failures - 1, policy, random);
    if (event === "broker connection lost") {
      const isCommon = kind === "dropped" && failures === 1;
      return isCommon ? fullMs + FIRST_WAIT_SPREAD * policy.initialDelayMs * random() : fullMs;
    }
    return kind === "unresponsive" || kind === "unfit" ? Math.min(fullMs, this.#untilLookMs()) : fullMs;
  }

  /** Sleeps until `dueMs`, or until a probe sees that the broker, which did not listen, listens again. */
  async #sleepUnlessBack(dueMs: number, { kind }: ConnectionFailure, signal: AbortSignal): Promise<void> {
    const { clock, probe } = this.parts;
    const leftMs = () => Math.max(0, dueMs - clock.monotonicMs());
    // A refusal proves that the broker is there, and a probe could not see why it refused.
    const worthProbing = kind === "unreachable" || kind === "dropped";
    let listened = kind !== "unreachable";
    while (worthProbing) {
      const pauseMs = this.#untilLookMs();
      if (leftMs() <= pauseMs) break;
      await clock.sleep(pauseMs, signal);
      this.#lookedMs = clock.monotonicMs();
      const listens = await probe(signal);
      if (listens && !listened) return;
      listened = listens;
    }
    await clock.sleep(leftMs(), signal);
  }

  /** How long to wait before the next look at the broker. A look that got no answer was a long one. */
  #untilLookMs(): number {
    const { clock, random } = this.parts;
    const jitter = 0.5 + random() / 2;
    const agoMs = clock.monotonicMs() - this.#lookedMs;
    return jitter * Math.max(LOOK_PAUSE_MS, LOOK_INTERVAL_MS - agoMs);
  }
}

function asFailure(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error;
  return new ConnectionFailure("unresponsive", error instanceof Error ? error.message : String(error), null, {
    cause: error,
  });
}
