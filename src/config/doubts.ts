import { brokerAddresses } from "./broker_hosts.ts";
import { utf8Length } from "./value_types.ts";
import { type KeyProblem, MOST_MQTT_BYTES } from "./rules.ts";
import type { Config } from "./config_schema.ts";

/** Azure Event Grid and AWS IoT Core accept no longer topics. */
const MOST_CLOUD_TOPIC_BYTES = 256;

/**
 * What works, but is probably not intended.
 *
 * @param unnamed the machine's name, if the scanner's id contains it and it is a default name
 */
export function doubts(config: Config, unnamed: string | null): KeyProblem[] {
  return [
    ...idDoubts(config, unnamed),
    ...tlsDoubts(config.mqtt.broker),
    ...clientDoubts(config),
    ...sourceDoubts(config),
    ...filterDoubts(config),
    ...topicDoubts(config),
    ...httpDoubts(config),
  ];
}

function* idDoubts({ scanner: { id } }: Config, unnamed: string | null): Iterable<KeyProblem> {
  if (unnamed !== null) {
    yield {
      keys: ["scanner.id"],
      problem: `many machines are called ${unnamed}: two scanners with the same id disconnect each other at the broker`,
      remedy: "rename this machine (`sudo hostnamectl set-hostname NAME`), or write a unique name here",
    };
  }
  if (id.includes(".")) {
    yield {
      keys: ["scanner.id"],
      problem:
        `some brokers do not accept a dot in a topic: NATS closes the connection, RabbitMQ turns it into a slash`,
      remedy: "with one of these, write - instead",
    };
  }
}

function* tlsDoubts(broker: Config["mqtt"]["broker"]): Iterable<KeyProblem> {
  const { tls, username } = broker;
  const addresses = brokerAddresses(broker);
  const portKey = broker.hosts.length === 0 ? "mqtt.broker.port" : "mqtt.broker.hosts";
  if (tls.enabled && tls.insecure_skip_verify) {
    yield {
      keys: ["mqtt.broker.tls.insecure_skip_verify"],
      problem: "any certificate is accepted: anyone on the network path can pose as the broker",
      remedy: "set ca_file to the certificate of your authority instead",
    };
  }
  if (tls.enabled && addresses.some(({ port }) => port === 1883)) {
    yield { keys: [portKey], problem: "port 1883 is usually without TLS", remedy: "did you mean 8883?" };
  }
  if (!tls.enabled && addresses.some(({ port }) => port === 8883)) {
    yield {
      keys: [portKey],
      problem: "port 8883 is usually with TLS",
      remedy: "set mqtt.broker.tls.enabled to true",
    };
  }
  const far = addresses.find(({ host }) => !/^(localhost|127(\.\d+){3}|::1)$/.test(host));
  const others = [tls.ca_file, tls.cert_file, tls.key_file, tls.server_name];
  if (!tls.enabled && (tls.insecure_skip_verify || others.some((each) => each !== null))) {
    yield {
      keys: ["mqtt.broker.tls.enabled"],
      problem: "the other TLS keys have no effect: the connection is not encrypted",
      remedy: "set it to true",
    };
  } else if (!tls.enabled && username !== null && far !== undefined) {
    yield {
      keys: ["mqtt.broker.tls.enabled"],
      problem: `the password is sent to ${far.host} unencrypted: anyone on the network path can read it`,
      remedy: "set it to true, and mqtt.broker.port to the broker's TLS port",
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
      remedy: "most brokers accept it; shorten it if yours does not",
    };
  }
  if (keep_alive === 0) {
    yield {
      keys: ["mqtt.client.keep_alive"],
      problem: "a connection that dies silently is never noticed",
      remedy: "60 is usual",
    };
  }
}

function* sourceDoubts({ scanner, replay }: Config): Iterable<KeyProblem> {
  if (scanner.source !== "replay" && replay.file !== null) {
    yield { keys: ["replay.file"], problem: `unused: scanner.source is ${scanner.source}`, remedy: "set it to replay" };
  }
}

function* filterDoubts({ scanner, filter }: Config): Iterable<KeyProblem> {
  if (filter.names.length > 0 && scanner.mode === "passive") {
    yield {
      keys: ["filter.names", "scanner.mode"],
      problem: "a passive scan does not hear the names that devices tell only when they are asked",
      remedy: "set scanner.mode to auto or active",
    };
  }
  const copied = filter.companies.map(String).find((written) => /^(0\d{3}|[4-9]\d{3})$/.test(written));
  if (copied !== undefined) {
    const meant = `0x${copied.slice(2)}${copied.slice(0, 2)}`;
    yield {
      keys: ["filter.companies"],
      problem: `${copied} is taken for a decimal number; in messages, where its bytes are swapped, it is ${meant}`,
      remedy: `if it is from a message, write ${meant}`,
    };
  }
}

function* httpDoubts({ http: { listen, allowed_hosts } }: Config): Iterable<KeyProblem> {
  if (listen === null && allowed_hosts.length > 0) {
    yield { keys: ["http.allowed_hosts"], problem: "unused: http.listen is null", remedy: "set that, too" };
  }
  if (listen !== null && !/^(unix:|127\.|\[::1\])/.test(listen)) {
    yield {
      keys: ["http.listen"],
      problem: `whoever reaches ${listen} over the network can read it, unencrypted and without a password`,
      remedy: "let a firewall say who may, or listen on 127.0.0.1 behind a proxy with TLS",
    };
  }
}

function* topicDoubts({ scanner: { id }, publisher, status, stats }: Config): Iterable<KeyProblem> {
  const address = "AA:BB:CC:DD:EE:FF";
  const topics = [
    publisher.topic === null ? ["publisher.topic_prefix", publisher.topic_prefix, `/${id}/${address}`] as const : [
      "publisher.topic",
      publisher.topic.replaceAll("{scanner_id}", id).replace(/\{mac_.*?\}/, address),
      "",
    ] as const,
    ...(status.enabled ? [["status.topic_prefix", status.topic_prefix, `/${id}`] as const] : []),
    ...(stats.publish ? [["stats.topic_prefix", stats.topic_prefix, `/${id}`] as const] : []),
  ] as const;
  for (const [key, prefix, rest] of topics) {
    const bytes = utf8Length(prefix + rest);
    if (bytes > MOST_CLOUD_TOPIC_BYTES) {
      yield {
        keys: [key, "scanner.id"],
        problem:
          `topics are ${bytes} bytes long; some brokers, such as AWS IoT Core and Azure Event Grid, accept no more than 256`,
        remedy: "shorten it if yours is one of these",
      };
    }
    if (prefix.startsWith("$")) {
      const gone = key === "status.topic_prefix" ? "; nothing is retained there, and no will is kept" : "";
      yield {
        keys: [key],
        problem:
          `at AWS IoT Core the rule named in ${prefix} alone gets these messages, and nobody can subscribe to them${gone}; other brokers discard them`,
        remedy: "leave out $aws/rules/ and the rule's name if others are to receive them, too",
      };
    }
    if (/[.\s]/.test(prefix)) {
      yield {
        keys: [key],
        problem:
          "some brokers do not accept dots or spaces in a topic: NATS closes the connection, RabbitMQ turns dots into slashes",
        remedy: "with one of these, leave them out",
      };
    }
  }
}
