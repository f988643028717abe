import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Addresses } from "./addresses.ts";
import type { MqttOptions } from "./options.ts";

/**
 * Starts connecting, with or without TLS, to each address that the name has, until one accepts.
 *
 * @param addresses in which order to try them
 */
export function openSocket({ host, port }: MqttOptions, tls: ConnectionOptions | null, addresses: Addresses): Socket {
  const to = { host, port, lookup: addresses.lookup };
  const socket = tls === null ? connectTcp(to) : connectTls({ ...to, ...tls });
  // Nagle's algorithm holds small packets back for the broker's delayed acknowledgement.
  socket.once("connect", () => socket.setNoDelay(true));
  return socket;
}
