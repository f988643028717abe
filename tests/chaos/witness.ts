import { connectAsync, type MqttClient } from "mqtt";
import type { Counts } from "../support/counts.ts";

const QUIET_MS = 300;

/**
 * An independent subscriber that counts what a broker passes on. Its session outlives the broker's restarts, so that
 * nothing is missed before it is back.
 */
export class Witness implements AsyncDisposable {
  /** Messages, each counted once. */
  messages = 0;
  /** When the newest report that arrived was read, milliseconds since the Unix epoch. */
  newestMs = -Infinity;
  /** When the last one arrived. */
  arrivedMs = -Infinity;
  /** Payloads of `ble/status/s1`, of `ble/stats/s1`. */
  readonly statuses: { readonly status: string; readonly scanning: boolean; readonly reason: string | null }[] = [];
  readonly stats: Counts[] = [];
  /** How old each message was when it arrived. */
  readonly agesMs: number[] = [];
  readonly #seen = new Set<string>();

  private constructor(private readonly client: MqttClient) {
    client.on("error", () => {}); // the broker is killed on purpose
    client.on("message", (topic, payload, { dup }) => this.#take(topic, payload.toString(), dup));
  }

  /** Connects to a broker on the loopback interface that keeps sessions, and subscribes. */
  static async open(port: number): Promise<Witness> {
    const options = { clientId: "witness", clean: false, reconnectPeriod: 20, keepalive: 0, resubscribe: false };
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, options);
    const witness = new Witness(client);
    await client.subscribeAsync(["ble/raw/s1/+", "ble/status/s1", "ble/stats/s1"], { qos: 1 });
    return witness;
  }

  /** Resolves when nothing has arrived for a while. */
  async quiet(): Promise<void> {
    for (let before = -1; before < this.messages;) {
      before = this.messages;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }

  #take(topic: string, payload: string, dup: boolean): void {
    if (topic === "ble/status/s1") return void this.statuses.push(JSON.parse(payload));
    if (topic === "ble/stats/s1") return void this.stats.push(JSON.parse(payload));
    if (dup && this.#seen.has(payload)) return;
    this.#seen.add(payload);
    this.messages++;
    this.arrivedMs = Date.now();
    const stamp = /"timestamp":"([^"]+)"/.exec(payload)?.[1] ?? "";
    this.newestMs = Math.max(this.newestMs, Date.parse(stamp));
    this.agesMs.push(this.arrivedMs - Date.parse(stamp));
  }
}
