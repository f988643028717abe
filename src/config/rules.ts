import { brokerAddresses, brokerContradictions } from "./broker_hosts.ts";
import { utf8Length } from "./value_types.ts";
import type { Config } from "./config_schema.ts";

/** A problem with one or several keys whose values are each valid. */
export interface KeyProblem {
  /** The keys it is about, the one to change first. */
  readonly keys: readonly string[];
  readonly problem: string;
  readonly remedy: string;
}

/** Text in MQTT has a length of 16 bits (3.1.1, 1.5.3). */
export const MOST_MQTT_BYTES = 65_535;

/** Why a configuration of individually valid values makes no sense. */
export function contradictions(config: Config): KeyProblem[] {
  return [
    ...scanContradictions(config),
    ...mqttContradictions(config),
    ...topicContradictions(config),
    ...homeAssistantContradictions(config),
  ];
}

function* scanContradictions({ scanner, replay }: Config): Iterable<KeyProblem> {
  const { interval_ms, window_ms, extended } = scanner;
  const mostLegacyMs = 10_240; // 0x4000 units of 0.625 ms (Core Specification 5.4, Vol 4, Part E, 7.8.10)
  if (window_ms > interval_ms) {
    yield {
      keys: ["scanner.window_ms", "scanner.interval_ms"],
      problem: `the window of ${window_ms} ms is longer than the interval of ${interval_ms} ms`,
      remedy: `set it to ${interval_ms} or less`,
    };
  }
  if (interval_ms > mostLegacyMs && extended !== true) {
    yield {
      keys: ["scanner.interval_ms", "scanner.extended"],
      problem: `${interval_ms} ms is more than a controller without extended advertising can do`,
      remedy: `set it to ${mostLegacyMs} or less, or scanner.extended to true`,
    };
  }
  if (scanner.source === "replay" && replay.file === null) {
    yield {
      keys: ["replay.file", "scanner.source"],
      problem: "there is nothing to replay",
      remedy: "name a recording here or with --replay",
    };
  }
}

function* mqttContradictions({ mqtt: { broker, client, reconnect } }: Config): Iterable<KeyProblem> {
  const { tls } = broker;
  yield* brokerContradictions(broker);
  const linkLocal = brokerAddresses(broker).find(({ host }) => /^fe[89ab].:/i.test(host));
  if (linkLocal !== undefined) {
    yield {
      keys: [broker.hosts.length === 0 ? "mqtt.broker.host" : "mqtt.broker.hosts"],
      problem:
        `${linkLocal.host} is a link-local address, which cannot be connected to: its interface is not passed on`,
      remedy: "use another address of the broker, or its name",
    };
  }
  if (broker.password !== null && broker.password_file !== null) {
    yield {
      keys: ["mqtt.broker.password", "mqtt.broker.password_file"],
      problem: "the password is given twice",
      remedy: "keep mqtt.broker.password_file",
    };
  }
  if (broker.username === null && (broker.password !== null || broker.password_file !== null)) {
    yield {
      keys: ["mqtt.broker.username", "mqtt.broker.password", "mqtt.broker.password_file"],
      problem: "MQTT allows no password without a user name",
      remedy: "set the user name",
    };
  }
  if ((tls.cert_file === null) !== (tls.key_file === null)) {
    const [missing, present] = tls.key_file === null ? ["key_file", "cert_file"] : ["cert_file", "key_file"];
    yield {
      keys: [`mqtt.broker.tls.${missing}`, `mqtt.broker.tls.${present}`],
      problem: `${present} is set without ${missing}`,
      remedy: `set ${missing} too`,
    };
  }
  if (utf8Length(client.client_id) > MOST_MQTT_BYTES) {
    yield {
      keys: ["mqtt.client.client_id", "scanner.id"],
      problem: `with {scanner.id} filled in it is longer than ${MOST_MQTT_BYTES} bytes`,
      remedy: "shorten it",
    };
  }
  if (reconnect.initial_delay > reconnect.max_delay) {
    yield {
      keys: ["mqtt.reconnect.initial_delay", "mqtt.reconnect.max_delay"],
      problem: `${reconnect.initial_delay} s is longer than max_delay of ${reconnect.max_delay} s`,
      remedy: `set it to ${reconnect.max_delay} or less`,
    };
  }
}

function* topicContradictions(config: Config): Iterable<KeyProblem> {
  const { status, stats } = config;
  yield* messageTopicContradictions(config);
  if (status.enabled && stats.publish && status.topic_prefix === stats.topic_prefix) {
    yield {
      keys: ["stats.topic_prefix", "status.topic_prefix"],
      problem: `statistics and status would overwrite each other under ${status.topic_prefix}`,
      remedy: "give them different prefixes",
    };
  }
}

/** Who reads the topic of all scanners' status, `ble/status/+`, reads what goes to `ble/status/{mac_hex}`, too. */
function* messageTopicContradictions(
  { scanner, publisher, status, stats, home_assistant }: Config,
): Iterable<KeyProblem> {
  if (publisher.topic === null) return;
  const topic = publisher.topic.replace(/\{(?:scanner_id|mac_address|mac_hex)\}/g, () => scanner.id);
  const others = [
    { key: "status.topic_prefix", name: "the status", prefix: status.enabled ? status.topic_prefix : null },
    { key: "stats.topic_prefix", name: "the statistics", prefix: stats.publish ? stats.topic_prefix : null },
  ];
  const remedy = "give the messages another topic";
  for (const { key, name, prefix } of others) {
    if (prefix === null || topic !== `${prefix}/${scanner.id}`) continue;
    const problem = `messages would be taken for ${name}, whose topic is ${prefix}/${scanner.id}`;
    yield { keys: ["publisher.topic", key], problem, remedy };
  }
  const { enabled, discovery_prefix } = home_assistant;
  if (enabled !== null && topic.startsWith(`${discovery_prefix}/`) && topic.endsWith("/config")) {
    const problem =
      `Home Assistant would take messages for descriptions of devices, which it reads below ${discovery_prefix}`;
    yield { keys: ["publisher.topic", "home_assistant.discovery_prefix"], problem, remedy };
  }
}

function* homeAssistantContradictions({ home_assistant, status }: Config): Iterable<KeyProblem> {
  if (home_assistant.enabled === true && !status.enabled) {
    yield {
      keys: ["home_assistant.enabled", "status.enabled"],
      problem: "Home Assistant learns from the status whether the scanner is there, and the status is off",
      remedy: "set status.enabled to true",
    };
  }
}
