import type { Clock } from "../time/mod.ts";
import type { ConnectionFailure } from "./failure.ts";
import type { MqttOptions } from "./options.ts";

/** A broker that closes a connection this soon after its first message may be objecting to that message. */
const AT_ONCE_MS = 1_000;
/** A loss this soon after something was published may be its consequence. */
const CONSEQUENCE_MS = 3_000;
/** This many losses of one kind in a row are a pattern. */
const PATTERN = 2;

/** Who publishes, as named in remedies, and how long another client with the same settings may wait. */
export type PublishesAs = Pick<MqttOptions, "clientId" | "topics" | "reconnect">;

/** What was announced over a connection since it was accepted. */
interface Announced {
  readonly topic: string;
  readonly atMs: number;
  /** Whether the connection was still there when it was announced again. */
  survived: boolean;
}

/**
 * What successive losses have in common. MQTT 3.1.1 has no way to say that a topic is forbidden, or that another client
 * has taken over the identifier: the broker just closes the connection. When it does so hints at which of the two it
 * is:
 *
 * - always immediately after accepting: it may forbid what is published first, or the identifier may be taken;
 * - always soon: another client may have the same identifier, and the two disconnect each other. One of them soon backs
 *   off for its maximum delay, and the other's connection lasts that long: that is part of the pattern;
 * - always right after a connection's first statistics: it may forbid their topic.
 */
export class LossPattern {
  /** Connections in a row that the broker closed soon after it had accepted them, or at once after the first message. */
  #soon = 0;
  /** Whether each of those ended at once. */
  #atOnce = true;
  /** Connections in a row that the broker closed right after their first announcement to this topic. */
  #afterTopic = 0;
  #suspect: string | null = null;
  #announced: Announced | null = null;
  #lastLivedMs = 0;
  /** When the first message went over this connection; null: none did. */
  #publishedMs: number | null = null;

  constructor(private readonly as: PublishesAs, private readonly clock: Clock) {}

  /** What is wrong and what to do, if losses follow a known pattern; null: they do not. */
  get warning(): string | null {
    if (this.#afterTopic >= PATTERN) {
      return `the broker closed ${this.#afterTopic} connections in a row right after something was published to ` +
        `${this.#suspect}: ${this.#topicRemedy()}`;
    }
    if (this.#soon < PATTERN) return null;
    return `the broker closed ${this.#soon} connections in a row soon after accepting them or their first message: ` +
      this.#soonRemedy();
  }

  /** How long a connection has to last, in milliseconds, for the pattern to be over. */
  get outlastedMs(): number {
    return Math.max(2 * this.#lastLivedMs, this.#soon < PATTERN ? 0 : this.#returnsWithinMs);
  }

  /** The broker has accepted a connection. */
  accepted(): void {
    this.#announced = null;
    this.#publishedMs = null;
  }

  /** The first message was published over the connection: the scan may have begun long after it. */
  published(): void {
    this.#publishedMs ??= this.clock.monotonicMs();
  }

  /** Something that comes at intervals was published over the connection. */
  announced(topic: string): void {
    if (this.#announced?.topic === topic) this.#announced.survived = true;
    else this.#announced ??= { topic, atMs: this.clock.monotonicMs(), survived: false };
  }

  /**
   * The connection was lost.
   *
   * @param isShort it ended before it had proved stable
   * @returns what to do about it; null: only waiting helps
   */
  lost(failure: ConnectionFailure, livedMs: number, isShort: boolean): string | null {
    this.#lastLivedMs = livedMs;
    if (failure.remedy !== null || !isClosedByPeer(failure)) {
      this.clear();
      return failure.remedy;
    }
    this.#noteTopic();
    const afterMs = this.#publishedMs === null ? livedMs : this.clock.monotonicMs() - this.#publishedMs;
    const isAtOnce = afterMs < AT_ONCE_MS; // even if it is old: its first message may come late
    this.#atOnce = (this.#soon === 0 || this.#atOnce) && isAtOnce;
    const isSoon = isShort || isAtOnce || (this.#soon >= PATTERN && livedMs < this.#returnsWithinMs);
    this.#soon = isSoon ? this.#soon + 1 : 0;
    if (this.#afterTopic >= PATTERN) return this.#topicRemedy();
    if (this.#soon >= PATTERN) return this.#soonRemedy();
    return this.#soon > 0 || this.#afterTopic > 0 ? `if this happens again: ${this.#firstRemedy()}` : null;
  }

  /** A connection has outlasted what the pattern says. */
  clear(): void {
    this.#soon = this.#afterTopic = 0;
    this.#suspect = null;
  }

  /** Another client waits at most this long before it connects again. */
  get #returnsWithinMs(): number {
    return 2 * this.as.reconnect.maxDelayMs;
  }

  #noteTopic(): void {
    const announced = this.#announced;
    const isConsequence = announced !== null && !announced.survived &&
      this.clock.monotonicMs() - announced.atMs < CONSEQUENCE_MS;
    this.#afterTopic = !isConsequence ? 0 : announced.topic === this.#suspect ? this.#afterTopic + 1 : 1;
    this.#suspect = isConsequence ? announced.topic : null;
  }

  #firstRemedy(): string {
    return this.#afterTopic > 0 ? this.#topicRemedy() : this.#soonRemedy();
  }

  #topicRemedy(): string {
    return `the broker may forbid that topic: allow this client to publish to ${this.#suspect}, or turn off what is published there`;
  }

  #soonRemedy(): string {
    const { clientId, topics } = this.as;
    const forbidden = `the broker may forbid a topic (allow this client to publish to ${topics.join(", ")})`;
    const taken =
      `another client may have the same client identifier, ${clientId}, and the two disconnect each other ` +
      "(give each scanner its own scanner.id or mqtt.client.client_id)";
    return this.#atOnce ? `${forbidden}, or ${taken}` : `${taken}, or ${forbidden}`;
  }
}

/** Whether the peer closed or reset it, as opposed to going silent or being given up by this side. */
function isClosedByPeer({ kind, cause }: ConnectionFailure): boolean {
  if (kind !== "dropped") return false;
  if (!(cause instanceof Error)) return cause === undefined;
  return "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}
