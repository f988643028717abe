import { fileURLToPath } from "node:url";
import { type Counts, finalCounts } from "../../support/counts.ts";
import { Mosquitto } from "../../support/mosquitto.ts";
import { type LogLine, Program } from "../../support/program.ts";
import { Subscriber } from "../../support/subscriber.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Subject } from "../measuring/options.ts";
import { pause } from "../measuring/running.ts";
import { Arrivals } from "./arrivals.ts";
import { scannerEnv } from "./scanner.ts";

/** What a broker for many scanners needs besides a listener: nothing is dropped for a subscriber to all of them. */
const BROKER_CONFIG = `persistence true
persistence_location {folder}/
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
connection_messages false
allow_anonymous true
listener {port} 127.0.0.1`;

/** Agents that share a process; as many as a process takes without becoming the narrowest place. */
const AGENTS_A_PROCESS = 250;
/** Agents with a process of their own, as on a scanner. */
const MOST_ALONE = 10;
/** Over which the fleet is started. */
const START_MS = 10_000;
const HEARD_TIMEOUT_MS = 180_000;
const QUIET_MS = 500;

/** What is started. */
export interface FleetSize {
  readonly scanners: number;
  /** Reports a second that each scanner hears. */
  readonly rate: number;
  readonly qos: number;
}

/** How the messages of one scanner ended, by its own counters, and how many a subscriber got. */
export interface Account {
  readonly received: number;
  readonly published: number;
  readonly dropped: number;
  readonly arrived: number;
}

/** One Mosquitto, one subscriber to everything, and scanners: a few alone, most of them many in a process. */
export class Fleet implements AsyncDisposable {
  private constructor(
    readonly broker: Mosquitto,
    readonly arrivals: Arrivals,
    /** Processes of one agent each. */
    readonly alone: readonly Program[],
    /** Processes of many agents each. */
    readonly together: readonly Program[],
    private readonly stack: AsyncDisposableStack,
  ) {}

  /** Starts everything, and resolves when each scanner has been heard. */
  static async start(subject: Subject, { scanners, rate, qos }: FleetSize): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    const broker = stack.use(await Mosquitto.start(BROKER_CONFIG));
    const arrivals = stack.use(await Arrivals.open(broker.port, qos, scanners));
    const options = { port: broker.port, qos, rate };
    const alone = Array.from({ length: Math.min(MOST_ALONE, scanners) }, (_, number) => {
      return stack.use(new Program(["run"], scannerEnv(number, options), [], subject.command));
    });
    const together: Program[] = [];
    for (let first = alone.length; first < scanners; first += AGENTS_A_PROCESS) {
      const count = Math.min(AGENTS_A_PROCESS, scanners - first);
      const args = [broker.port, qos, rate, first, count, START_MS].map(String);
      together.push(stack.use(new Program(args, {}, [], agentsCommand())));
    }
    const fleet = new Fleet(broker, arrivals, alone, together, stack.move());
    const silent = () => [...arrivals.counts.keys()].filter((number) => arrivals.counts[number] === 0);
    await waitFor(() => silent().length === 0, "all scanners", HEARD_TIMEOUT_MS).catch(async (error) => {
      throw new Error([`${error.message}, not heard:`, ...await fleet.describe(silent())].join("\n"));
    });
    return fleet;
  }

  /** What is known of scanners: the status that the broker retains, and what those that are alone have logged. */
  async describe(scanners: readonly number[]): Promise<string[]> {
    await using statuses = await Subscriber.open(
      this.broker.port,
      ...scanners.map((number) => `ble/status/s${number}`),
    );
    await pause(QUIET_MS);
    return scanners.map((number) => {
      const status = statuses.payloads(`ble/status/s${number}`).at(-1) ?? "no status";
      return `s${number}: ${status} ${this.alone[number]?.text ?? ""}`;
    });
  }

  /** Ends all agents politely, and tells how the messages of each ended that could say so. */
  async end(): Promise<Account[]> {
    const programs = [...this.alone, ...this.together];
    const ends = await Promise.all(programs.map((program) => program.end("SIGTERM")));
    for (const { code, stderr } of ends) if (code !== 0) throw new Error(`An agent ended with ${code}: ${stderr}`);
    for (let before = -1; before < this.arrivals.total;) {
      before = this.arrivals.total;
      await pause(QUIET_MS);
    }
    const ended = new Map<string, Counts>();
    for (const [number, { log }] of this.alone.entries()) keepCounts(ended, `s${number}`, log);
    for (const line of this.together.flatMap(({ log }) => log)) {
      keepCounts(ended, String(line.fields.scanner_id), [line]);
    }
    return [...this.arrivals.counts].flatMap((arrived, number) => {
      const counts = ended.get(`s${number}`);
      return counts === undefined ? [] : [accountOf(counts, arrived)];
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

function agentsCommand(): string[] {
  const script = fileURLToPath(new URL("agents.ts", import.meta.url));
  return [Deno.execPath(), "run", "--quiet", "--no-check", "-A", "--v8-flags=--max-semi-space-size=1", script];
}

/** An agent ends on time, and if its last line of the log takes longer than that, without it. */
function keepCounts(ended: Map<string, Counts>, scanner: string, log: readonly LogLine[]): void {
  if (log.some(({ event }) => event === "ended")) ended.set(scanner, finalCounts(log));
}

function accountOf(counts: Counts, arrived: number): Account {
  const { received, published, dropped_offline, dropped_backpressure, dropped_unacknowledged } = counts;
  return { received, published, arrived, dropped: dropped_offline + dropped_backpressure + dropped_unacknowledged };
}
