import type { ConnectionState, Counters, ScanState, Vitals } from "../agent/mod.ts";
import type { MemoryUse } from "../status/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { Family, Labels, Sample } from "./family.ts";
import type { LoopLag } from "./loop_lag.ts";

/** What metrics of the scanner are taken from. */
export interface ScannerMetricsParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** Time. */
  readonly clock: Clock;
  /** The memory that the process holds. */
  readonly memory: () => MemoryUse;
  /** Version of the program. */
  readonly version: string;
  /** What the configuration calls this scanner besides its identifier. */
  readonly labels: () => Labels;
  /** The same for scanners that are configured alike. */
  readonly configDigest: () => string;
}

type CounterFamily = "received" | "published" | "dropped" | "invalid" | "malformed" | "missed";

/** Where each counter goes; the compiler sees that none is forgotten. */
const COUNTERS: Readonly<
  Record<Exclude<keyof Counters, "inFlight" | "filtered" | "filteredBy">, readonly [CounterFamily, Labels?]>
> = {
  received: ["received"],
  published: ["published"],
  droppedOffline: ["dropped", { reason: "offline" }],
  droppedBackpressure: ["dropped", { reason: "backpressure" }],
  droppedRateLimited: ["dropped", { reason: "rate_limited" }],
  droppedUnacknowledged: ["dropped", { reason: "unacknowledged" }],
  invalid: ["invalid"],
  malformedStructures: ["malformed"],
  missed: ["missed"],
};

const COUNTER_FAMILIES: Readonly<Record<CounterFamily, readonly [name: string, help: string]>> = {
  received: ["bt_scanner_reports_received", "Advertising reports received from the controller."],
  published: [
    "bt_scanner_reports_published",
    "Reports whose message was written to the broker's connection (QoS 0) or acknowledged (QoS 1).",
  ],
  dropped: ["bt_scanner_reports_dropped", "Reports that were lost on their way to the broker, by reason."],
  invalid: ["bt_scanner_reports_invalid", "Reports that could not be read."],
  malformed: ["bt_scanner_malformed_structures", "Broken parts of reports that were fine otherwise."],
  missed: ["bt_scanner_packets_missed", "Packets lost because the machine did not keep up."],
};

const SCAN_STATES: readonly ScanState["kind"][] = ["starting", "scanning", "silent", "stopped"];
const CONNECTION_STATES: readonly ConnectionState["kind"][] = [
  "idle",
  "connecting",
  "online",
  "waiting",
  "closing",
  "closed",
];

/** What is true of the scanner at one moment. */
export function scannerFamilies(
  { vitals, clock, memory, version, labels, configDigest }: ScannerMetricsParts,
  lag: LoopLag,
): Family[] {
  const { scan, connection, counters, heardMs } = vitals;
  const ageS = heardMs === null ? null : (clock.monotonicMs() - heardMs) / 1000;
  return [
    info("bt_scanner_build", "The program.", { version }),
    info("bt_scanner_config", "The configuration, told from others.", { digest: configDigest() }),
    info("bt_scanner_scanner", "The scanner, by its configured labels.", ownLabels(labels())),
    info("bt_scanner_adapter", "What it scans with, while it does.", adapterLabels(scan)),
    states("bt_scanner_scan_state", "1 for what the scan does.", SCAN_STATES, scan.kind),
    states("bt_scanner_connection_state", "1 for what the connection does.", CONNECTION_STATES, connection.kind),
    gauge("bt_scanner_last_report_age_seconds", "Time since something was heard last, before any filter.", ageS),
    gauge("bt_scanner_devices", "Different addresses heard in the last interval, before any filter.", vitals.devices),
    ...counterFamilies(counters),
    counter(
      "bt_scanner_reports_filtered",
      "Reports that the configured filter left out, by the first condition that failed.",
      Object.entries(counters.filteredBy).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    gauge("bt_scanner_reports_in_flight", "Reports on their way to the broker.", counters.inFlight),
    counter("bt_scanner_broker_connections", "Connections to the broker.", [
      { value: vitals.reconnects + Number(vitals.hasConnected) },
    ]),
    gauge("bt_scanner_heap_bytes", "JavaScript objects, those not yet collected included.", memory().heapBytes),
    {
      name: "bt_scanner_event_loop_lag_seconds",
      type: "histogram",
      help: "By how much timers were late.",
      distribution: lag.distribution,
    },
  ];
}

function counterFamilies(counters: Counters): Family[] {
  const counts = Object.entries(COUNTERS) as [keyof typeof COUNTERS, (typeof COUNTERS)["received"]][];
  return Object.entries(COUNTER_FAMILIES).map(([family, [name, help]]) => {
    const samples = counts.filter(([, [to]]) => to === family)
      .map(([key, [, labels = {}]]): Sample => ({ labels, value: counters[key] }));
    return counter(name, help, samples);
  });
}

/** Not under the names that Prometheus and these metrics have themselves. */
function ownLabels(labels: Labels): Labels | null {
  const entries = Object.entries(labels);
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([name, value]) => [`label_${name}`, value]));
}

function adapterLabels(scan: ScanState): Labels | null {
  if (!("adapter" in scan)) return null;
  return { adapter: scan.adapter, address: scan.adapterAddress ?? "", extended: String(scan.extended) };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "counter", help, samples };
}

function gauge(name: string, help: string, value: number | null): Family {
  return { name, type: "gauge", help, samples: value === null ? [] : [{ value }] };
}

function info(name: string, help: string, labels: Labels | null): Family {
  return { name, type: "info", help, samples: labels === null ? [] : [{ labels, value: 1 }] };
}

function states(name: string, help: string, all: readonly string[], now: string): Family {
  return {
    name,
    type: "gauge",
    help,
    samples: all.map((state) => ({ labels: { state }, value: Number(state === now) })),
  };
}
