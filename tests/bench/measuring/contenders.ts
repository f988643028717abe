import { findProgram, runToEnd } from "../../support/programs.ts";
import type { Subject } from "./options.ts";
import { anchorPath, Running } from "./running.ts";

/** As the broker knows whoever it is. */
export const CLIENT_ID = "peer";

/** Whoever publishes a number of messages as fast as it can, and ends. */
export interface Contender {
  readonly name: string;
  readonly cases: readonly Case[];
  readonly start: (port: number, how: Case) => Running;
}

/** A way of publishing. */
export interface Case {
  readonly name: string;
  readonly qos: 0 | 1;
  readonly maxInFlight?: number;
}

const QOS_0: Case = { name: "QoS 0", qos: 0 };
const QOS_1: Case = { name: "QoS 1", qos: 1 };
const MANY_IN_FLIGHT: Case = { name: "QoS 1, max_in_flight 1000", qos: 1, maxInFlight: 1000 };
const TOPIC = "ble/raw/s1/C0:00:00:00:00:00";
/** Debian's, which knows Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** The agent, with a recording at maximum speed. */
export function agent(subject: Subject, recording: string): Contender {
  const replay = ["--source", "replay", "--replay", recording, "--replay-speed", "max"];
  return {
    name: subject.name,
    cases: [QOS_0, QOS_1, MANY_IN_FLIGHT],
    start: (port, { qos, maxInFlight }) => {
      const env = Object.entries({ CLIENT_ID, ...maxInFlight !== undefined && { MAX_IN_FLIGHT: maxInFlight } })
        .map(([key, value]) => `BT_SCANNER_MQTT_CLIENT_${key}=${value}`);
      const command = ["env", ...env, ...subject.command];
      return Running.agent({ ...subject, command }, port, "--qos", String(qos), ...replay);
    },
  };
}

/** Clients that are given the messages ready-made, as the lines of a file; those that are installed. */
export async function peers(messages: string): Promise<Contender[]> {
  const pub = [findProgram("mosquitto_pub") ?? "mosquitto_pub", "-i", CLIENT_ID, "-t", TOPIC, "-l"];
  const fromFile = ["sh", "-c", `exec "$@" <"$0"`, messages];
  const mqttJs = [Deno.execPath(), "run", "--quiet", "-A", anchorPath("mqtt_js.js")];
  const paho = [PYTHON, anchorPath("paho_client.py")];
  return [
    peer("mosquitto_pub", (port, qos) => [...fromFile, ...pub, "-p", port, "-q", qos]),
    peer("plain mqtt.js", (port, qos) => [...mqttJs, port, qos, messages]),
    ...await hasPaho() ? [peer("paho-mqtt", (port, qos) => [...paho, port, qos, messages])] : [],
  ];
}

function peer(name: string, command: (port: string, qos: string) => readonly string[]): Contender {
  return {
    name,
    cases: [QOS_0, QOS_1],
    start: (port, { qos }) => new Running(command(String(port), String(qos))),
  };
}

async function hasPaho(): Promise<boolean> {
  if (findProgram("python3") === null) return false;
  return (await runToEnd(PYTHON, ["-c", "import paho.mqtt.client"])).code === 0;
}
