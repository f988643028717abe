import type { ConfigKey } from "./keys.ts";
import { type Setting, type SourceSettings, valueFromText } from "./settings.ts";
import { type ConfigProblem, quote } from "./problem.ts";

/** The command-line flags that set keys, as text; undefined: not given. */
export interface Flags {
  /** `--scanner-id ID` */
  readonly scannerId?: string | undefined;
  /** `--broker mqtt[s]://host[:port][,...]`: host or hosts, port (1883, or 8883 for mqtts) and whether TLS is used. */
  readonly broker?: string | undefined;
  /** `--qos 0|1` */
  readonly qos?: string | undefined;
  /** `--adapter hci0` */
  readonly adapter?: string | undefined;
  /** `--source hci|simulate|replay` */
  readonly source?: string | undefined;
  /** `--replay FILE`: also the source, unless `--source` says otherwise. */
  readonly replay?: string | undefined;
  /** `--replay-speed N|max` */
  readonly replaySpeed?: string | undefined;
  /** `--replay-loop` */
  readonly replayLoop?: boolean | undefined;
  /** `--simulate-devices N` */
  readonly simulateDevices?: string | undefined;
  /** `--simulate-rate REPORTS_PER_S` */
  readonly simulateRate?: string | undefined;
  /** `--passive`: the scan mode. */
  readonly passive?: boolean | undefined;
  /** `--min-rssi DBM`: this and those below set the keys of the filter that are called the same. */
  readonly minRssi?: string | undefined;
  /** `--allow LIST` */
  readonly allow?: string | undefined;
  /** `--deny LIST` */
  readonly deny?: string | undefined;
  /** `--address-types LIST` */
  readonly addressTypes?: string | undefined;
  /** `--connectable true|false` */
  readonly connectable?: string | undefined;
  /** `--companies LIST` */
  readonly companies?: string | undefined;
  /** `--services LIST` */
  readonly services?: string | undefined;
  /** `--names LIST` */
  readonly names?: string | undefined;
  /** `--on-change-s SECONDS` */
  readonly onChangeS?: string | undefined;
  /** `--max-rate-per-device N` */
  readonly maxRatePerDevice?: string | undefined;
  /** `--log-level LEVEL` */
  readonly logLevel?: string | undefined;
  /** `--log-format text|json` */
  readonly logFormat?: string | undefined;
}

/** What the flags set. */
export function readFlags(flags: Flags, keys: readonly ConfigKey[]): SourceSettings {
  const byPath = new Map(keys.map((key) => [key.path, key]));
  const settings = new Map<string, Setting>();
  const set = (path: string, text: string | undefined, origin: string) => {
    const key = byPath.get(path);
    if (text !== undefined && key !== undefined) settings.set(path, { value: valueFromText(key, text), origin });
  };
  set("scanner.id", flags.scannerId, "--scanner-id");
  set("mqtt.client.qos", flags.qos, "--qos");
  set("scanner.adapter", flags.adapter, "--adapter");
  set("replay.file", flags.replay, "--replay");
  set("scanner.source", flags.replay === undefined ? undefined : "replay", "--replay");
  set("scanner.source", flags.source, "--source");
  set("replay.speed", flags.replaySpeed, "--replay-speed");
  set("replay.loop", flags.replayLoop ? "true" : undefined, "--replay-loop");
  set("simulate.devices", flags.simulateDevices, "--simulate-devices");
  set("simulate.rate", flags.simulateRate, "--simulate-rate");
  set("scanner.mode", flags.passive ? "passive" : undefined, "--passive");
  set("filter.min_rssi", flags.minRssi, "--min-rssi");
  set("filter.allow", flags.allow, "--allow");
  set("filter.deny", flags.deny, "--deny");
  set("filter.address_types", flags.addressTypes, "--address-types");
  set("filter.connectable", flags.connectable, "--connectable");
  set("filter.companies", flags.companies, "--companies");
  set("filter.services", flags.services, "--services");
  set("filter.names", flags.names, "--names");
  set("filter.on_change_s", flags.onChangeS, "--on-change-s");
  set("filter.max_rate_per_device", flags.maxRatePerDevice, "--max-rate-per-device");
  set("log.level", flags.logLevel, "--log-level");
  set("log.format", flags.logFormat, "--log-format");

  const broker = flags.broker === undefined ? null : readBroker(flags.broker);
  if (broker === null || "problem" in broker) return { settings, problems: broker === null ? [] : [broker] };
  set(broker.isList ? "mqtt.broker.hosts" : "mqtt.broker.host", broker.host, "--broker");
  set("mqtt.broker.port", broker.port, "--broker");
  set("mqtt.broker.tls.enabled", String(broker.tls), "--broker");
  return { settings, problems: [] };
}

interface BrokerFlag {
  readonly host: string;
  readonly port: string;
  readonly tls: boolean;
  /** Whether `host` is several, separated by commas. */
  readonly isList: boolean;
}

function readBroker(text: string): BrokerFlag | ConfigProblem {
  const refuse = (problem: string, remedy: string): ConfigProblem => ({
    source: "--broker",
    key: null,
    value: text.includes("@") ? "***" : quote(text),
    problem,
    remedy,
  });
  if (text.includes("@")) {
    return refuse(
      "credentials on the command line can be read by everyone on this machine",
      "use mqtt.broker.username and mqtt.broker.password_file, or BT_SCANNER_MQTT_BROKER_USERNAME and BT_SCANNER_MQTT_BROKER_PASSWORD",
    );
  }
  const match = /^(?<scheme>mqtts?):\/\/(?<hosts>[^/]+)\/?$/i.exec(text);
  const { scheme = "", hosts = "" } = match?.groups ?? {};
  const all = hosts.split(",").map((each) =>
    /^(\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]]+))(:(?<port>[0-9]+))?$/.exec(each)?.groups
  );
  const [first] = all;
  if (first === undefined || all.includes(undefined)) {
    return refuse(
      `expected mqtt://host[:port] or mqtts://host[:port], got ${quote(text)}`,
      "for example mqtt://localhost:1883; several brokers are separated by commas: mqtt://a,b:1884",
    );
  }
  const tls = scheme.toLowerCase() === "mqtts";
  const port = tls ? "8883" : "1883";
  if (all.length > 1) return { host: hosts, port, tls, isList: true };
  return { host: first.ipv6 ?? first.host ?? "", port: first.port ?? port, tls, isList: false };
}
