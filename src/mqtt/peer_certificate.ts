import type { PeerCertificate, TLSSocket } from "node:tls";
import { type Clock, timeLimit, untilAborted } from "../time/mod.ts";
import { Addresses } from "./addresses.ts";
import { certificateNames } from "./certificate_names.ts";
import { readCredentials, type ReadFile } from "./credential_files.ts";
import type { MqttOptions } from "./options.ts";
import { openSocket } from "./socket.ts";

/** The certificate that a broker presents. */
export interface BrokerCertificate {
  /** The names it is for, shortened; null: none. */
  readonly names: string | null;
  /** The first moment at which it is valid. */
  readonly validFrom: Date;
  /** The last one. */
  readonly validTo: Date;
}

/**
 * The certificate that the broker presents, trusted or not; no MQTT is sent to the broker.
 *
 * @returns null if there is none: no TLS, no connection, or a file that cannot be read
 */
export async function brokerCertificate(
  options: MqttOptions,
  { clock, readFile }: { readonly clock: Clock; readonly readFile: ReadFile },
  signal: AbortSignal,
): Promise<BrokerCertificate | null> {
  if (options.tls === null) return null;
  const seen = { ...options, password: null, tls: { ...options.tls, insecureSkipVerify: true } };
  const credentials = await readCredentials(seen, { clock, readFile }, signal).catch(() => null);
  if (credentials === null) return null;
  const socket = openSocket(seen, credentials.tls, new Addresses(clock)) as TLSSocket;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const shown = new Promise<BrokerCertificate | null>((resolve) => {
    socket.once("secureConnect", () => resolve(described(socket.getPeerCertificate())));
    socket.on("error", () => resolve(null));
    socket.once("close", () => resolve(null));
  });
  using limit = timeLimit(clock, options.connectTimeoutMs, { signal });
  try {
    return await untilAborted(shown, limit.signal).catch(() => null);
  } finally {
    socket.destroy();
    await closed;
  }
}

function described(certificate: PeerCertificate): BrokerCertificate | null {
  const { valid_from, valid_to } = certificate;
  if (valid_to === undefined) return null;
  return { names: certificateNames(certificate), validFrom: new Date(valid_from), validTo: new Date(valid_to) };
}
