import * as z from "zod/mini";
import { BROKER_HOST, DEFAULT_HOST } from "./broker_hosts.ts";
import {
  between,
  companyId,
  labelMap,
  listOf,
  oneOf,
  orNull,
  path,
  positive,
  text,
  utf8,
  uuid,
  type ValueType,
  whole,
  yesNo,
} from "./value_types.ts";

/** What is known about a key besides its type. */
export interface KeyMeta extends Omit<ValueType, "schema"> {
  readonly description: string;
  /** Never shown. */
  readonly secret: boolean;
}

/** The descriptions: of keys with all of {@linkcode KeyMeta}, of sections the description alone. */
export const metadata = z.registry<Pick<KeyMeta, "description"> & Partial<KeyMeta>>();

function required<S extends z.ZodMiniType>(description: string, { schema, ...type }: ValueType<S>): S {
  metadata.add(schema, { description, ...type, secret: false });
  return schema;
}

function key<S extends z.ZodMiniType>(
  description: string,
  { schema, ...type }: ValueType<S>,
  fallback: NonNullable<z.output<S>> | (null extends z.output<S> ? null : never),
  secret = false,
): z.ZodMiniDefault<S> {
  const withDefault = z._default(schema, fallback as Parameters<typeof z._default<S>>[1]);
  metadata.add(withDefault, { description, ...type, secret });
  return withDefault;
}

function section<Shape extends z.core.$ZodLooseShape>(
  description: string,
  shape: Shape,
): ReturnType<typeof z.strictObject<Shape>> {
  const schema = z.strictObject(shape);
  metadata.add(schema, { description });
  return schema;
}

