/** What is told about a scanner to Home Assistant. */
export interface Device {
  /** Identifier of the scanner. */
  readonly scannerId: string;
  /** Version of the program. */
  readonly version: string;
  /** Where its status is retained. */
  readonly statusTopic: string;
  /** Where its statistics are published; null: nowhere. */
  readonly statsTopic: string | null;
  /** From one to the next, in seconds. */
  readonly statsIntervalS: number;
}

/**
 * The name by which Home Assistant knows the scanner: letters, digits, `_` and `-` alone, as its topics demand, and
 * another one for each identifier. One with a dot has its dots and underscores written in hexadecimal.
 */
export function deviceId(scannerId: string): string {
  if (!scannerId.includes(".")) return `bt-scanner_${scannerId}`;
  return `bt-scanner-${scannerId.replace(/[._]/g, (character) => `_${character.charCodeAt(0).toString(16)}`)}`;
}

/** Where Home Assistant learns of the scanner, if it looks for devices under `prefix`. */
export function discoveryTopic(prefix: string, scannerId: string): string {
  return `${prefix}/device/${deviceId(scannerId)}/config`;
}

/** Keys as Home Assistant abbreviates them; what null means to it is "unknown". */
type Component = { readonly p: "sensor" | "binary_sensor" } & Readonly<Record<string, unknown>>;

const REASONS = "{'reason': value_json.reason, 'since': value_json.since, 'warning': value_json.warning}";

/** Each is read from the status. */
const STATUS_COMPONENTS: Readonly<Record<string, Component>> = {
  connected: {
    p: "binary_sensor",
    name: "Connected",
    dev_cla: "connectivity",
    ent_cat: "diagnostic",
    pl_on: "online",
    pl_off: "offline",
    val_tpl: "{{ value_json.status }}",
  },
  scanning: {
    p: "binary_sensor",
    name: "Scanning",
    dev_cla: "running",
    val_tpl: "{{ 'ON' if value_json.scanning else 'OFF' }}",
    json_attr_tpl: `{{ ${REASONS} | tojson }}`,
  },
  last_heard: {
    p: "sensor",
    name: "Last heard",
    dev_cla: "timestamp",
    val_tpl: "{{ value_json.last_heard_at }}",
  },
  adapter: { p: "sensor", name: "Adapter", ent_cat: "diagnostic", val_tpl: "{{ value_json.adapter }}" },
  version: { p: "sensor", name: "Version", ent_cat: "diagnostic", val_tpl: "{{ value_json.version }}" },
};

const DROPS = ["dropped_offline", "dropped_backpressure", "dropped_rate_limited", "dropped_unacknowledged"];

/** Each is read from the statistics. */
const STATS_COMPONENTS: Readonly<Record<string, Component>> = {
  devices: {
    p: "sensor",
    name: "Devices",
    stat_cla: "measurement",
    unit_of_meas: "devices",
    val_tpl: "{{ value_json.devices }}",
  },
  reports: {
    p: "sensor",
    name: "Reports per second",
    stat_cla: "measurement",
    unit_of_meas: "reports/s",
    val_tpl: "{{ value_json.received_per_s }}",
  },
  messages: {
    p: "sensor",
    name: "Messages per second",
    stat_cla: "measurement",
    unit_of_meas: "messages/s",
    val_tpl: "{{ value_json.published_per_s }}",
  },
  dropped: {
    p: "sensor",
    name: "Dropped reports",
    ent_cat: "diagnostic",
    stat_cla: "total_increasing",
    unit_of_meas: "reports",
    val_tpl: `{{ ${DROPS.map((field) => `value_json.${field}`).join(" + ")} }}`,
  },
};

/** After as many intervals without statistics, the last ones are not shown any more. */
const MISSED_INTERVALS = 3;

/**
 * The message by which Home Assistant (2024.11 and later) shows a scanner as one device.
 *
 * A component with nothing but its platform is one that Home Assistant is to remove, should it have it from before.
 */
export function devicePayload({ scannerId, version, statusTopic, statsTopic, statsIntervalS }: Device): string {
  const id = deviceId(scannerId);
  const fromStatus = ([key, component]: [string, Component]) => {
    const attributes = "json_attr_tpl" in component ? { json_attr_t: statusTopic } : {};
    // Whether it is connected is known as soon as there is a status, offline or not.
    const available = key === "connected" ? { avty: [{ t: statusTopic, val_tpl: "online" }] } : {};
    return [key, { ...component, uniq_id: `${id}_${key}`, stat_t: statusTopic, ...attributes, ...available }];
  };
  const fromStats = ([key, component]: [string, Component]) => {
    if (statsTopic === null) return [key, { p: component.p }];
    const exp_aft = Math.ceil(MISSED_INTERVALS * statsIntervalS);
    return [key, { ...component, uniq_id: `${id}_${key}`, stat_t: statsTopic, exp_aft }];
  };
  return JSON.stringify({
    dev: { ids: [id], name: scannerId, mdl: "bt-scanner", sw: version },
    o: { name: "bt-scanner", sw: version },
    avty: [{ t: statusTopic, val_tpl: "{{ value_json.status }}" }],
    cmps: Object.fromEntries([
      ...Object.entries(STATUS_COMPONENTS).map(fromStatus),
      ...Object.entries(STATS_COMPONENTS).map(fromStats),
    ]),
  });
}
