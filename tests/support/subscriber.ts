import { connectAsync, type MqttClient } from "mqtt";
import { waitFor } from "./wait_for.ts";

/** A message as it arrived. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** Keeps what a broker sends for some topics. Knows nothing of the program. */
export class Subscriber implements AsyncDisposable {
  readonly messages: ReceivedMessage[] = [];

  private constructor(private readonly client: MqttClient) {
    client.on("message", (topic, payload, { qos, retain }) => {
      this.messages.push({ topic, payload: payload.toString(), qos, retain });
    });
  }

  /** Connects to a broker on the loopback interface and subscribes with QoS 1. */
  static async open(port: number, ...topics: string[]): Promise<Subscriber> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    const subscriber = new Subscriber(client);
    await client.subscribeAsync(topics, { qos: 1 });
    return subscriber;
  }

  /** The payloads of one topic, or all. */
  payloads(topic?: string): string[] {
    return this.messages.filter((message) => topic === undefined || message.topic === topic).map((m) => m.payload);
  }

  /** Resolves once so many messages have arrived. */
  async until(count: number): Promise<void> {
    await waitFor(() => this.messages.length >= count, `${count} messages`).catch((error) => {
      throw new Error(`${error.message}, got ${this.messages.length}`);
    });
  }

  /** Publishes a message, and resolves once the broker has it. */
  async publish(topic: string, payload: string, retain = false): Promise<void> {
    await this.client.publishAsync(topic, payload, { qos: 1, retain });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}
