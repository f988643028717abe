import { BACK_MS, type Fault, fault } from "./faults.ts";
import { BROKER_NAME, type Network, OTHER_ADDRESS, type SlowLink } from "./network.ts";
import type { Rig } from "./rig.ts";

/** `max_age_s`, and what a link that has just become slow still had under way. */
const MOST_AGE_MS = 6_000;

/** What can happen on the way to the broker. */
export const NETWORK_FAULTS: readonly Fault[] = [
  ...([0, 1] as const).flatMap((qos) => [
    lost(`packets lost for a moment, at QoS ${qos}`, qos, [3, 5]),
    lost(`packets lost, at QoS ${qos}`, qos, [20, 130]),
  ]),
  overNetwork("Wi-Fi gone", [20, 180], {
    begin: (network) => network.takeLinkDown(),
    end: (network) => network.bringLinkUp(),
  }),
  overNetwork("half-open: packets lost, the broker killed and started meanwhile", [4, 40], {
    async begin(network, { broker }) {
      await network.dropPackets();
      await broker.stop("SIGKILL");
      await broker.start();
    },
    end: (network) => network.passPackets(),
  }),
  named("name server silent, the broker restarted meanwhile", [12, 60], (network) => network.names.mode = "silent"),
  named(
    "name server knows no name, the broker restarted meanwhile",
    [12, 60],
    (network) => network.names.mode = "unknown",
  ),
  slow("link of 64 kbit/s with a queue of 64 KiB, at QoS 0", 0, { rate: 64_000, queue: 65_536, delay: 0.05 }),
  slow("link of 64 kbit/s with a queue of 64 KiB, at QoS 1", 1, { rate: 64_000, queue: 65_536, delay: 0.05 }),
  slow("link of 256 kbit/s that loses 5 %, at QoS 0", 0, { rate: 256_000, queue: 65_536, delay: 0.1, loss: 0.05 }),
  overNetwork("broker moved to another address, the old one gone without a word", [0, 0], {
    async begin(network) {
      network.names.addresses[BROKER_NAME] = OTHER_ADDRESS;
      await network.removeBrokerAddress();
    },
    end: () => {}, // it is back at once, elsewhere
  }, BROKER_NAME),
];

interface Steps {
  begin(network: Network, rig: Rig): Promise<void> | void;
  end(network: Network, rig: Rig): Promise<void> | void;
}

function overNetwork(
  name: string,
  holdS: Fault["holdS"],
  steps: Steps,
  host: string | null = null,
  qos: 0 | 1 = 1,
): Fault {
  const scenario = {
    setup: { host, qos },
    begin: (rig: Rig) => steps.begin(networkOf(rig), rig),
    end: (rig: Rig) => steps.end(networkOf(rig), rig),
  };
  return fault(name, holdS, scenario, BACK_MS, true);
}

function lost(name: string, qos: 0 | 1, holdS: Fault["holdS"]): Fault {
  const steps = {
    begin: (network: Network) => network.dropPackets(),
    end: (network: Network) => network.passPackets(),
  };
  return overNetwork(name, holdS, steps, null, qos);
}

/** Too slow for all: the connection lasts, and what arrives is not much older than allowed. */
function slow(name: string, qos: 0 | 1, link: SlowLink): Fault {
  const scenario = {
    setup: { qos, isSlow: true },
    async begin(rig: Rig) {
      rig.witness.agesMs.length = 0;
      await networkOf(rig).slowLink(link);
    },
    async end(rig: Rig) {
      const ages = rig.witness.agesMs.toSorted((a, b) => a - b);
      const median = ages[ages.length >> 1] ?? Infinity;
      if (median > MOST_AGE_MS) throw new Error(`what arrived was ${median} ms old, the median of ${ages.length}`);
      await networkOf(rig).slowLink({});
    },
  };
  return { ...fault(name, [20, 120], scenario, BACK_MS, true), lasts: true };
}

function named(name: string, holdS: Fault["holdS"], fail: (network: Network) => void): Fault {
  return overNetwork(name, holdS, {
    async begin(network, { broker }) {
      fail(network);
      await broker.stop();
      await broker.start();
    },
    end: (network) => void (network.names.mode = "answering"),
  }, BROKER_NAME);
}

function networkOf({ network }: Rig): Network {
  if (network === null) throw new Error("This fault needs a network of its own");
  return network;
}
