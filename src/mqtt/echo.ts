import { timeLimit, untilAborted } from "../time/mod.ts";
import type { ConnectionFailure } from "./failure.ts";
import { type NetworkConnection, openNetworkConnection } from "./network_connection.ts";
import type { MqttOptions } from "./options.ts";
import type { MqttParts } from "./parts.ts";

/** A message that is published in order to hear it, and topics of which the broker may keep one. */
export interface EchoMessage {
  /** Where it is published and subscribed to. */
  readonly topic: string;
  /** Told from everybody else's by it. */
  readonly payload: string;
  /** Where a retained message is looked for. */
  readonly keptTopics: readonly string[];
}

/** What became of an {@linkcode EchoMessage}. */
export type Echo =
  /** It was passed on; `kept` are those of `keptTopics` for which the broker keeps a message that may be read. */
  | { readonly kind: "heard"; readonly kept: readonly string[] }
  /** The broker does not let this client subscribe. It was not published. */
  | { readonly kind: "not subscribed"; readonly reason: string }
  /** It was published, and the broker closed the connection. */
  | { readonly kind: "closed"; readonly reason: string }
  /** It was published, and did not come. */
  | { readonly kind: "unheard"; readonly waitedMs: number };

/** Time for the answers of a far broker to a subscription and a message. */
const ECHO_TIMEOUT_MS = 5_000;
const REFUSED = 0x80;

/**
 * Connects, subscribes to a topic, publishes one message there, which the broker does not keep, and waits for it.
 *
 * @throws {ConnectionFailure} with reason and remedy, if no connection is made
 * @throws the signal's reason, as soon as it aborts
 */
export async function hearEcho(
  options: MqttOptions,
  message: EchoMessage,
  parts: Pick<MqttParts, "clock" | "readFile">,
  signal: AbortSignal,
  timeoutMs = ECHO_TIMEOUT_MS,
): Promise<Echo> {
  const connection = await openNetworkConnection({ ...options, will: null, cleanSession: true }, parts, signal);
  try {
    using limit = timeLimit(parts.clock, timeoutMs, { signal });
    const unheard: Echo = { kind: "unheard", waitedMs: timeoutMs };
    return await untilAborted(echo(connection, message), limit.signal).catch((error) => {
      if (signal.aborted || !limit.signal.aborted) throw error;
      return unheard;
    });
  } finally {
    await connection.close(true);
  }
}

async function echo({ client, lost }: NetworkConnection, message: EchoMessage): Promise<Echo> {
  const { topic, payload, keptTopics } = message;
  const kept = new Set<string>();
  const heard = new Promise<Echo>((resolve) => {
    client.on("message", (from, bytes, { retain }) => {
      if (retain && keptTopics.includes(from)) kept.add(from);
      // What is retained comes with the subscription, before what is published later.
      else if (from === topic && bytes.toString() === payload) resolve({ kind: "heard", kept: [...kept] });
    });
  });
  const granted = await Promise.race([subscribed(client, [topic, ...keptTopics]), lost]);
  if (granted instanceof Error) return { kind: "not subscribed", reason: granted.message };
  if (granted[0] === REFUSED) return { kind: "not subscribed", reason: "the broker refuses the subscription" };
  client.publish(topic, payload, { qos: 1 });
  return await Promise.race([heard, lost.then(closed)]);
}

/** The return codes of the broker's answer. */
function subscribed(client: NetworkConnection["client"], topics: readonly string[]): Promise<readonly unknown[]> {
  return new Promise((resolve) => {
    client.subscribe([...topics], { qos: 0 }, (_error, _subscriptions, packet) => {
      if (packet !== undefined) resolve(packet.granted);
    });
  });
}

function closed({ message }: ConnectionFailure): Echo {
  return { kind: "closed", reason: message };
}
