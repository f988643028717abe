import { connectAsync, type MqttClient } from "mqtt";
import { Mosquitto } from "../../support/mosquitto.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Running } from "./running.ts";

/** Mosquitto tells by messages, too, who came and went. */
const CONFIG = "allow_anonymous true\nlistener {port} 127.0.0.1\nlog_dest topic\nlog_type notice";

/**
 * A broker that tells how long clients stayed. It has taken all that a client sent by the time it sees it go, so the same
 * holds for every kind of client, whatever that takes to start and to end; and no message is disturbed.
 */
export class Sessions implements AsyncDisposable {
  private constructor(private readonly broker: Mosquitto, private readonly log: MqttClient) {}

  static async start(): Promise<Sessions> {
    const broker = await Mosquitto.start(CONFIG);
    const log = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0 });
    await log.subscribeAsync("$SYS/broker/log/N");
    return new Sessions(broker, log);
  }

  get port(): number {
    return this.broker.port;
  }

  /** Runs a client called `clientId` to its end, and resolves to the seconds for which it was connected. */
  async time(clientId: string, client: Running): Promise<number> {
    const seen = { cameMs: NaN, wentMs: NaN };
    const listen = (_topic: string, line: Uint8Array): void => {
      const text = new TextDecoder().decode(line);
      if (text.includes(` as ${clientId} `)) seen.cameMs = performance.now();
      if (text.includes(` Client ${clientId} `)) seen.wentMs = performance.now();
    };
    this.log.on("message", listen);
    await using process = client;
    await process.ended();
    await waitFor(() => !Number.isNaN(seen.wentMs), `the broker to see ${clientId} go`);
    this.log.off("message", listen);
    return (seen.wentMs - seen.cameMs) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.endAsync(true);
    await this.broker[Symbol.asyncDispose]();
  }
}
