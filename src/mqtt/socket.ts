import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { MqttOptions } from "./options.ts";

/** Starts connecting, with or without TLS. */
export function openSocket({ host, port }: MqttOptions, tls: ConnectionOptions | null): Socket {
  const socket = tls === null ? connectTcp({ host, port }) : connectTls({ host, port, ...tls });
  // Nagle's algorithm holds small packets back for the broker's delayed acknowledgement.
  socket.once("connect", () => socket.setNoDelay(true));
  return socket;
}
