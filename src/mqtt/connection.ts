import type { ConnectionState, LogFields } from "../agent/mod.ts";
import { abortable, type BackoffPolicy, type Clock, untilAborted } from "../time/mod.ts";
import type { ConnectionLog, FailureEvent } from "./connection_log.ts";
import { ConnectionFailure } from "./failure.ts";
import type { LossPattern } from "./loss_pattern.ts";
import { Prospect, type Setback } from "./prospect.ts";
import { untilBack } from "./return.ts";

/** A connection that the broker has accepted. */
export interface OpenConnection {
  /** The broker's address that it was made to; null: unknown. */
  readonly address: string | null;
  /** Resolves when it has ended, with the reason. */
  readonly lost: Promise<ConnectionFailure>;
  /** Ends it, with a DISCONNECT if `graceful`. Takes a bounded time. */
  close(graceful: boolean): Promise<void>;
}

/** One of the brokers that a connection may be made to. */
export interface Broker<C extends OpenConnection> {
  /** `host:port`, as configured. */
  readonly name: string;
  /** The same, as fields of each line about it in the log. */
  readonly where: LogFields;
  /**
   * Makes one attempt; rejects with a {@linkcode ConnectionFailure}, or the signal's reason.
   *
   * @param isHasty whether there are others to turn to, and this one has not failed yet
   */
  readonly open: (isHasty: boolean, signal: AbortSignal) => Promise<C>;
  /** Whether it listens. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>;
  /** Whether it accepts a connection, on which nothing is published. Rejects as `open` does. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** What {@linkcode BrokerConnection} works with. */
export interface ConnectionParts<C extends OpenConnection> {
  /** At least one, in the order in which they are tried. */
  readonly brokers: readonly Broker<C>[];
  /** Whether another one's connection is given up when the first broker answers again. */
  readonly returnsToFirst: boolean;
  /** Called for each connection as soon as the broker has accepted it. */
  readonly online: (connection: C) => void;
  /**
   * Called when a connection that works is to be closed for another one. It takes no more messages, and resolves when
   * those under way are settled, or have had their time.
   */
  readonly leave: (reason: string) => Promise<void>;
  /** Called for each such connection when it has ended. */
  readonly offline: (reason: ConnectionFailure) => void;
  readonly policy: BackoffPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  /** Hears the story of each outage. */
  readonly log: Pick<ConnectionLog, "online" | "failed" | "leaving" | "cannotReturn" | "run">;
  /** Finds out what losses have in common. */
  readonly losses: Pick<LossPattern, "warning" | "outlastedMs" | "accepted" | "lost" | "clear">;
  /** Hears of each state, of `online` after {@linkcode ConnectionParts.online}. */
  readonly changed: (state: ConnectionState) => void;
  /** Called when what {@linkcode LossPattern.warning} says may have changed. */
  readonly warned: () => void;
}

/** A broker, and when it is worth an attempt. */
interface Candidate<C extends OpenConnection> extends Broker<C> {
  readonly prospect: Prospect;
}

/** Why a connection is over. */
type Ending =
  | { readonly kind: "lost"; readonly failure: ConnectionFailure }
  | { readonly kind: "closed" } // by this side, for good
  | { readonly kind: "returning" }; // to the first broker

/**
 * Keeps a connection to one of the brokers for as long as it is wanted.
 *
 * When one fails, the next is tried at once, unless that has failed as well: each has its own waits, see
 * {@linkcode Prospect}, so that none is tried more often than if it were the only one. Those who lost a broker together
 * come to the next one within the initial delay, not all at the same moment, and before the lost one is tried again.
 */
export class BrokerConnection<C extends OpenConnection> {
  readonly #candidates: readonly Candidate<C>[];
  /** The place of the one whose turn it is. */
  #turn = 0;
  #latest = { reason: "", failures: 0 };
  /** Returns to the first broker in a row after which its connection did not last. */
  #vainReturns = 0;

