import { connectAsync, type MqttClient } from "mqtt";
import { messageSchema } from "../../src/advertisement/message_schema.ts";

const MOST_KEPT = 5;

/** An independent subscriber that counts and checks what arrives, and keeps none of it. */
export class Tally implements AsyncDisposable {
  /** Messages that arrived. */
  messages = 0;
  /** When the report of the message that arrived last was read, milliseconds since the Unix epoch. */
  lastReportMs = 0;
  /** Messages that break the contract. */
  broken = 0;
  /** The first few of these. */
  readonly examples: string[] = [];
  readonly #topics = new Set<string>();
  #client: MqttClient | null = null;

  constructor(private readonly port: number, private readonly prefix: string) {}

  /** How many addresses were seen. */
  get addresses(): number {
    return this.#topics.size;
  }

  /** Connects and subscribes; also after the broker was killed. */
  async connect(): Promise<void> {
    await this.#client?.endAsync(true);
    const client = await connectAsync(`mqtt://127.0.0.1:${this.port}`, { reconnectPeriod: 0, keepalive: 0 });
    client.on("error", () => {}); // the broker is killed on purpose
    client.on("message", (topic, payload) => this.#take(topic, payload.toString()));
    await client.subscribeAsync(`${this.prefix}/#`, { qos: 1 });
    this.#client = client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.endAsync(true);
  }

  #take(topic: string, payload: string): void {
    this.messages++;
    this.#topics.add(topic);
    try {
      const message = messageSchema.parse(JSON.parse(payload));
      this.lastReportMs = Date.parse(message.timestamp);
      if (topic === `${this.prefix}/${message.mac_address}`) return;
    } catch {
      // counted below
    }
    this.broken++;
    if (this.examples.length < MOST_KEPT) this.examples.push(`${topic} ${payload}`);
  }
}
