import type { Clock } from "../time/mod.ts";

/** What {@linkcode untilVanished} can learn of a connection. */
export interface PeerParts {
  /** Bytes received from the peer. */
  readonly received: () => number;
  /** Bytes handed to the socket for it. */
  readonly sent: () => number;
  /** How long a silence may last before it is looked into, in milliseconds: longer if answers take long. */
  readonly patienceMs: () => number;
  /** Asks for an answer. */
  readonly ping: () => unknown;
  /** Whether another connection to the same address can be made. */
  readonly reaches: (signal: AbortSignal) => Promise<boolean>;
}

/**
 * Resolves when the peer of a connection has vanished silently: something was sent, nothing came back for as long as
 * patience allows, nor for as long again after a ping, and its address does not accept a new connection either.
 *
 * TCP retransmits with exponential backoff: after an outage of a minute it is silent for up to another one, and what is
 * written meanwhile would count as published. A peer that is reachable but says nothing is frozen, or slow; what is on
 * its way to it is not given up, and the keepalive time decides.
 *
 * @throws the signal's reason, as soon as it aborts
 */
export async function untilVanished(parts: PeerParts, clock: Clock, signal: AbortSignal): Promise<void> {
  let [received, sent, isAsked] = [parts.received(), parts.sent(), false];
  let sentBefore = sent;
  while (true) {
    await clock.sleep(parts.patienceMs(), signal);
    if (parts.received() !== received) {
      // What was sent meanwhile may have been sent afterwards; if no answer comes, there may be no room for more.
      [received, sent, isAsked] = [parts.received(), sentBefore, false];
    } else if (parts.sent() !== sent) {
      if (!isAsked) parts.ping();
      else if (!await parts.reaches(signal) && parts.received() === received) return signal.throwIfAborted();
      isAsked = true;
    }
    sentBefore = parts.sent();
  }
}
