import { freePort } from "../support/free_port.ts";
import { Mosquitto } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import type { ProgramEnd } from "../support/programs.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";
import { BROKER_ADDRESS, type Network, SLOW_ADDRESS } from "./network.ts";
import { Witness } from "./witness.ts";

/** The most messages that a killed broker can have acknowledged and not passed on. */
export const MAX_IN_FLIGHT = 100;

/** How the parties are set up. */
export interface Setup {
  readonly qos: 0 | 1;
  readonly reportsPerSecond: number;
  /** Seconds between signs of life. */
  readonly keepAliveS: number;
  /** Further configuration of the agent, by environment. */
  readonly env: Readonly<Record<string, string>>;
  /** By which name the agent knows the broker; null: by its address. */
  readonly host: string | null;
  readonly tls: boolean;
  /** The way to the broker is one that can be made slow. */
  readonly isSlow: boolean;
  /** Further lines of the broker's configuration, about the listener for the agent. */
  readonly listener: string;
}

/** What most faults meet. */
export const USUAL: Setup = {
  qos: 1,
  reportsPerSecond: 200,
  keepAliveS: 60,
  env: {},
  host: null,
  tls: false,
  isSlow: false,
  listener: "allow_anonymous true\n",
};

/** Sessions are kept, also when the broker is killed; a slow subscriber loses nothing. */
const BROKER_CONFIG = `persistence true
persistence_location {folder}/
max_inflight_messages 0
max_queued_messages 0
queue_qos0_messages true
per_listener_settings true
listener {port} 127.0.0.1
allow_anonymous true
`;

/** Real Mosquitto, the agent as a real process, a subscriber that counts. */
export class Rig implements AsyncDisposable {
  #agent: Program;
  /** Messages that had arrived when the present agent was started. */
  #messagesBefore = 0;

  private constructor(
    private readonly setup: Setup,
    readonly broker: Mosquitto,
    readonly witness: Witness,
    /** null: everything is on the loopback interface. */
    readonly network: Network | null,
    /** What the agent connects to. */
    readonly port: number,
    private readonly stack: AsyncDisposableStack,
  ) {
    this.#agent = this.#start();
  }

  get agent(): Program {
    return this.#agent;
  }

  /** Messages of the present agent that have arrived. */
  get arrived(): number {
    return this.witness.messages - this.#messagesBefore;
  }

  /** Starts everything, and resolves when messages arrive. */
  static async start(setup: Setup, network: Network | null): Promise<Rig> {
    await using stack = new AsyncDisposableStack();
    const port = freePort();
    const listener = `listener ${port} ${network === null ? "127.0.0.1" : "0.0.0.0"}\n${setup.listener}`;
    const broker = stack.use(await Mosquitto.start(BROKER_CONFIG + listener));
    const witness = stack.use(await Witness.open(broker.port));
    broker.signal("SIGUSR1"); // keeps the witness's session, though the broker be killed
    const rig = new Rig(setup, broker, witness, network, port, stack.move());
    await waitFor(() => witness.messages > 0 && witness.stats.length > 0, "the first messages");
    return rig;
  }

  /** At which address of this machine the agent finds the broker. */
  get address(): string {
    if (this.network === null) return "127.0.0.1";
    return this.setup.isSlow ? SLOW_ADDRESS : BROKER_ADDRESS;
  }

  /** Starts the agent anew. */
  restartAgent(): void {
    this.#messagesBefore = this.witness.messages;
    this.#agent = this.#start();
  }

  #start(): Program {
    const { qos, reportsPerSecond, keepAliveS, env, host, tls } = this.setup;
    const broker = `mqtt${tls ? "s" : ""}://${host ?? this.address}:${this.port}`;
    const source = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", String(reportsPerSecond)];
    const usual = {
      BT_SCANNER_STATS_INTERVAL_S: "1",
      BT_SCANNER_MQTT_CLIENT_KEEP_ALIVE: String(keepAliveS),
      BT_SCANNER_MQTT_CLIENT_MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
    };
    const args = agentArgs(this.port, "--broker", broker, "--qos", String(qos), ...source);
    const agent = new Program(args, { ...usual, ...env }, this.network?.wrapper);
    this.stack.use(agent);
    return agent;
  }

  /** What the broker retains of the agent. */
  async retainedStatus(): Promise<{ readonly status?: string; readonly reason?: string | null }> {
    await using late = await Subscriber.open(this.broker.port, "ble/status/s1");
    await late.until(1);
    return JSON.parse(late.messages[0]?.payload ?? "{}");
  }

  /** Ends the agent politely, and resolves when all it had sent has arrived. */
  async stopAgent(): Promise<ProgramEnd> {
    this.agent.kill("SIGTERM");
    const end = await this.agent.ended();
    const isOffline = () => this.witness.statuses.at(-1)?.status === "offline";
    await waitFor(isOffline, "the last status").catch(() => {}); // which is looked at anyway
    await this.witness.quiet();
    return end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
