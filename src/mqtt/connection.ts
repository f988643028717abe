import { backoffMs, type BackoffPolicy, type Clock } from "../time/mod.ts";
import type { ConnectionLog, FailureEvent } from "./connection_log.ts";
import { ConnectionFailure } from "./failure.ts";
import type { ConnectionState } from "./options.ts";

/** Between two probes, and the longest wait for a broker that a probe cannot judge. */
const PROBE_INTERVAL_MS = 5_000;
/** A connection that lasted so long, and twice the wait before it, has proved stable. */
const STABLE_AFTER_MS = 10_000;

const SHORT_LIVED_REMEDY = "if this repeats, check the broker's log, and whether another client has the same " +
  "mqtt.client.client_id";

/** A connection that the broker has accepted. */
export interface OpenConnection {
  /** Resolves when it has ended, with the reason. */
  readonly lost: Promise<ConnectionFailure>;
  /** Ends it, with a goodbye where that is to be `graceful`. Bounded. */
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
}

/**
 * Keeps a connection to the broker for as long as it is wanted.
 *
 * The wait grows with the attempts that failed in a row, and by itself with the connections that
 * ended soon after the broker had accepted them: neither a broker that accepts and drops, nor a second client with
 * the same identifier, is met without backoff. Yet a broker that was away is found within seconds of
 * its return:
 *
 * - Nothing listened: during a longer wait a probe every 5 s notices when something does again.
 * - Something listened but did not speak MQTT: a probe would tell nothing, the attempts themselves
 *   come every 5 s at most.
 * - The broker refused, or dropped an accepted connection: it is there. The full wait applies,
 *   unless, after a drop, probes see it go and come.
 */
export class BrokerConnection<C extends OpenConnection> {
  #state: ConnectionState = { kind: "idle" };
  /** Attempts in a row that failed. */
  #failures = 0;
  /** Connections in a row that were lost before they had proved stable, or the last one if it had. */
  #drops = 0;
  #lastWaitMs = 0;

  constructor(private readonly parts: ConnectionParts<C>) {}

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects, again and again, until `signal` aborts. Then it closes what is open and resolves.
   *
   * @param graceful asked at the end: whether to say goodbye to the broker
   */
  async run(graceful: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { event, failure } = await this.#attempt(graceful, signal);
      if (signal.aborted) break;
      await this.#wait(event, failure, signal);
    }
    this.#state = { kind: "closed" };
  }

  async #attempt(
    graceful: () => boolean,
    signal: AbortSignal,
  ): Promise<{ event: FailureEvent; failure: ConnectionFailure }> {
    this.#state = { kind: "connecting", attempt: this.#failures + 1 };
    let connection: C;
    try {
      connection = await this.parts.open(signal);
    } catch (error) {
      this.#failures++;
      return { event: "broker connection failed", failure: asFailure(error) };
    }
    return { event: "broker connection lost", failure: await this.#stayOnline(connection, graceful, signal) };
  }

  async #stayOnline(connection: C, graceful: () => boolean, signal: AbortSignal): Promise<ConnectionFailure> {
    const { clock, log, online, offline } = this.parts;
    const sinceMs = clock.monotonicMs();
    this.#state = { kind: "online", sinceMs };
    log.online({ attempt: this.#failures + 1 });
    this.#failures = 0;
    online(connection);
    const aborted = Promise.withResolvers<ConnectionFailure>();
    const onAbort = () => aborted.resolve(new ConnectionFailure("dropped", "the publisher was closed", null));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    const failure = await Promise.race([connection.lost, aborted.promise]);
    signal.removeEventListener("abort", onAbort);
    const isGraceful = signal.aborted && graceful();
    if (signal.aborted) this.#state = { kind: "closing" };
    offline(failure);
    await connection.close(isGraceful);
    if (clock.monotonicMs() - sinceMs < Math.max(STABLE_AFTER_MS, 2 * this.#lastWaitMs)) {
      this.#drops++;
      return new ConnectionFailure(failure.kind, failure.message, SHORT_LIVED_REMEDY, { cause: failure.cause });
    }
    this.#drops = 1;
    log.stable();
    return failure;
  }

  async #wait(event: FailureEvent, failure: ConnectionFailure, signal: AbortSignal): Promise<void> {
    const { policy, clock, random, log } = this.parts;
    const failures = event === "broker connection failed" ? this.#failures : this.#drops;
    const fullMs = backoffMs(failures - 1, policy, random);
    const retryInMs = failure.kind === "unresponsive" ? Math.min(fullMs, PROBE_INTERVAL_MS) : fullMs;
    log.failed(event, failure, retryInMs);
    this.#state = { kind: "waiting", reason: failure.message, retryInMs, failures };
    const sinceMs = clock.monotonicMs();
    await this.#sleep(retryInMs, failure, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    this.#lastWaitMs = clock.monotonicMs() - sinceMs;
  }

  async #sleep(delayMs: number, failure: ConnectionFailure, signal: AbortSignal): Promise<void> {
    const { clock, probe } = this.parts;
    const dueMs = clock.monotonicMs() + delayMs;
    // A refusal proves that the broker is there, and a probe could not see why it refused.
    const worthProbing = failure.kind === "unreachable" || failure.kind === "dropped";
    let listened = failure.kind !== "unreachable";
    while (worthProbing && dueMs - clock.monotonicMs() > PROBE_INTERVAL_MS) {
      await clock.sleep(PROBE_INTERVAL_MS, signal);
      const listens = await probe(signal);
      if (listens && !listened) return;
      listened = listens;
    }
    await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
  }
}

function asFailure(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error;
  return new ConnectionFailure("unresponsive", error instanceof Error ? error.message : String(error), null, {
    cause: error,
  });
}
