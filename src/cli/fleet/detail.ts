import type { ReadStats } from "../../status/schema.ts";
import { escapeInvisible } from "../../text/mod.ts";
import { shortDuration } from "../live/mod.ts";
import type { KnownScanner } from "./fleet.ts";
import type { Surveyed } from "./survey.ts";
import { ageBy, intervalMs, type Moment } from "./verdict.ts";

/** What statistics count, in the order in which it is shown. */
const COUNTS = [
  "received",
  "published",
  "dropped_offline",
  "dropped_backpressure",
  "dropped_rate_limited",
  "dropped_unacknowledged",
  "filtered",
  "invalid",
  "in_flight",
  "malformed_structures",
  "missed",
  "reconnects",
] as const satisfies readonly (keyof ReadStats)[];

/** Everything that is known of one scanner, line by line, with visible characters only. */
export function renderDetail({ id, scanner, verdict }: Surveyed, moment: Moment): string[] {
  const { state, forMs, wrong, remarks } = verdict;
  return [
    `${id}: ${state}${forMs === null ? "" : ` for ${shortDuration(forMs)}`}`,
    ...wrong.map((each) => `! ${each}`),
    ...remarks.map((each) => `  (${each})`),
    ...(scanner === null ? [] : ["", ...facts(scanner, moment), ...counters(scanner)]),
  ].map(escapeInvisible);
}

function facts(scanner: KnownScanner, moment: Moment): string[] {
  const { status, statusMs, latest } = scanner;
  const ageMs = ageBy(scanner, moment);
  const ago = (time: string | null | undefined) => time ? `${shortDuration(ageMs(time))} ago, ${time}` : "unknown";
  const arrived = (atMs: number | null, otherwise: string) =>
    atMs === null ? otherwise : `${shortDuration(moment.nowMs - atMs)} ago`;
  const kept = status === null ? "none came" : "before this was listening; the broker kept it";
  const told = `every ${intervalMs(scanner, moment.usualIntervalMs) / 1000} s`;
  return [
    ["host", status?.hostname ?? "unknown"],
    ["labels", labelText(status?.labels)],
    ["boot", status?.boot_id ?? "unknown"],
    ["run", status?.run_id ?? "unknown"],
    ["configuration", status?.config_digest ?? "unknown"],
    ["version", status?.version ?? "unknown"],
    ["started", ago(status?.started_at)],
    ["adapter", adapterText(scanner)],
    ["last heard", ago(status?.last_heard_at)],
    ["broker", [status?.broker, status?.broker_address].filter((each) => each).join(", ") || "unknown"],
    ["status", `${arrived(statusMs, kept)}; told ${told}`],
    ["statistics", arrived(latest?.atMs ?? null, "none came")],
  ].map(([key = "", value = ""]) => line(key, value));
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(", ") || "none";
}

function adapterText({ status }: KnownScanner): string {
  if (!status?.adapter) return "none";
  const commands = status.extended === true ? ["extended"] : status.extended === false ? ["legacy"] : [];
  return [status.adapter, ...(status.adapter_address ? [status.adapter_address] : []), ...commands].join(", ");
}

/** The counts, and by how much they have grown since the statistics before. */
function counters({ latest, previous }: KnownScanner): string[] {
  if (latest === null) return [];
  const { stats, atMs } = latest;
  const within = previous === null ? "" : ` within ${shortDuration(atMs - previous.atMs)}`;
  const counts = COUNTS.flatMap((key) => {
    const count = stats[key];
    if (count === undefined) return [];
    const grown = previous === null ? 0 : count - (previous.stats[key] ?? 0);
    return [line(key, `${count}${grown > 0 ? ` (+${grown}${within})` : ""}`)];
  });
  return [
    "",
    line("devices", String(stats.devices ?? "unknown")),
    line("rate", `${stats.received_per_s ?? "?"} received, ${stats.published_per_s ?? "?"} published, each second`),
    ...counts,
    line("memory", `${mebibytes(stats.rss_bytes)} MiB resident, ${mebibytes(stats.heap_bytes)} MiB heap`),
  ];
}

function line(key: string, value: string): string {
  return `  ${key.replaceAll("_", " ").padEnd(24)}${value}`;
}

function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? "?" : String(Math.round(bytes / 1024 / 1024));
}
