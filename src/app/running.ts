import { Agent, type AgentOptions, type Scanner, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import type { LineLog, RecentWarnings } from "../log/mod.ts";
import { MqttPublisher } from "../mqtt/mod.ts";
import { type StatusOptions, statusWill } from "../status/mod.ts";
import type { Change } from "./effects.ts";
import type { Host } from "./host.ts";
import { agentOptions, mqttOptions, publishedTopics, statusTopic } from "./options.ts";
import type { ConfigInForce } from "./reloads.ts";
import { ReplaceablePublisher } from "./replaceable_publisher.ts";
import { newRunId } from "./run_id.ts";
import { createScanner } from "./scanner.ts";

/** What {@linkcode Running} asks of the process. */
export type RunningHost = Host & Pick<StatusOptions, "version"> & {
  readonly machine: Pick<StatusOptions, "hostname" | "bootId">;
};

/**
 * The agent and its parts, with the configuration in force. Another one comes into force in one of three ways: a part is
 * given other options by its `configure()`, or is replaced as a whole, or looks up what it needs each time.
 */
export class Running {
  /** What is true of it. */
  readonly vitals: Vitals;
  /** The connection to the broker. */
  readonly publisher: ReplaceablePublisher<MqttPublisher>;
  readonly agent: Agent;
  /** What the status says besides the vitals. */
  readonly status: StatusOptions;
  #inForce: ConfigInForce;
  #scanner: Scanner;
  #missedBefore = 0;

  /** Everything is made after what it needs; nothing runs yet. */
  constructor(
    inForce: ConfigInForce,
    readonly host: RunningHost,
    readonly log: LineLog,
    readonly warnings: RecentWarnings,
  ) {
    const { clock, random, version, machine } = host;
    const { config } = this.#inForce = inForce;
    const scanner = this.#scanner = createScanner(config, host, log);
    const vitals = this.vitals = new Vitals({ clock, missed: () => this.#missedBefore + this.#scanner.missed, log });
    const now = () => this.#inForce;
    this.status = {
      scannerId: config.scanner.id,
      version,
      ...machine,
      runId: newRunId(random),
      get labels() {
        return now().config.scanner.labels;
      },
      get configDigest() {
        return now().digest;
      },
      get intervalS() {
        return now().config.stats.interval_s;
      },
      get topic() {
        return statusTopic(now().config);
      },
    };
    const publisher = this.publisher = new ReplaceablePublisher(() => this.#createPublisher());
    this.agent = new Agent(this.#agentOptions(), { scanner, publisher, vitals, clock, random, log });
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#inForce.config;
  }

  /** Puts another configuration in force; resolves once everything has begun to work with it. */
  async apply(inForce: ConfigInForce, changed: readonly Change[], signal: AbortSignal): Promise<void> {
    const { log } = this;
    const rescans = changed.some(({ effect }) => effect === "rescan");
    const reconnects = changed.some(({ effect }) => effect === "reconnect");
    const renews = !reconnects && (await this.publisher.current?.hasOtherCredentials(signal) ?? false);
    if (signal.aborted) return;
    log.info("configuration reloaded", {
      changed: changed.map(({ key }) => key).join(", ") || "nothing",
      scan: rescans ? "begins anew" : "goes on",
      connection: reconnects || renews ? "made anew" : "stays",
      ...(renews ? { reason: "the password or a certificate is another one" } : {}),
    });
    if (reconnects || renews) this.vitals.leave("reconnecting with a changed configuration");
    this.#inForce = inForce;
    log.configure(this.config.log);
    this.agent.configure(this.#agentOptions());
    await Promise.all([
      rescans ? this.#rescan() : null,
      reconnects || renews ? this.publisher.replace() : null,
    ]);
  }

  #agentOptions(): AgentOptions {
    return { ...agentOptions(this.config), runId: this.status.runId };
  }

  async #rescan(): Promise<void> {
    const { host, log } = this;
    const scanner = createScanner(this.config, host, log);
    await this.agent.scanWith(scanner);
    this.#missedBefore += this.#scanner.missed;
    this.#scanner = scanner;
  }

  #createPublisher(): MqttPublisher {
    const { host, log } = this;
    const { clock, random, readFile } = host;
    const topics = () => publishedTopics(this.config);
    const options = {
      ...mqttOptions(this.config, host, statusWill(this.status, this.vitals)),
      get topics() {
        return topics();
      },
    };
    const dropped = () => this.vitals.counters.droppedOffline;
    return new MqttPublisher(options, { clock, random, log, readFile, connection: this.vitals, dropped });
  }
}
