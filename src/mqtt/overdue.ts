import type { Clock } from "../time/mod.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { ConnectionFailure } from "./failure.ts";

/** How often to check whether the broker has answered messages later than the overdue one. */
const LOOK_MS = 1_000;

const REMEDY = "see the broker's log and limits; filter.* reduces the number of messages, " +
  "mqtt.client.ack_timeout_s allows more time";

/** What {@linkcode untilPassedOver} works with. */
export interface OverdueParts {
  readonly acknowledgements: Acknowledgements;
  /** When the last answered ping was sent (monotonic). */
  readonly answeredMs: () => number;
  /** Asks for an answer. */
  readonly ping: () => unknown;
  /** Called when messages have given up their places. */
  readonly expired: () => void;
}

/**
 * Frees the places of messages whose PUBACK does not arrive in time. Resolves with the reason when the broker turns out
 * to have skipped one, having answered something sent after it. A message is only ever resent on another connection
 * (MQTT 3.1.1, 4.4), and the packet identifiers of skipped ones are lost to this one.
 *
 * A broker that answers nothing at all is frozen or slow; what it has is not given up, and the keepalive time decides.
 *
 * @throws the signal's reason, as soon as it aborts
 */
export async function untilPassedOver(
  { acknowledgements, answeredMs, ping, expired }: OverdueParts,
  clock: Clock,
  signal: AbortSignal,
): Promise<ConnectionFailure> {
  while (true) {
    const dueInMs = acknowledgements.dueInMs(clock.monotonicMs());
    await clock.sleep(acknowledgements.isOverdue ? Math.min(dueInMs, LOOK_MS) : dueInMs, signal);
    if (acknowledgements.expire(clock.monotonicMs()) > 0) expired();
    if (!acknowledgements.isOverdue) continue;
    const count = acknowledgements.passedOver(answeredMs());
    if (count > 0) return failure(count, acknowledgements.timeoutMs);
    ping();
  }
}

function failure(count: number, timeoutMs: number): ConnectionFailure {
  const what = count === 1 ? "a message" : `${count} messages`;
  const reason = `the broker did not acknowledge ${what} within ${timeoutMs / 1000} s, but answered later ones`;
  return new ConnectionFailure("dropped", reason, REMEDY);
}
