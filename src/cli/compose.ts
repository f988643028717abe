import type { AgentOptions, Logger } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { type HciSource, linuxAdapterSource, linuxHost, openReplay, openSimulated } from "../hci/mod.ts";
import type { ConnectionState, MqttOptions } from "../mqtt/mod.ts";
import { HciScanner } from "../scanner_hci/mod.ts";
import { readNotifySettings, sendNotification, ServiceNotifier, type ServiceNotifierParts } from "../systemd/mod.ts";
import type { Clock } from "../time/mod.ts";

/** Name, TCP, TLS and CONNACK together; slow links to far brokers take seconds. */
const CONNECT_TIMEOUT_MS = 10_000;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What the configuration means to the agent. */
export function agentOptions({ scanner, filter, publisher, stats, mqtt }: Config): AgentOptions {
  return {
    scannerId: scanner.id,
    fields: publisher.fields,
    topicPrefix: publisher.topic_prefix,
    mergeScanResponse: publisher.merge_scan_response,
    filter: {
      minRssiDbm: filter.min_rssi,
      allow: filter.allow,
      deny: filter.deny,
      maxRatePerDevice: filter.max_rate_per_device,
    },
    stats: {
      scannerId: scanner.id,
      intervalMs: stats.interval_s * 1000,
      topic: stats.publish ? `${stats.topic_prefix}/${scanner.id}` : null,
      maxInFlight: mqtt.client.qos === 1 ? mqtt.client.max_in_flight : null,
    },
    stallTimeoutMs: scanner.stall_timeout_s * 1000,
  };
}

/** What the configuration means to the connection. */
export function mqttOptions(config: Config, will: { topic: string; payload: string } | null): MqttOptions {
  const { broker, client, reconnect } = config.mqtt;
  return {
    host: broker.host,
    port: broker.port,
    username: broker.username,
    password: passwordOf(broker),
    tls: broker.tls.enabled
      ? {
        caFile: broker.tls.ca_file,
        certFile: broker.tls.cert_file,
        keyFile: broker.tls.key_file,
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
    reconnect: {
      initialDelayMs: reconnect.initial_delay * 1000,
      maxDelayMs: reconnect.max_delay * 1000,
      exponential: reconnect.exponential_backoff,
    },
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    will: will === null ? null : { ...will, retain: true },
  };
}

function publishedTopics({ scanner, publisher, status, stats }: Config): string[] {
  return [
    `${publisher.topic_prefix}/${scanner.id}/#`,
    ...(status.enabled ? [`${status.topic_prefix}/${scanner.id}`] : []),
    ...(stats.publish ? [`${stats.topic_prefix}/${scanner.id}`] : []),
  ];
}

/** A scanner on the configured source, or on one that stands for it. */
export function createScanner(
  config: Config,
  clock: Clock,
  log: Logger,
  source: HciSource = hciSource(config, clock),
): HciScanner {
  const { scanner } = config;
  return new HciScanner(
    {
      source,
      paced: scanner.source === "replay",
      mode: scanner.mode,
      intervalMs: scanner.interval_ms,
      windowMs: scanner.window_ms,
      extended: scanner.extended,
    },
    clock,
    log,
  );
}

/** Tells systemd about the agent; null where it was not started by it, or cannot be told. */
export function createServiceNotifier(
  { scanner }: Config,
  parts: Omit<ServiceNotifierParts, "send">,
): ServiceNotifier | null {
  const settings = readNotifySettings(Deno.env.toObject(), Deno.pid);
  if (settings === null) return null;
  try {
    const libc = linuxHost.openLibc(); // open for as long as the process
    const send = (message: string) => sendNotification(libc, settings.socket, message);
    const stallTimeoutMs = scanner.stall_timeout_s * 1000;
    return new ServiceNotifier({ watchdogMs: settings.watchdogMs, stallTimeoutMs }, { ...parts, send });
  } catch (error) {
    parts.log.error("service manager cannot be told", { error });
    return null;
  }
}

/** Why there is no connection; null while there is one. */
export function offlineReason(state: ConnectionState): string | null {
  switch (state.kind) {
    case "online":
      return null;
    case "waiting":
      return state.reason;
    default:
      return state.kind;
  }
}

/** Where HCI packets come from, as configured. */
export function hciSource({ scanner, replay, simulate }: Config, clock: Clock): HciSource {
  const reset = () => Promise.resolve();
  switch (scanner.source) {
    case "hci":
      return linuxAdapterSource(scanner.adapter);
    case "simulate": {
      const { devices, rate: reportsPerSecond, seed, malformed: malformedShare, burst: burstReports } = simulate;
      const addressLifetimeMs = simulate.rotate_s * 1000;
      const options = { devices, reportsPerSecond, seed, addressLifetimeMs, malformedShare, burstReports, clock };
      return { open: () => openSimulated(options), reset };
    }
    case "replay": {
      const { file, speed, loop } = replay;
      const name = file ?? "";
      const open = async () => (await Deno.open(name)).readable;
      return { open: () => openReplay({ open, name, speed, loop, clock }), reset };
    }
    default:
      return unreachable(scanner.source);
  }
}

/** The password, or what reads it: from its file, else from where systemd leaves it (`LoadCredential=mqtt-password:…`). */
function passwordOf({ username, password, password_file }: Config["mqtt"]["broker"]): MqttOptions["password"] {
  if (password_file !== null) return () => readPassword(password_file);
  const folder = Deno.env.get("CREDENTIALS_DIRECTORY");
  if (folder === undefined || username === null || password !== null) return password;
  return () => readPassword(`${folder}/mqtt-password`).catch(nullWhereMissing);
}

/** The folder holds every credential of the service, of which this need not be one. */
function nullWhereMissing(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}

/** The bytes as they are, for MQTT knows no encoding of passwords; null where there are none. */
async function readPassword(path: string): Promise<Uint8Array | null> {
  const bytes = await Deno.readFile(path);
  let length = bytes.length;
  if (bytes[length - 1] === LINE_FEED) length--;
  if (length < bytes.length && bytes[length - 1] === CARRIAGE_RETURN) length--;
  return length === 0 ? null : bytes.subarray(0, length);
}

function unreachable(source: never): never {
  throw new TypeError(`Unknown source: ${JSON.stringify(source)}`);
}
