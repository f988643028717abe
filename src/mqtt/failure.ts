import { certificateNames } from "./certificate_names.ts";
import { closedRemedy, type Offer, unauthorisedRemedy } from "./suspects.ts";

/**
 * What a failed connection says about the broker, which decides how soon to try again.
 *
 * - `unreachable`: no TCP connection, or none that carries anything. The broker is away; a probe can tell when it is
 *   back.
 * - `unresponsive`: TCP, but no MQTT. The broker is frozen, not ready yet, or gone behind a proxy.
 * - `unfit`: this side rejected the broker's certificate, or one of its own files. A person can help, or a correct
 *   clock; asking again does not bother the broker.
 * - `rejected`: the broker refused. Only a person can help, and frequent attempts may look like an attack.
 * - `dropped`: the broker had accepted; then the connection ended.
 */
export type FailureKind = "unreachable" | "unresponsive" | "unfit" | "rejected" | "dropped";

/** A connection to the broker could not be made, or ended. The message is the reason. */
export class ConnectionFailure extends Error {
  /** The name of the class. */
  override readonly name = "ConnectionFailure";

  /**
   * Explains a failure.
   *
   * @param kind what it says about the broker
   * @param message why it failed
   * @param remedy what to do about it; null: only waiting helps
   */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly remedy: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

type Explanation = readonly [kind: FailureKind, reason: string, remedy: string | null];

const NOT_LISTENING = "start the broker, or check mqtt.broker.host and mqtt.broker.port";
const NETWORK = "check the network, and mqtt.broker.host";
const OTHER_ADDRESS = "set mqtt.broker.host to another of its addresses, or to its name";
const CREDENTIALS = "check mqtt.broker.username and mqtt.broker.password_file";
const AUTHORITY =
  "set mqtt.broker.tls.ca_file to the certificate of the authority that issued the broker's certificate";
const CLIENT_CERTIFICATE = "set mqtt.broker.tls.cert_file and key_file to a certificate that the broker trusts";
const CLOCK = "renew the broker's certificate, or set this machine's clock";

const UNTRUSTED: Explanation = [
  "unfit",
  "the broker's certificate comes from an authority that is not trusted",
  AUTHORITY,
];

/** What the codes of Node's errors mean here. */
const BY_CODE: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: ["unreachable", "connection refused: nothing is listening there", NOT_LISTENING],
  ENOTFOUND: ["unreachable", "the broker's name does not resolve", NETWORK],
  EAI_AGAIN: ["unreachable", "name resolution is failing at the moment", NETWORK],
  ETIMEDOUT: ["unreachable", "no answer: TCP connection timed out", NETWORK],
  EHOSTUNREACH: ["unreachable", "no route to the broker", NETWORK],
  ENETUNREACH: ["unreachable", "network unreachable", NETWORK],
  EINVAL: ["unreachable", "the broker's address is link-local, and cannot be connected to", OTHER_ADDRESS],
  CERT_HAS_EXPIRED: ["unfit", "the broker's certificate has expired", CLOCK],
  CERT_NOT_YET_VALID: ["unfit", "the broker's certificate is not yet valid", CLOCK],
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: [
    "rejected",
    "the broker does not trust the client's certificate",
    CLIENT_CERTIFICATE,
  ],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: [
    "rejected",
    "the broker requires a client certificate",
    CLIENT_CERTIFICATE,
  ],
};

/** What the return codes of CONNACK mean. @see MQTT 3.1.1, 3.2.2.3 */
const BY_RETURN_CODE: Readonly<Record<number, Explanation>> = {
  1: ["rejected", "unacceptable protocol version", "use a broker that speaks MQTT 3.1.1"],
  2: ["rejected", "identifier rejected", "change mqtt.client.client_id"],
  3: ["unresponsive", "server unavailable", "check the broker's log"], // brokers that are starting say so
  4: ["rejected", "bad user name or password", CREDENTIALS],
  5: ["rejected", "not authorised", CREDENTIALS],
};

/** How far a connection had got when it failed. */
export interface Progress {
  readonly offer: Offer;
  readonly stage: "connecting" | "tcp" | "tls" | "accepted";
  readonly connectTimeoutMs: number;
  readonly keepAliveS: number;
}

