import { openNetworkConnection } from "./network_connection.ts";
import type { MqttOptions } from "./options.ts";
import type { MqttParts } from "./parts.ts";

/**
 * Connects once, as a publisher would, and disconnects. Nothing is published, and no will is left. With the client
 * identifier of a running agent it would disconnect that agent.
 *
 * @throws {ConnectionFailure} with reason and remedy
 * @throws the signal's reason, as soon as it aborts
 */
export async function checkBroker(
  options: MqttOptions,
  parts: Pick<MqttParts, "clock" | "readFile">,
  signal: AbortSignal,
): Promise<void> {
  const connection = await openNetworkConnection({ ...options, will: null }, parts, signal);
  await connection.close(true);
}
