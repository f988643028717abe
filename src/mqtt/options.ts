import type { BackoffPolicy } from "../time/mod.ts";

/** How the connection is encrypted. The files are read at each attempt, so that renewed ones are taken up. */
export interface TlsOptions {
  /** Certificates (PEM) of the authorities to trust; null: those that the runtime trusts. */
  readonly caFile: string | null;
  /** Certificate (PEM) that this client shows, together with `keyFile`; null: none. */
  readonly certFile: string | null;
  /** Private key (PEM) of that certificate. */
  readonly keyFile: string | null;
  /** The name that the broker's certificate must bear; null: the host. */
  readonly serverName: string | null;
  /** Accepts any certificate: anybody could pose as the broker. */
  readonly insecureSkipVerify: boolean;
}

/** A password, or what fetches it at each attempt, so that a rotated secret is taken up. */
export type Password = string | (() => Promise<string | Uint8Array | null>) | null;

/** Which broker to publish to, and how. */
export interface MqttOptions {
  /** Name or address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
  /** null: anonymous. */
  readonly username: string | null;
  /** Goes with the user name; never logged. */
  readonly password: Password;
  /** null: not encrypted. */
  readonly tls: TlsOptions | null;
  /** One of its own for each client at a broker: a second one ends the first one's connection. */
  readonly clientId: string;
  /** What is published to, as filters of an access list: for remedies. */
  readonly topics: readonly string[];
  /**
   * Seconds between signs of life, 0 to 65,535; silence of 1.5 times as long ends the connection, and within seconds
   * where the broker's address cannot be reached either. 0: never.
   */
  readonly keepAliveS: number;
  /** Asks the broker to forget the previous session. Messages that a connection took with it are lost either way. */
  readonly cleanSession: boolean;
  /** Quality of service of the messages: 0, at most once; 1, at least once. */
  readonly qos: 0 | 1;
  /** Most messages of QoS 1 that wait for their acknowledgement, at least 1; never more than 65,519. */
  readonly maxInFlight: number;
  /** How long the broker may take to acknowledge a message of QoS 1, in milliseconds; then it counts as lost. */
  readonly ackTimeoutMs: number;
  /** How old a message may be when it arrives, in milliseconds: what would be older is dropped before it is sent. */
  readonly maxAgeMs: number;
  /** How waits grow between attempts. */
  readonly reconnect: BackoffPolicy;
  /**
   * Bound of an attempt, in milliseconds: name, TCP, TLS and CONNACK together. Slow ways have more: four times the
   * round trip that is known of them.
   */
  readonly connectTimeoutMs: number;
  /** What the broker publishes, retained, when this client vanishes without a word; null: nothing. */
  readonly will: { readonly topic: string; readonly payload: string; readonly retain: true } | null;
}
