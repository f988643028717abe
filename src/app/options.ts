import type { AgentOptions } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { type Discovery, discoveryTopic } from "../home_assistant/mod.ts";
import { type BrokerAddress, brokerName, type MqttOptions } from "../mqtt/mod.ts";
import type { PageFacts } from "../page/mod.ts";
import { NAMES_LAST_MS } from "../scanner_hci/mod.ts";
import type { StatusOptions } from "../status/mod.ts";
import { passwordOf } from "./credentials.ts";
import type { Host } from "./host.ts";

/** Name, TCP, TLS and CONNACK together; slow links to far brokers take seconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What the configuration means to the agent, of which it does not know the run. */
export function agentOptions({ scanner, filter, publisher, stats }: Config): Omit<AgentOptions, "runId"> {
  return {
    scannerId: scanner.id,
    fields: publisher.fields,
    topic: messageTopic(publisher),
    mergeScanResponse: publisher.merge_scan_response,
    namesLastMs: scanner.mode === "auto" ? NAMES_LAST_MS : 60_000,
    filter: {
      minRssiDbm: filter.min_rssi,
      allow: filter.allow,
      deny: filter.deny,
      addressTypes: filter.address_types,
      connectable: filter.connectable,
      companies: filter.companies.map(Number),
      services: filter.services,
      names: filter.names,
      onChangeMs: filter.on_change_s === null ? null : filter.on_change_s * 1000,
      maxRatePerDevice: filter.max_rate_per_device,
    },
    intervalMs: stats.interval_s * 1000,
    stallTimeoutMs: stallTimeoutMs(scanner),
  };
}

/** What the configuration means to the connection. */
export function mqttOptions(
  config: Config,
  host: Pick<Host, "env" | "readFile">,
  will: { topic: string; payload: string } | null,
): MqttOptions {
  const { broker, client, reconnect } = config.mqtt;
  const [first = broker, ...alternatives] = broker.hosts.map(brokerAddress);
  return {
    host: first.host,
    port: first.port,
    alternatives,
    returnsToFirst: reconnect.return_to_first,
    username: broker.username,
    password: passwordOf(broker, host),
    tls: broker.tls.enabled
      ? {
        caFile: broker.tls.ca_file,
        certFile: broker.tls.cert_file,
        keyFile: broker.tls.key_file,
        alpn: broker.tls.alpn,
        serverName: broker.tls.server_name,
        insecureSkipVerify: broker.tls.insecure_skip_verify,
      }
      : null,
    clientId: client.client_id,
    topics: publishedTopics(config),
    keepAliveS: client.keep_alive,
    cleanSession: client.clean_session,
    qos: client.qos,
    maxInFlight: client.max_in_flight,
    ackTimeoutMs: client.ack_timeout_s * 1000,
    // A recording waits for the broker; nothing of it gets old.
    maxAgeMs: config.scanner.source === "replay" ? Infinity : client.max_age_s * 1000,
    maxRate: client.max_rate,
    reconnect: {
      initialDelayMs: reconnect.initial_delay * 1000,
      maxDelayMs: reconnect.max_delay * 1000,
      exponential: reconnect.exponential_backoff,
    },
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    will: will === null ? null : { ...will, retain: true },
  };
}

/** What `host:port` and `[host]:port` stand for. */
function brokerAddress(text: string): BrokerAddress {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
}

function messageTopic({ topic, topic_prefix }: Config["publisher"]): string {
  return topic ?? `${topic_prefix}/{scanner_id}/{mac_address}`;
}

/** The retained topic of the status; null where it is off. */
export function statusTopic({ scanner, status }: Config): string | null {
  return status.enabled ? `${status.topic_prefix}/${scanner.id}` : null;
}

/** The topic of the statistics; null where they are not published. */
export function statsTopic({ scanner, stats }: Config): string | null {
  return stats.publish ? `${stats.topic_prefix}/${scanner.id}` : null;
}

/** What Home Assistant is told; null: nothing. */
export function discovery(config: Config, version: string): Discovery | null {
  const { scanner: { id: scannerId }, stats, home_assistant: { enabled } } = config;
  const topic = homeAssistantTopic(config);
  if (topic === null) return null;
  const status = statusTopic(config);
  if (enabled !== true || status === null) return { topic, device: null };
  const device = {
    scannerId,
    version,
    statusTopic: status,
    statsTopic: statsTopic(config),
    statsIntervalS: stats.interval_s,
  };
  return { topic, device };
}

/** Where Home Assistant looks for this scanner; null: it is told nothing. */
export function homeAssistantTopic({ scanner, home_assistant: { enabled, discovery_prefix } }: Config): string | null {
  return enabled === null ? null : discoveryTopic(discovery_prefix, scanner.id);
}

/** What the page says of it. */
export function pageFacts(
  { scanner, publisher, mqtt: { broker, client } }: Config,
  { version, hostname }: Pick<StatusOptions, "version" | "hostname">,
): PageFacts {
  return {
    scanner: { id: scanner.id, version, hostname },
    broker: {
      names: broker.hosts.length > 0 ? broker.hosts : [brokerName(broker)],
      isEncrypted: broker.tls.enabled,
      qos: client.qos,
      topic: messageTopic(publisher).replaceAll("{scanner_id}", scanner.id),
    },
  };
}

/** Silence after which the scan is begun afresh, in milliseconds. */
export function stallTimeoutMs({ stall_timeout_s }: Config["scanner"]): number {
  return stall_timeout_s * 1000;
}

/** What is published to, as access list filters. */
export function publishedTopics(config: Config): string[] {
  const topics = [messagesFilter(config), statusTopic(config), statsTopic(config), homeAssistantTopic(config)];
  return topics.filter((topic) => topic !== null);
}

/** What the topics of the messages match, as an access list filter. */
export function messagesFilter({ scanner, publisher }: Config): string {
  return publisher.topic === null
    ? `${publisher.topic_prefix}/${scanner.id}/#`
    : publisher.topic.replaceAll("{scanner_id}", scanner.id).replace(/[^/]*\{mac_[a-z]+\}[^/]*/, "+");
}