/** Says what an error of the socket or of mqtt.js means; null: the peer closed without one. */
export function explain(error: Error | null, progress: Progress): ConnectionFailure {
  if (error instanceof ConnectionFailure) return error;
  const [kind, reason, remedy] = explanation(error, progress);
  const cause = error === null ? undefined : { cause: error };
  // Remedies for connecting do not apply once the broker has accepted.
  if (progress.stage === "accepted") return new ConnectionFailure("dropped", reason, null, cause);
  return new ConnectionFailure(kind, reason, remedy, cause);
}

function explanation(error: Error | null, { stage, offer, connectTimeoutMs, keepAliveS }: Progress): Explanation {
  if (error === null) return closed(stage, offer);
  // mqtt.js identifies these two by their message alone.
  if (error.message === "connack timeout") {
    return stage === "connecting" ? ["unreachable", `no TCP connection within ${connectTimeoutMs} ms`, NETWORK] : [
      "unresponsive",
      `the broker did not answer within ${connectTimeoutMs} ms`,
      "check the broker; it may be frozen",
    ];
  }
  if (error.message === "Keepalive timeout") {
    return ["dropped", `nothing heard from the broker for ${keepAliveS * 1.5} s`, null];
  }
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "number") return refused(code, offer);
  return byWord(error, String(code), stage, offer);
}

function byWord(error: Error, code: string, stage: Progress["stage"], offer: Offer): Explanation {
  switch (code) {
    case "ECONNRESET":
    case "EPIPE":
      return reset(stage, offer);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return otherName(error);
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
      return noProtocol(offer);
    default:
      if (error.message.includes("DecryptError")) return foreignKey(offer);
      return BY_CODE[code] ?? other(error, code);
  }
}

function otherName(error: Error): Explanation {
  const names = "cert" in error ? certificateNames(error.cert) : null;
  return [
    "unfit",
    `the broker's certificate is for another name${names === null ? "" : `: it is valid for ${names}`}`,
    "set mqtt.broker.tls.server_name or mqtt.broker.host to a name in the certificate",
  ];
}

/** Deno also says this if the client's certificate and key do not match. */
function noProtocol(offer: Offer): Explanation {
  const NEITHER = "the broker speaks neither TLS 1.2 nor 1.3";
  if ((offer.tls?.certFile ?? null) === null) {
    return ["rejected", `TLS failed: ${NEITHER}`, "check the broker's TLS settings"];
  }
  const [kind, reason, remedy] = foreignKey(offer);
  return [kind, `${reason}, or ${NEITHER}`, remedy];
}

function foreignKey({ tls }: Offer): Explanation {
  const reason = `TLS failed: the client's certificate and key, ${tls?.certFile} and ${tls?.keyFile}, do not match`;
  const remedy = "a renewed certificate comes with a new key: check mqtt.broker.tls.cert_file and key_file; " +
    "`bt-scanner check` compares them";
  return ["rejected", reason, remedy];
}

function closed(stage: Progress["stage"], offer: Offer): Explanation {
  if (stage === "accepted") return ["dropped", "connection closed by the broker", null];
  return ["unresponsive", "connection closed before the broker answered", closedRemedy(offer, isOpen(stage, offer))];
}

function reset(stage: Progress["stage"], offer: Offer): Explanation {
  if (stage === "accepted") return ["dropped", "connection reset by the broker", null];
  return ["unresponsive", "connection reset before the broker answered", closedRemedy(offer, isOpen(stage, offer))];
}

/** Whether MQTT could be spoken. */
function isOpen(stage: Progress["stage"], { tls }: Offer): boolean {
  return tls === null || stage === "tls";
}

function refused(code: number, offer: Offer): Explanation {
  const [kind, reason, remedy] = BY_RETURN_CODE[code] ?? ["rejected", "unknown return code", "check the broker's log"];
  return [kind, `broker refused the connection: ${reason} (${code})`, code === 5 ? unauthorisedRemedy(offer) : remedy];
}

function other(error: Error, code: string): Explanation {
  if (!/^(ERR_SSL|ERR_TLS|CERT_)/.test(code)) return ["unresponsive", error.message, null];
  return ["rejected", `TLS failed: ${error.message}`, `check mqtt.broker.tls and the broker's log`];
}
