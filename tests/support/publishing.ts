import type { ConnectionState } from "../../src/agent/mod.ts";
import { type MqttOptions, type MqttParts, MqttPublisher } from "../../src/mqtt/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { RecordingLog } from "./recording_log.ts";

/** Options for a broker on the loopback interface; waits are short. */
export function mqttOptions(port: number, changes: Partial<MqttOptions> = {}): MqttOptions {
  return {
    host: "127.0.0.1",
    port,
    alternatives: [],
    returnsToFirst: true,
    username: null,
    password: null,
    tls: null,
    clientId: "bt-mqtt-scanner-01",
    topics: ["ble/raw/scanner-01/#"],
    keepAliveS: 60,
    cleanSession: true,
    qos: 0,
    maxInFlight: 100,
    ackTimeoutMs: 30_000,
    maxAgeMs: 5_000,
    maxRate: null,
    reconnect: { initialDelayMs: 50, maxDelayMs: 200, exponential: true },
    connectTimeoutMs: 5_000,
    will: null,
    ...changes,
  };
}

/** A publisher that has begun to connect, and what it logs. */
export interface Publishing extends AsyncDisposable {
  readonly publisher: MqttPublisher;
  readonly log: RecordingLog;
  /** How each accepted message ended, in order. */
  readonly settled: (Error | null)[];
  /** Why connections that worked were left. */
  readonly left: readonly string[];
  /** What the connection does, as last told. */
  readonly state: ConnectionState;
  /** Resolves once the publisher takes messages. */
  ready(timeoutMs?: number): Promise<void>;
  /** Publishes one message to `topic`, whose end goes to `settled`. */
  publish(payload: string, topic?: string): ReturnType<MqttPublisher["publish"]>;
}

/** Starts a publisher; `onOnline` is called on every connection. */
export function startPublishing(
  port: number,
  changes: Partial<MqttOptions> = {},
  parts: Partial<MqttParts> = {},
  onOnline: (publisher: MqttPublisher) => void = () => {},
): Publishing {
  const left: string[] = [];
  const told: ConnectionState[] = [{ kind: "idle" }];
  const log = new RecordingLog();
  const settled: (Error | null)[] = [];
  const publisher = new MqttPublisher(mqttOptions(port, changes), {
    clock: systemClock,
    random: Math.random,
    log,
    readFile: Deno.readFile,
    connection: {
      setConnection(state) {
        told.push(state);
        if (state.kind === "online") onOnline(publisher);
      },
      setWarning: () => {},
      leave: (reason) => void left.push(reason),
    },
    dropped: () => 0,
    ...parts,
  });
  publisher.start();
  const settle = (error: Error | null) => void settled.push(error);
  return {
    publisher,
    log,
    settled,
    left,
    get state() {
      return told.at(-1) ?? { kind: "idle" };
    },
    ready: (timeoutMs = 20_000) => publisher.ready(AbortSignal.timeout(timeoutMs)),
    publish: (payload, topic = "ble/raw/scanner-01/AA") => publisher.publish(topic, payload, settle),
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}
