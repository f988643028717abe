import { connectAsync } from "mqtt";
import type { PublishPacket } from "../support/mqtt_packets.ts";
import { answering, readAll, type Script, ScriptedBroker, serving } from "../support/scripted_broker.ts";
import type { Rig, Setup } from "./rig.ts";

/** A fault, ready to be inflicted on a rig once. */
export interface Scenario {
  readonly setup?: Partial<Setup>;
  begin(rig: Rig): Promise<void> | void;
  end(rig: Rig): Promise<void> | void;
  /** The broker notices that the agent is gone, and is there to publish its will. */
  readonly leavesWill?: boolean;
  /** Reports that somebody acknowledged who passes nothing on. */
  readonly swallowed?: () => number;
}

/** Something that happens between agent and broker. */
export interface Fault {
  readonly name: string;
  /** How long it lasts, in seconds, in the short form and in the long one. */
  readonly holdS: readonly [short: number, long: number];
  /** The longest recovery allowed after its end. */
  readonly goalMs: number;
  /** The connection lasts: it has recovered as soon as anything arrives, what had waited first. */
  readonly lasts?: boolean;
  /** Needs packets to be lost, or names to be resolved: a network of its own. */
  readonly needsNetwork: boolean;
  /** What is left open, is closed with the stack. */
  prepare(stack: AsyncDisposableStack): Promise<Scenario> | Scenario;
}

/** After any outage. */
export const BACK_MS = 10_000;
/** After the broker refused: as long as the longest wait. A person was at work. */
export const LONGEST_WAIT_MS = 60_000;
/** Where the connection lasts. */
export const FLOWING_MS = 1_000;

const BUSY: Partial<Setup> = { reportsPerSecond: 2_000 };

/** What can happen to the broker itself. */
export const BROKER_FAULTS: readonly Fault[] = [
  fault("restarted", [0.2, 0.2], {
    begin: ({ broker }) => broker.stop(),
    end: ({ broker }) => broker.start(),
  }),
  fault("killed (kill -9), at QoS 0", [2, 10], {
    setup: { qos: 0 },
    begin: ({ broker }) => broker.stop("SIGKILL"),
    end: ({ broker }) => broker.start(),
  }),
  fault("absent", [12, 90], {
    begin: ({ broker }) => broker.stop(),
    end: ({ broker }) => broker.start(),
  }),
  fault("killed with our bytes unread: connection reset", [0.1, 5], {
    setup: { ...BUSY, qos: 0 },
    async begin({ broker }) {
      broker.signal("SIGSTOP");
      await sleep(500);
      await broker.stop("SIGKILL");
    },
    end: ({ broker }) => broker.start(),
  }),
  ...([0, 1] as const).map((qos): Fault => ({
    name: `frozen (SIGSTOP), 2,000 reports/s at QoS ${qos}`,
    holdS: [5, 30],
    goalMs: FLOWING_MS,
    lasts: true,
    needsNetwork: false,
    prepare: () => ({
      setup: { ...BUSY, qos },
      begin: ({ broker }) => broker.signal("SIGSTOP"),
      end: ({ broker }) => broker.signal("SIGCONT"),
    }),
  })),
  fault("frozen for longer than the keepalive time", [12, 40], {
    setup: { keepAliveS: 4 },
    begin: ({ broker }) => broker.signal("SIGSTOP"),
    end: ({ broker }) => broker.signal("SIGCONT"),
  }),
  slowReader(),
  ...[1, 2, 3, 4, 5].map((code) => {
    const refusal = answering(Uint8Array.of(0x20, 0x02, 0x00, code));
    return replaced(`CONNACK ${code}`, [3, 20], refusal, code === 3 ? BACK_MS : LONGEST_WAIT_MS);
  }),
  replaced("behind a proxy that accepts and closes", [8, 40], () => Promise.resolve(), BACK_MS),
  replaced(
    "behind a proxy that accepts and is silent",
    [8, 40],
    (connection) => readAll(connection).then(() => {}),
    BACK_MS,
  ),
  takenOver(),
  passedOver(),
];

/** One with the usual goal, that needs no certificates or the like. */
export function fault(
  name: string,
  holdS: Fault["holdS"],
  scenario: Scenario,
  goalMs = BACK_MS,
  needsNetwork = false,
): Fault {
  return { name, holdS, goalMs, needsNetwork, prepare: () => scenario };
}

/** Runs a fiftieth of the time, or as Deno's timers allow. */
function slowReader(): Fault {
  return {
    name: "slow reader, 2,000 reports/s at QoS 0",
    holdS: [5, 30],
    goalMs: FLOWING_MS,
    lasts: true,
    needsNetwork: false,
    prepare() {
      let [isSlow, slowing] = [true, Promise.resolve()];
      return {
        setup: { ...BUSY, qos: 0 },
        begin({ broker }) {
          slowing = (async () => {
            while (isSlow) {
              broker.signal("SIGCONT");
              await sleep(2);
              broker.signal("SIGSTOP");
              await sleep(100);
            }
          })();
        },
        async end({ broker }) {
          isSlow = false;
          await slowing;
          broker.signal("SIGCONT");
        },
      };
    },
  };
}

/** Something else answers at the broker's place. */
function replaced(name: string, holdS: Fault["holdS"], script: Script, goalMs: number): Fault {
  return {
    name,
    holdS,
    goalMs,
    needsNetwork: false,
    prepare(stack) {
      const there = stack.use(new AsyncDisposableStack());
      return {
        async begin({ broker, address, port }) {
          await broker.stop();
          there.use(new ScriptedBroker(script, { hostname: address, port }));
        },
        async end({ broker }) {
          await there.disposeAsync();
          await broker.start();
        },
      };
    },
  };
}

/**
 * A broker that takes a hundred messages a second, and does not say a word about the others. It was there all the time,
 * and each connection ended soon: the waits grow to the longest.
 */
function passedOver(): Fault {
  let [second, taken, swallowed] = [0, 0, 0];
  const takes = ({ topic }: PublishPacket) => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) [second, taken] = [now, 0];
    const isTaken = taken++ < 100;
    if (isTaken && topic.startsWith("ble/raw/")) swallowed++;
    return isTaken;
  };
  const fault = replaced(
    "broker that passes over what exceeds 100 messages/s",
    [20, 60],
    serving(takes),
    LONGEST_WAIT_MS,
  );
  const setup = { env: { BT_SCANNER_MQTT_CLIENT_ACK_TIMEOUT_S: "5" } };
  return {
    ...fault,
    prepare: async (stack) => ({ ...await fault.prepare(stack), setup, swallowed: () => swallowed }),
  };
}

/** Another client with our identifier, that will not let go. */
function takenOver(): Fault {
  return {
    name: "client identifier taken over by another client",
    holdS: [4, 30],
    goalMs: LONGEST_WAIT_MS,
    needsNetwork: false,
    prepare(stack) {
      const there = stack.use(new AsyncDisposableStack());
      return {
        async begin({ broker }) {
          const options = { clientId: "bt-mqtt-s1", reconnectPeriod: 200, keepalive: 0 };
          const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
          client.on("error", () => {});
          there.defer(() => client.endAsync(true));
        },
        end: () => there.disposeAsync(),
      };
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
