import type { BackoffPolicy } from "../time/mod.ts";

/** How the connection is encrypted. The files are read at each attempt, so that renewed ones are picked up. */
export interface TlsOptions {
  /** Certificates (PEM) of the authorities to trust; null: those that the runtime trusts. */
  readonly caFile: string | null;
  /** Certificate (PEM) that this client presents, together with `keyFile`; null: none. */
  readonly certFile: string | null;
  /** Private key (PEM) of that certificate. */
  readonly keyFile: string | null;
  /** The name that the broker's certificate must have; null: the host. */
  readonly serverName: string | null;
  /** The application protocol to ask for in the handshake (ALPN); null: none. */
  readonly alpn: string | null;
  /** Accepts any certificate: anyone could pose as the broker. */
  readonly insecureSkipVerify: boolean;
}

/** A password, or what fetches it at each attempt, so that a rotated secret is picked up. */
export type Password = string | (() => Promise<string | Uint8Array | null>) | null;

/** Where a broker listens. */
export interface BrokerAddress {
  /** Name or address. */
  readonly host: string;
  /** TCP port. */
  readonly port: number;
}

/** Which broker to publish to, and how. */
export interface MqttOptions extends BrokerAddress {
  /** Brokers to turn to where that one fails, in this order. All other options are the same for each of them. */
  readonly alternatives: readonly BrokerAddress[];
  /** Whether to go back to the first broker when it accepts connections again. */
  readonly returnsToFirst: boolean;
  /** null: anonymous. */
  readonly username: string | null;
  /** Goes with the user name; never logged. */
  readonly password: Password;
  /** null: not encrypted. */
  readonly tls: TlsOptions | null;
  /** Unique at the broker: a second client with the same one disconnects the first. */
  readonly clientId: string;
  /** The topics that are published to, as access list filters: named in remedies. */
  readonly topics: readonly string[];
  /**
   * Keep Alive in seconds, 0 to 65,535. Silence for 1.5 times as long ends the connection; if the broker's address
   * cannot be reached either, it ends within seconds. 0: off.
   */
  readonly keepAliveS: number;
  /** Asks the broker to forget the previous session. Messages in flight when a connection ends are lost either way. */
  readonly cleanSession: boolean;
  /** Quality of service of the messages: 0, at most once; 1, at least once. */
  readonly qos: 0 | 1;
  /** Maximum number of QoS 1 messages awaiting acknowledgement, at least 1; never more than 65,519. */
  readonly maxInFlight: number;
  /** How long the broker may take to acknowledge a message of QoS 1, in milliseconds; then it counts as lost. */
  readonly ackTimeoutMs: number;
  /**
   * How old a message may be when it arrives, in milliseconds; what would arrive older is dropped before it is sent.
   */
  readonly maxAgeMs: number;
  /** Most messages a second that the broker takes, announcements included; more are not sent. null: no limit. */
  readonly maxRate: number | null;
  /** How waits grow between attempts. */
  readonly reconnect: BackoffPolicy;
  /**
   * Time limit for an attempt, in milliseconds: name resolution, TCP, TLS and CONNACK together. Slow networks get four
   * known round trips more.
   */
  readonly connectTimeoutMs: number;
  /** What the broker publishes, retained, when this client vanishes without a DISCONNECT; null: nothing. */
  readonly will: { readonly topic: string; readonly payload: string; readonly retain: true } | null;
}

/** The options for each broker, as if it were the only one, in order. */
export function optionsPerBroker(options: MqttOptions): MqttOptions[] {
  return [options, ...options.alternatives].map(({ host, port }) => ({ ...options, host, port, alternatives: [] }));
}

/** `host:port`. */
export function brokerName({ host, port }: BrokerAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
