import * as z from "zod/mini";
import type { FilterReason } from "../agent/mod.ts";
import type { Stats } from "./stats.ts";
import type { Status } from "./status.ts";

/** @internal What another version of this program may have left out. */
export type Partly<T, Known extends keyof T> = { readonly [Key in keyof T]?: T[Key] | undefined } & Pick<T, Known>;

/** A status as some version of this program may have published it. */
export type ReadStatus = Partly<Status, "status" | "scanner_id">;
/** Statistics as some version of this program may have published them. */
export type ReadStats = Partly<Stats, "scanner_id" | "uptime_s" | "received">;

const timestamp = z.string().check(z.iso.datetime({ precision: 3 }), z.describe("UTC, milliseconds"));
const scannerId = z.string().check(z.describe("Identifier of the scanner"));

const statusShape = {
  status: z.enum(["online", "offline"]).check(z.describe("Whether the scanner is connected to the broker")),
  scanner_id: scannerId,
  version: z.string().check(z.describe("Version of bt-scanner")),
  started_at: timestamp.check(z.describe("When the scanner was started, UTC")),
  scanning: z.boolean().check(z.describe("Whether advertisements are being received")),
  adapter: z.nullable(z.string()).check(z.describe("What it scans with, while scanning: hci0, a file, simulated")),
  adapter_address: z.nullable(z.string()).check(z.describe("The adapter's own address, where known")),
  extended: z.nullable(z.boolean()).check(
    z.describe("While scanning: whether with the extended commands (true) or the legacy ones (false)"),
  ),
  reason: z.nullable(z.string()).check(z.describe("Why it is offline or not scanning; null while scanning")),
  since: z.nullable(timestamp).check(
    z.describe("When it started or stopped scanning, or went offline; null in the will"),
  ),
  last_heard_at: z.nullable(timestamp).check(
    z.describe("When it last heard an advertisement before this was published; null: never, or unknown"),
  ),
  warning: z.nullable(z.string()).check(
    z.describe("What a person should look at: why connections do not last, a refused configuration; null: nothing"),
  ),
  broker: z.nullable(z.string()).check(
    z.describe("The broker that this was published through, host:port as configured; null in the will"),
  ),
  broker_address: z.nullable(z.string()).check(
    z.describe("The address that the broker's name resolved to for this connection; null: unknown"),
  ),
  hostname: z.nullable(z.string()).check(z.describe("Name of the machine; null: unknown")),
  boot_id: z.nullable(z.string()).check(z.describe("Changes with each boot of the machine; null: unknown")),
  run_id: z.string().check(z.describe("Changes with each start of the program, as in messages with full fields")),
  labels: z.record(z.string(), z.string()).check(z.describe("scanner.labels of the configuration")),
  config_digest: z.nullable(z.string()).check(
    z.describe("Tells configurations apart, by what scanners may have in common; null in the will"),
  ),
  interval_s: z.number().check(z.positive(), z.describe("Seconds after which status and statistics are told again")),
} as const;

const count = (description: string) => z.int().check(z.nonnegative(), z.describe(description));
const perSecond = (description: string) => z.number().check(z.nonnegative(), z.describe(description));

const leftOut = (description: string) => z.exactOptional(count(description));
const filteredBy: Record<FilterReason, ReturnType<typeof leftOut>> = {
  min_rssi: leftOut("Too weak, or of unknown strength"),
  deny: leftOut("Of addresses that are excluded"),
  allow: leftOut("Of addresses that are not among those included"),
  address_types: leftOut("Of other kinds of address"),
  connectable: leftOut("Connectable, or not, as excluded"),
  companies: leftOut("Without data of these companies"),
  services: leftOut("Without these services"),
  names: leftOut("Without such a name"),
  on_change_s: leftOut("Repeated unchanged too soon"),
  max_rate_per_device: leftOut("More than a device may send"),
};

const statsShape = {
  scanner_id: scannerId,
  timestamp: timestamp.check(z.describe("When the statistics were taken, UTC")),
  uptime_s: z.number().check(z.describe("Seconds since the scanner was started")),
  interval_s: z.number().check(z.describe("Seconds over which the rates were taken")),
  received: count("Advertising reports received since the start"),
  published: count("Messages that reached the broker (QoS 1: acknowledged; QoS 0: written to the connection)"),
  dropped_offline: count("Lost because there was no connection"),
  dropped_backpressure: count("Dropped because the broker could not keep up"),
  dropped_rate_limited: count("Not sent because of the configured rate limit"),
  dropped_unacknowledged: count("Sent, but not acknowledged by the broker within the time allowed (QoS 1)"),
  filtered: count("Excluded by the filter"),
  filtered_by: z.object(filteredBy).check(
    z.describe("The same by the key of the filter whose condition they failed first; keys without any are left out"),
  ),
  invalid: count("Malformed: not readable as reports"),
  in_flight: count("On their way to the broker"),
  malformed_structures: count("Malformed AD structures skipped in reports that were otherwise fine"),
  missed: count("Packets lost before they could be read, because this machine did not keep up"),
  received_per_s: perSecond("Reports received per second over the interval"),
  published_per_s: perSecond("Messages published per second over the interval"),
  limited_by: z.nullable(z.string()).check(
    z.describe("What limited the message rate over the interval, if known: max_in_flight, max_rate"),
  ),
  devices: count("Distinct addresses heard over the interval, filtered ones included; counted up to 65,536"),
  broker: z.nullable(z.string()).check(z.describe("The broker connected to, host:port as configured; null: none")),
  reconnects: count("Connections made to the broker since the start, not counting the first"),
  heap_bytes: count("JavaScript heap in use, in bytes"),
  rss_bytes: count("Resident memory of the process, in bytes"),
} as const;

/** Schema of {@linkcode Status}. */
export const statusSchema: z.ZodMiniType<Status> = z.object(statusShape);

/** Schema of {@linkcode Stats}. */
export const statsSchema: z.ZodMiniType<Stats> = z.object(statsShape);

/** Schema of {@linkcode ReadStatus}. */
export const readStatusSchema: z.ZodMiniType<ReadStatus> = z.required(z.partial(z.object(statusShape)), {
  status: true,
  scanner_id: true,
});

/** Schema of {@linkcode ReadStats}. */
export const readStatsSchema: z.ZodMiniType<ReadStats> = z.required(z.partial(z.object(statsShape)), {
  scanner_id: true,
  uptime_s: true,
  received: true,
});
