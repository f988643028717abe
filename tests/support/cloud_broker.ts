import type { Clock } from "../../src/time/mod.ts";
import type { Certificates } from "./certificates.ts";
import type { PublishPacket } from "./mqtt_packets.ts";
import { serving } from "./scripted_broker.ts";

/** What an imitated service does to its clients. */
export interface CloudRules {
  /** Clients that do not ask for this protocol are closed before they are answered; null: any. */
  readonly alpn: string | null;
  /** More messages in a second of one connection are passed over without a word. */
  readonly mostPerSecond: number;
  /** The connection is closed for any other topic. */
  readonly topics: RegExp;
}

/** Behaves to publishers as services in the cloud are documented to, over TLS on the loopback interface. */
export class CloudBroker implements AsyncDisposable {
  /** Messages taken, and those passed over. */
  readonly taken: PublishPacket[] = [];
  passedOver = 0;
  /** Connections closed for a topic, or for want of ALPN. */
  refused = 0;
  readonly #listener: Deno.TlsListener;
  readonly #connections = new Set<Deno.TlsConn>();
  readonly #serving: Promise<void>;

  private constructor(private readonly rules: CloudRules, private readonly clock: Clock, cert: string, key: string) {
    const alpn = rules.alpn === null ? {} : { alpnProtocols: [rules.alpn] };
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key, ...alpn });
    this.#serving = this.#serve();
  }

  /** Starts one whose certificate is for localhost. */
  static async start(rules: CloudRules, certificates: Certificates, clock: Clock): Promise<CloudBroker> {
    const [cert, key] = await Promise.all([
      Deno.readTextFile(certificates.certificate("broker")),
      Deno.readTextFile(certificates.key("broker")),
    ]);
    return new CloudBroker(rules, clock, cert, key);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const connection of this.#listener) running.push(this.#run(connection));
    await Promise.all(running);
  }

  async #run(connection: Deno.TlsConn): Promise<void> {
    this.#connections.add(connection);
    try {
      const { alpnProtocol } = await connection.handshake();
      if (alpnProtocol === this.rules.alpn) await serving(this.#judge())(connection as unknown as Deno.TcpConn);
      else this.refused++;
    } catch {
      // the client went away, or was sent away
    }
    this.#connections.delete(connection);
    close(connection);
  }

  #judge(): (message: PublishPacket) => boolean {
    const recentMs: number[] = [];
    return (message) => {
      if (!this.rules.topics.test(message.topic)) {
        this.refused++;
        throw new Error(`${message.topic} is forbidden`);
      }
      const nowMs = this.clock.monotonicMs();
      while (recentMs[0] !== undefined && recentMs[0] < nowMs - 1_000) recentMs.shift();
      const isTaken = recentMs.length < this.rules.mostPerSecond;
      if (isTaken) recentMs.push(nowMs);
      if (isTaken) this.taken.push(message);
      else this.passedOver++;
      return isTaken;
    };
  }
}

function close(connection: Deno.TlsConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}