  constructor(private readonly parts: ConnectionParts<C>) {
    const { clock, policy, random } = parts;
    this.#candidates = parts.brokers.map((broker) => {
      const { probe } = broker;
      return { ...broker, prospect: new Prospect({ probe, clock, policy, random }) };
    });
  }

  /**
   * Connects, again and again, until `signal` aborts. Then it closes what is open and resolves.
   *
   * @param graceful asked at the end of a connection that was not lost: whether to send a DISCONNECT
   */
  async run(graceful: () => boolean, signal: AbortSignal): Promise<void> {
    const reminding = this.parts.log.run(signal);
    while (!signal.aborted) {
      const candidate = this.#inTurn.find(({ prospect }) => prospect.dueInMs === 0);
      if (candidate === undefined) await this.#untilOneIsDue(signal);
      else await this.#attempt(candidate, graceful, signal);
    }
    await reminding;
    this.parts.changed({ kind: "closed" });
  }

  get #inTurn(): Candidate<C>[] {
    return [...this.#candidates.slice(this.#turn), ...this.#candidates.slice(0, this.#turn)];
  }

  get #first(): Candidate<C> | undefined {
    return this.#candidates[0];
  }

  async #attempt(candidate: Candidate<C>, graceful: () => boolean, signal: AbortSignal): Promise<void> {
    const { open, prospect } = candidate;
    const { attempt } = prospect;
    this.parts.changed({ kind: "connecting", attempt });
    prospect.attempting();
    this.#turn = (this.#candidates.indexOf(candidate) + 1) % this.#candidates.length;
    let connection: C;
    try {
      connection = await open(this.#candidates.length > 1 && attempt === 1, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = asFailure(error);
      this.#report("broker connection failed", candidate, failure, prospect.failed(failure));
      return;
    }
    await this.#stayOnline(candidate, connection, graceful, signal);
  }

  async #stayOnline(
    candidate: Candidate<C>,
    connection: C,
    graceful: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, offline, changed } = this.parts;
    const sinceMs = clock.monotonicMs();
    const { stableAfterMs } = candidate.prospect;
    const ended = new AbortController();
    this.#accepted(candidate, connection);
    const steadying = this.#untilSteady(stableAfterMs, ended.signal);
    const ending = await this.#untilOver(candidate, connection, signal);
    const lastedMs = clock.monotonicMs() - sinceMs;
    const isShort = lastedMs < stableAfterMs;
    if (candidate === this.#first && !isShort) this.#vainReturns = 0;
    if (ending.kind === "closed") changed({ kind: "closing" });
    if (ending.kind === "returning") await this.#leave(candidate, connection);
    const isGraceful = ending.kind !== "lost" && graceful();
    offline(
      ending.kind === "lost" ? ending.failure : new ConnectionFailure("dropped", "the publisher was closed", null),
    );
    await connection.close(isGraceful);
    ended.abort();
    await steadying;
    if (ending.kind === "lost") this.#lost(candidate, ending.failure, lastedMs, isShort);
  }

  #accepted(candidate: Candidate<C>, connection: C): void {
    const { clock, log, losses, online, changed } = this.parts;
    const { name, where, prospect } = candidate;
    const { address } = connection;
    log.online({ ...where, ...(address === null ? {} : { address }), attempt: prospect.attempt });
    prospect.accepted();
    for (const other of this.#candidates) if (other !== candidate) other.prospect.otherAccepted();
    losses.accepted();
    online(connection);
    changed({ kind: "online", sinceMs: clock.monotonicMs(), broker: name, address });
  }

  async #untilOver(candidate: Candidate<C>, connection: C, signal: AbortSignal): Promise<Ending> {
    const over = new AbortController();
    try {
      return await abortable<Ending>(signal, (resolve, reject) => {
        connection.lost.then((failure) => resolve({ kind: "lost", failure }));
        this.#untilFirstIsBack(candidate, over.signal).then(() => resolve({ kind: "returning" }), (error) => {
          if (!over.signal.aborted) reject(error);
        });
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: "closed" };
    } finally {
      over.abort();
    }
  }

  /** Never resolves on a connection to the first broker, or where that is not returned to. */
  async #untilFirstIsBack(candidate: Candidate<C>, signal: AbortSignal): Promise<void> {
    const first = this.#first;
    if (!this.parts.returnsToFirst || first === undefined || first === candidate) return await new Promise(() => {});
    const refused = (failure: ConnectionFailure) => this.parts.log.cannotReturn(first.where, failure);
    await untilBack(first, this.parts, refused, this.#vainReturns, signal);
  }

  /** Leaves for the first broker: what is under way is waited for, and nothing more is taken. */
  async #leave({ where }: Candidate<C>, connection: C): Promise<void> {
    const { log, leave } = this.parts;
    const name = this.#first?.name ?? "";
    this.#vainReturns++;
    this.#turn = 0;
    this.#first?.prospect.invite();
    log.leaving({ ...where, next_broker: name });
    await Promise.race([leave(`returned to ${name}`), connection.lost]);
  }

  #lost(candidate: Candidate<C>, failure: ConnectionFailure, lastedMs: number, isShort: boolean): void {
    const { losses, policy, random, warned } = this.parts;
    const setback = candidate.prospect.lost(failure, isShort);
    const remedy = losses.lost(failure, lastedMs, isShort);
    warned();
    // The broker may have dropped many clients at once.
    const spreadMs = failure.kind === "dropped" ? Math.min(policy.initialDelayMs, setback.retryInMs) * random() : 0;
    for (const other of this.#candidates) if (other !== candidate) other.prospect.postpone(spreadMs);
    const told = new ConnectionFailure(failure.kind, failure.message, remedy, { cause: failure.cause });
    this.#report("broker connection lost", candidate, told, setback, { lasted_s: Math.round(lastedMs / 100) / 10 });
  }

  #report(
    event: FailureEvent,
    candidate: Candidate<C>,
    failure: ConnectionFailure,
    { retryInMs, inARow }: Setback,
    fields: LogFields = {},
  ): void {
    const next = this.#soonest;
    const nextBroker = next === candidate ? {} : { next_broker: next?.name };
    this.#latest = { reason: failure.message, failures: inARow };
    this.parts.log.failed(event, candidate.where, failure, {
      ...fields,
      retry_in_ms: Math.round(retryInMs),
      ...nextBroker,
    });
  }

  /** The one that will be tried next. */
  get #soonest(): Candidate<C> | undefined {
    const dueInMs = Math.min(...this.#candidates.map(({ prospect }) => prospect.dueInMs));
    return this.#inTurn.find(({ prospect }) => prospect.dueInMs <= dueInMs);
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

  async #untilOneIsDue(signal: AbortSignal): Promise<void> {
    const prospects = this.#inTurn.map(({ prospect }) => prospect); // of timers that end together the first is first
    const retryInMs = Math.min(...prospects.map(({ dueInMs }) => dueInMs));
    this.parts.changed({ kind: "waiting", ...this.#latest, retryInMs });
    const over = new AbortController();
    const waits = prospects.map((prospect) => prospect.untilDue(over.signal));
    try {
      await untilAborted(Promise.race(waits), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      over.abort();
      await Promise.allSettled(waits);
    }
  }
}

function asFailure(error: unknown): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error;
  return new ConnectionFailure("unresponsive", error instanceof Error ? error.message : String(error), null, {
    cause: error,
  });
}