const scannerId = text(/^([A-Za-z0-9._-]|\{hostname\}|\{adapter\}){1,64}$/, "1 to 64 of A-Z a-z 0-9 . _ -");
const adapter = text(
  /^((hci)?[0-9]{1,5}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5})$/,
  "hci0, an index such as 0, or an address such as AA:BB:CC:DD:EE:FF",
);
const address = text(
  /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){0,5}$/,
  "an address such as AA:BB:CC:DD:EE:FF, or its first bytes such as AA:BB:CC",
);
const host = text(
  /^([^\s/@[\]:?#\p{C}]{1,253}|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?)$/u,
  "a host name or an address, without scheme, port and brackets",
);
const brokerHost = text(
  BROKER_HOST,
  "a host name or address, alone or with a port: b:8883, [fd00::1]:8883",
);
const topicPrefix = utf8(
  256,
  /^(?!\/|\$(?!aws\/rules\/[^/]))[^+#\p{Cc}]+(?<!\/)$/u,
  "an MQTT topic name: no + #, no / at an end, no $ first but $aws/rules/",
);
const namePattern = text(/^[^\0]{1,64}$/u, "1 to 64 characters, * and ? among them, such as Ruuvi*");
const topicTemplate = utf8(
  256,
  /^(?!\/|\$(?!aws\/rules\/[^/]))(?!.*\{mac_(?:address|hex)\}.*\{mac_)(?:[^+#{}\p{Cc}]|\{(?:scanner_id|mac_address|mac_hex)\})+(?<!\/)$/u,
  "an MQTT topic name, {mac_address} or {mac_hex} at most once",
);
const alpn = text(/^[\x21-\x7e]{1,255}$/, "1 to 255 characters without spaces");
/** 0x0004 to 0xFFFF units of 0.625 ms (Core Specification 5.4, Vol 4, Part E, 7.8.64). */
const scanTimeMs = between(2.5, 40_959.375);
const extended: ValueType<z.ZodMiniUnion<[z.ZodMiniLiteral<"auto">, z.ZodMiniBoolean]>> = {
  schema: z.union([z.literal("auto"), z.boolean()]),
  expects: "auto, true or false",
  reads: "boolean",
};
const speed: ValueType<z.ZodMiniUnion<[z.ZodMiniLiteral<"max">, z.ZodMiniNumber]>> = {
  schema: z.union([z.literal("max"), z.number().check(z.gt(0), z.lte(1_000_000))]),
  expects: "a number above 0, at most 1000000, or max",
  reads: "number",
};
const qos: ValueType<z.ZodMiniLiteral<0 | 1>> = { schema: z.literal([0, 1]), expects: "0 or 1", reads: "number" };

const listen: ValueType<z.ZodMiniString> = text(
  /^(unix:\/[^\0]{1,106}|((25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[[0-9A-Fa-f:.]{2,45}\]):([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))$/,
  "address and port such as 127.0.0.1:9464 or [::1]:9464, or unix:/path/to/a.sock",
);

/** The configuration: every key with its type, range, default and description. */
export const configSchema = section("Configuration of bt-scanner.", {
  scanner: section("What is scanned, and how.", {
    id: required(
      'Name of this scanner, part of every topic and message. Each scanner at a broker needs its own; "{hostname}", in quotes, stands for the name of this machine, "{adapter}" for that of the adapter. There is no default.',
      scannerId,
    ),
    labels: key(
      "What else this scanner is called, for those who have many: shown in status, metrics and fleet. In a variable: room=attic,floor=2.",
      labelMap(16),
      {},
    ),
    source: key(
      "Where advertisements come from: hci, a Bluetooth adapter; replay, a recording; simulate, invented devices.",
      oneOf("hci", "simulate", "replay"),
      "hci",
    ),
    adapter: key("Bluetooth adapter: its name, index or address. null: the first.", orNull(adapter), null),
    mode: key(
      "active asks devices for their scan response, which often holds the name; passive only listens; auto listens, and asks for a moment where devices are heard that have told no name.",
      oneOf("active", "passive", "auto"),
      "active",
    ),
    auto_active_share: key(
      "With mode: auto, the largest share of the time in which devices are asked, besides 12 s at the start and after quiet times.",
      between(0.001, 0.5),
      0.05,
    ),
    interval_ms: key(
      "From the start of one scan window to the next, in milliseconds; above 10240 only with extended: true.",
      scanTimeMs,
      100,
    ),
    window_ms: key(
      "How much of each interval the receiver is on, in milliseconds; at most interval_ms. A window as long as the interval misses least, but leaves no air time for Wi-Fi on the same chip.",
      scanTimeMs,
      50,
    ),
    extended: key(
      "LE extended advertising: auto, if the controller supports it and it works; true, required; false, never.",
      extended,
      "auto",
    ),
    stall_timeout_s: key(
      "Silence, in seconds, after which the scan is restarted, then the adapter reset.",
      between(1, 86_400),
      60,
    ),
  }),
  replay: section("For source: replay.", {
    file: key("Recording to replay, in btsnoop format.", orNull(path()), null),
    speed: key(
      "1 replays as fast as it was recorded, 10 ten times as fast, max as fast as the broker takes it.",
      speed,
      1,
    ),
    loop: key("Start again at the end, endlessly.", yesNo(), false),
  }),
  simulate: section("For source: simulate.", {
    devices: key("How many devices advertise.", whole(1, 1_000_000), 50),
    rate: key("Advertising reports per second, of all devices together.", positive(1_000_000), 100),
    seed: key("The same seed invents the same devices.", whole(0, 0xffff_ffff), 1),
    rotate_s: key("How long phones and the like keep a random address, in seconds.", between(0.1, 86_400), 900),
    malformed: key(
      "Share of the reports that arrive damaged: truncated, altered, or as fragments that are never completed.",
      between(0, 1),
      0,
    ),
    burst: key("How many extra reports arrive at once, each minute.", whole(0, 1_000_000), 0),
  }),
  filter: section("Which reports are published: those that meet every condition here; of a list, any one will do.", {
    min_rssi: key("Weakest signal that passes, in dBm. null: any.", orNull(whole(-127, 20)), null),
    allow: key(
      "Only these devices: addresses or their first whole bytes, in upper or lower case. Empty: all.",
      listOf(address),
      [],
    ),
    deny: key("None of these devices, written as in allow; takes precedence over it.", listOf(address), []),
    address_types: key(
      "Only these kinds of address. static, resolvable and non_resolvable are random; phones have resolvable ones, which change every few minutes. Empty: all.",
      listOf(oneOf("public", "static", "resolvable", "non_resolvable", "anonymous", "unknown")),
      [],
    ),
    connectable: key(
      "true: only devices that can be connected to; false: only those that cannot. null: both.",
      orNull(yesNo()),
      null,
    ),
    companies: key(
      "Only reports with manufacturer data of one of these companies, by their identifiers. Empty: all.",
      listOf(companyId()),
      [],
    ),
    services: key(
      "Only reports that list one of these services, have its data, or whose device has listed it in the last minute. Empty: all.",
      listOf(uuid()),
      [],
    ),
    names: key(
      "Only devices with one of these names, which may come from an earlier scan response; * stands for any characters, ? for one. Empty: all.",
      listOf(namePattern),
      [],
    ),
    on_change_s: key(
      "Publish what a device repeats unchanged only once in so many seconds. null: each time.",
      orNull(between(0.1, 86_400)),
      null,
    ),
    max_rate_per_device: key(
      "Most messages per second from one device. null: no limit.",
      orNull(positive(100_000)),
      null,
    ),
  }),
  publisher: section("How reports become messages.", {
    topic_prefix: key("Messages go to {topic_prefix}/{scanner.id}/{address of the device}.", topicPrefix, "ble/raw"),
    topic: key(
      "Where messages go instead, in quotes: {scanner_id} stands for scanner.id, and {mac_address}, or {mac_hex} without its colons, for the device's address. null: by topic_prefix.",
      orNull(topicTemplate),
      null,
    ),
    fields: key(
      "standard, or full with every detail of a report and the number of the message, by which a loss is seen.",
      oneOf("standard", "full"),
      "standard",
    ),
    merge_scan_response: key(
      "Fill in name, services and power that a report lacks from what its device said in the last minute; with mode: auto, in the last hour.",
      yesNo(),
      true,
    ),
  }),
  mqtt: section("Connection to the MQTT broker.", {
    broker: section("The broker.", {
      host: key("Host name or address. Not used where hosts are given.", host, DEFAULT_HOST),
      hosts: key(
        "Several brokers in place of host, in order: where one fails the next is tried. Each is a host name or an address, with its port if that is not port; all other keys are the same for each.",
        listOf(brokerHost),
        [],
      ),
      port: key("TCP port; 8883 is usual with TLS.", whole(1, 65_535), 1883),
      username: key("User name. null: anonymous.", orNull(utf8(65_535)), null),
      password: key("Password. Better kept out of this file: see password_file.", orNull(utf8(65_535)), null, true),
      password_file: key(
        "File that holds the password, one line; read again at each attempt to connect.",
        orNull(path()),
        null,
      ),
      tls: section("Encryption.", {
        enabled: key("Connect with TLS.", yesNo(), false),
        ca_file: key(
          "Certificates (PEM) of the authorities to trust. null: those the system trusts.",
          orNull(path()),
          null,
        ),
        cert_file: key("Certificate (PEM) that this client presents, together with key_file.", orNull(path()), null),
        key_file: key("Private key (PEM) of the client's certificate.", orNull(path()), null),
        alpn: key(
          "Application protocol to ask for (ALPN); x-amzn-mqtt-ca with AWS IoT Core on port 443. null: none.",
          orNull(alpn),
          null,
        ),
        server_name: key("Name that the broker's certificate must have. null: host.", orNull(host), null),
        insecure_skip_verify: key(
          "Accept any certificate. For testing only: anyone could pose as the broker.",
          yesNo(),
          false,
        ),
      }),
    }),
    client: section("This client.", {
      client_id: key(
        "Client identifier, unique at the broker. {scanner.id} stands for the scanner's id.",
        utf8(65_535),
        "bt-mqtt-{scanner.id}",
      ),
      keep_alive: key(
        "Keepalive interval in seconds, by which a dead connection is noticed. 0: off.",
        whole(0, 65_535),
        60,
      ),
      clean_session: key("Ask the broker to forget the previous session.", yesNo(), true),
      qos: key("Quality of service: 0, at most once; 1, at least once.", qos, 0),
      max_in_flight: key(
        "Most messages with qos: 1 that may wait for the broker's acknowledgement; more are dropped and counted. Divided by the time that an acknowledgement takes, it is the most messages per second: 100 at 50 ms allow 2000. With qos: 0 the limit is 1 MiB that the broker has not taken.",
        whole(1, 65_535),
        100,
      ),
      ack_timeout_s: key(
        "How long the broker may take to acknowledge a message with qos: 1, in seconds; then it counts as lost, and its place is free.",
        between(1, 86_400),
        30,
      ),
      max_rate: key(
        "Most messages a second, status and statistics included, that the broker takes of one connection: no more are sent in any second and a quarter, and further ones are dropped and counted. null: no limit.",
        orNull(whole(1, 100_000)),
        null,
      ),
      max_age_s: key(
        "How old a message may be when it arrives, in seconds, approximately: if the link is too slow, messages that have waited longer are dropped and counted, in favour of fresh ones.",
        between(0.5, 86_400),
        5,
      ),
    }),
    reconnect: section("Reconnecting after the connection is lost; it never gives up.", {
      initial_delay: key("Wait before the first attempt, in seconds.", between(0.1, 86_400), 1),
      max_delay: key("Longest wait between attempts, in seconds.", between(0.1, 86_400), 60),
      exponential_backoff: key("Double the wait with each failure, up to max_delay.", yesNo(), true),
      return_to_first: key(
        "With several brokers: when the first one accepts connections again, go back to it, which takes a moment in which messages are lost.",
        yesNo(),
        true,
      ),
    }),
  }),
  status: section("Whether the scanner is online, retained at the broker.", {
    enabled: key("Publish it.", yesNo(), true),
    topic_prefix: key("It goes to {topic_prefix}/{scanner.id}.", topicPrefix, "ble/status"),
  }),
  stats: section("Counters of reports received, published, dropped.", {
    interval_s: key("How often they are logged and published, in seconds.", between(1, 86_400), 60),
    publish: key("Publish them, besides logging.", yesNo(), true),
    topic_prefix: key("They go to {topic_prefix}/{scanner.id}.", topicPrefix, "ble/stats"),
  }),
  home_assistant: section("Home Assistant's MQTT discovery, with which this scanner appears there as a device.", {
    enabled: key(
      "true: it appears; false: it is taken back, on each connection; null: Home Assistant is told nothing.",
      { ...orNull(yesNo()), expects: "true, false or null" },
      null,
    ),
    discovery_prefix: key("Where Home Assistant looks for devices, its own setting.", topicPrefix, "homeassistant"),
  }),
  http: section("Metrics, health and a page for a browser, over HTTP. Whoever reaches the address may read them.", {
    listen: key(
      "Where to listen; 127.0.0.1 is for this machine alone. null: nowhere.",
      orNull(listen),
      null,
    ),
    allowed_hosts: key(
      "Names besides localhost and the address itself by which requests may call this machine, without ports: raspberrypi.local. Others are refused, so that no page from elsewhere reads along.",
      listOf(host),
      [],
    ),
  }),
  metrics: section("Metrics in a file, for node_exporter's textfile collector: without a port.", {
    textfile: key(
      "File to write them to; its folder must be writable. Other names than *.prom are not looked at. null: none.",
      orNull(text(/^[^\0]+\.prom$/, "the path of a file, ending in .prom")),
      null,
    ),
    interval_s: key("How often it is written, in seconds.", between(1, 86_400), 15),
  }),
  log: section("Log, written to standard error.", {
    level: key("Lowest severity that is written.", oneOf("trace", "debug", "info", "warning", "error"), "info"),
    format: key("text for people, json (one object per line) for machines.", oneOf("text", "json"), "text"),
  }),
});

/** @internal */
type Output = z.output<typeof configSchema>;

/** A complete, valid configuration. */
export type Config = Output;
