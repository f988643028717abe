import { BACK_MS, type Fault, fault } from "./faults.ts";
import { BROKER_NAME, type Network, OTHER_ADDRESS } from "./network.ts";
import type { Rig } from "./rig.ts";

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
