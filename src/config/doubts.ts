import { utf8Length } from "./value_types.ts";
import { type KeyProblem, MOST_MQTT_BYTES } from "./rules.ts";
import type { Config } from "./config_schema.ts";

/** Azure Event Grid and AWS IoT Core take no longer topics. */
const MOST_CLOUD_TOPIC_BYTES = 256;

/**
 * What works, and is probably not meant.
 *
 * @param unnamed the machine's name, where the scanner's id has it and machines are called so until somebody names them
 */
export function doubts(config: Config, unnamed: string | null): KeyProblem[] {
  return [
    ...idDoubts(config, unnamed),
    ...tlsDoubts(config.mqtt.broker),
    ...clientDoubts(config),
    ...sourceDoubts(config),
    ...topicDoubts(config),
  ];
}

function* idDoubts({ scanner: { id } }: Config, unnamed: string | null): Iterable<KeyProblem> {
  if (unnamed !== null) {
    yield {
      keys: ["scanner.id"],
      problem: `${unnamed} is what many machines are called: two with one id throw each other out at the broker`,
      remedy: "name this machine (`sudo hostnamectl set-hostname NAME`), or write a name of its own here",
    };
  }
  if (id.includes(".")) {
    yield {
      keys: ["scanner.id"],
      problem: `some brokers do not take a dot in a topic: NATS closes the connection, RabbitMQ turns it into a slash`,
      remedy: "with one of these, write - in its place",
    };
  }
}

function* tlsDoubts({ tls, port, host, username }: Config["mqtt"]["broker"]): Iterable<KeyProblem> {
  if (tls.enabled && tls.insecure_skip_verify) {
    yield {
      keys: ["mqtt.broker.tls.insecure_skip_verify"],
      problem: "any certificate is accepted: whoever sits on the way can pose as the broker",
      remedy: "set ca_file to the certificate of your authority instead",
    };
  }
  if (tls.enabled && port === 1883) {
    yield { keys: ["mqtt.broker.port"], problem: "1883 is usually without TLS", remedy: "is it 8883?" };
  }
  if (!tls.enabled && port === 8883) {
    yield {
      keys: ["mqtt.broker.port"],
      problem: "8883 is usually with TLS",
      remedy: "set mqtt.broker.tls.enabled to true",
    };
  }
  const others = [tls.ca_file, tls.cert_file, tls.key_file, tls.server_name];
  if (!tls.enabled && (tls.insecure_skip_verify || others.some((each) => each !== null))) {
    yield {
      keys: ["mqtt.broker.tls.enabled"],
      problem: "the other TLS keys have no effect: the connection is not encrypted",
      remedy: "set it to true",
    };
  } else if (!tls.enabled && username !== null && !/^(localhost|127(\.\d+){3}|::1)$/.test(host)) {
    yield {
      keys: ["mqtt.broker.tls.enabled"],
      problem: `the password goes to ${host} unencrypted: whoever sits on the way can read it`,
      remedy: "set it to true, and the port to that of the broker's TLS",
    };
  }
}

function* clientDoubts({ mqtt }: Config): Iterable<KeyProblem> {
  const { client_id, keep_alive } = mqtt.client;
  const bytes = utf8Length(client_id);
  if (bytes > 23 && bytes <= MOST_MQTT_BYTES) {
    yield {
      keys: ["mqtt.client.client_id", "scanner.id"],
      problem: `${client_id} is longer than the 23 bytes that every MQTT 3.1.1 broker has to accept`,
      remedy: "most accept it; shorten it if yours refuses",
    };
  }
  if (keep_alive === 0) {
    yield {
      keys: ["mqtt.client.keep_alive"],
      problem: "a connection that dies silently will never be noticed",
      remedy: "60 is usual",
    };
  }
}

function* sourceDoubts({ scanner, replay }: Config): Iterable<KeyProblem> {
  if (scanner.source !== "replay" && replay.file !== null) {
    yield { keys: ["replay.file"], problem: `unused: scanner.source is ${scanner.source}`, remedy: "set it to replay" };
  }
}

function* topicDoubts({ scanner: { id }, publisher, status, stats }: Config): Iterable<KeyProblem> {
  const topics = [
    ["publisher.topic_prefix", publisher.topic_prefix, `/${id}/AA:BB:CC:DD:EE:FF`],
    ...(status.enabled ? [["status.topic_prefix", status.topic_prefix, `/${id}`] as const] : []),
    ...(stats.publish ? [["stats.topic_prefix", stats.topic_prefix, `/${id}`] as const] : []),
  ] as const;
  for (const [key, prefix, rest] of topics) {
    const bytes = utf8Length(prefix + rest);
    if (bytes > MOST_CLOUD_TOPIC_BYTES) {
      yield {
        keys: [key, "scanner.id"],
        problem:
          `topics have ${bytes} bytes; some brokers take no more than 256, as AWS IoT Core and Azure Event Grid do`,
        remedy: "shorten it if yours is one of these",
      };
    }
    if (/[.\s]/.test(prefix)) {
      yield {
        keys: [key],
        problem:
          "some brokers do not take dots and spaces in a topic: NATS closes the connection, RabbitMQ turns dots into slashes",
        remedy: "with one of these, leave them out",
      };
    }
  }
}
