import { Mosquitto } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { Tally } from "./tally.ts";

/** The most messages that a killed broker can have acknowledged and not passed on. */
export const MAX_IN_FLIGHT = 100;

/** What is simulated. */
export interface RigOptions {
  readonly seed: number;
  readonly reportsPerSecond: number;
  readonly devices: number;
}

/** A phone is heard under a new address each time. */
const ENVIRONMENT = {
  BT_SCANNER_SIMULATE_ROTATE_S: "1",
  BT_SCANNER_SIMULATE_MALFORMED: "0.05",
  BT_SCANNER_STATS_INTERVAL_S: "1",
  BT_SCANNER_MQTT_CLIENT_KEEP_ALIVE: "10",
  BT_SCANNER_MQTT_CLIENT_MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
};

/** A subscriber that is slower than the agent for a while must lose nothing. */
const BROKER_CONFIG = `allow_anonymous true
listener {port} 127.0.0.1
max_inflight_messages 0
max_queued_messages 0
log_type error`;

/** The agent as a process of its own, Mosquitto, a proxy between them, and a subscriber at the broker. */
export class Rig implements AsyncDisposable {
  private constructor(
    readonly broker: Mosquitto,
    readonly proxy: TcpProxy,
    readonly tally: Tally,
    readonly agent: Program,
    private readonly stack: AsyncDisposableStack,
  ) {}

  static async start({ seed, reportsPerSecond, devices }: RigOptions): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const broker = stack.use(await Mosquitto.start(BROKER_CONFIG));
    const proxy = stack.use(new TcpProxy(broker.port));
    const tally = stack.use(new Tally(broker.port, "ble/raw/s1"));
    await tally.connect();
    const simulation = ["--source", "simulate", "--simulate-devices", String(devices)];
    const agent = stack.use(
      new Program(agentArgs(proxy.port, "--qos", "1", ...simulation, "--simulate-rate", String(reportsPerSecond)), {
        ...ENVIRONMENT,
        BT_SCANNER_SIMULATE_SEED: String(seed),
        BT_SCANNER_SIMULATE_BURST: String(10 * reportsPerSecond),
      }),
    );
    return new Rig(broker, proxy, tally, agent, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
