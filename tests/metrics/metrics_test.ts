import assert from "node:assert/strict";
import fc from "fast-check";
import { Vitals } from "../../src/agent/mod.ts";
import { Metrics, type MetricsParts } from "../../src/metrics/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const STAT = `42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 150 75 0 0 20 0 9 0 12345 4096000 500 18446744073709551615`;

function metrics(changes: Partial<MetricsParts> = {}) {
  const clock = new FakeClock();
  const vitals = new Vitals({ clock, missed: () => 7, log: new RecordingLog() });
  const parts = {
    scannerId: "s1",
    version: "1.2.3",
    labels: () => ({}),
    configDigest: () => "0123456789abcdef",
    vitals,
    clock,
    memory: () => ({ heapBytes: 1000, rssBytes: 2000 }),
    readSystemText: (path: string) => path === "/proc/self/stat" ? STAT : null,
    openFiles: () => Promise.resolve<number | null>(12),
    ...changes,
  };
  const page = new Metrics(parts);
  const read = async () => values(await page.page("prometheus"));
  return { clock, vitals, page, read, [Symbol.dispose]: () => page[Symbol.dispose]() };
}

/** Each sample's value, by its name and labels but the scanner's. */
function values(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(samples.map((line) => {
    const [, name = "", labels = "", value = ""] = /^([a-z_]+)\{scanner_id="s1",?(.*)\} (\S+)$/.exec(line) ??
      assert.fail(line);
    return [labels === "" ? name : `${name}{${labels}}`, Number(value)];
  }));
}

const SCANNING = { kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: true } as const;

test("Metrics tell the state of scan and connection, each state with 1 or 0", async () => {
  using parts = metrics();
  parts.vitals.setScan(SCANNING);
  parts.vitals.setConnection({ kind: "online", sinceMs: 0, broker: "broker:1883", address: null });
  const told = await parts.read();
  const ones = [...told].filter(([name, value]) => /_(state|info)\{/.test(name) && value === 1).map(([name]) => name);
  assert.deepEqual(ones, [
    'bt_scanner_build_info{version="1.2.3"}',
    'bt_scanner_config_info{digest="0123456789abcdef"}',
    'bt_scanner_adapter_info{adapter="hci0",address="",extended="true"}',
    'bt_scanner_scan_state{state="scanning"}',
    'bt_scanner_connection_state{state="online"}',
  ]);
  assert.equal(told.get('bt_scanner_scan_state{state="stopped"}'), 0);
  assert.equal(told.get('bt_scanner_connection_state{state="waiting"}'), 0);
  assert.equal(told.get("bt_scanner_broker_connections_total"), 1);
});

test("Metrics tell the configured labels under names that are nobody else's, and none where there are none", async () => {
  const names = async (labels: Record<string, string>) => {
    using parts = metrics({ labels: () => labels });
    return [...(await parts.read()).keys()].filter((name) => name.startsWith("bt_scanner_scanner"));
  };
  assert.deepEqual(await names({ scanner_id: "other", room: 'the "attic"' }), [
    'bt_scanner_scanner_info{label_scanner_id="other",label_room="the \\"attic\\""}',
  ]);
  assert.deepEqual(await names({}), []);
});

test("Metrics tell how long ago something was heard, and nothing before that", async () => {
  using parts = metrics();
  assert.equal((await parts.read()).has("bt_scanner_last_report_age_seconds"), false);
  parts.vitals.heard();
  await parts.clock.advance(1_500);
  assert.equal((await parts.read()).get("bt_scanner_last_report_age_seconds"), 1.5);
});

test("Metrics tell of the process what the kernel knows, whatever its name is", async () => {
  using parts = metrics();
  const told = await parts.read();
  const process = [...told].filter(([name]) => name.startsWith("process_"));
  assert.deepEqual(process, [
    ["process_cpu_seconds_total", 2.25],
    ["process_virtual_memory_bytes", 4096000],
    ["process_resident_memory_bytes", 2000],
    ["process_start_time_seconds", Date.UTC(2026, 0, 11, 10, 30, 45, 123) / 1000],
    ["process_open_fds", 12],
  ]);
});

test("Metrics leave out what cannot be found out about the process", async () => {
  using parts = metrics({ readSystemText: () => null, openFiles: () => Promise.resolve(null) });
  const told = await parts.read();
  assert.deepEqual([...told.keys()].filter((name) => name.startsWith("process_")), [
    "process_resident_memory_bytes",
    "process_start_time_seconds",
  ]);
});

test("Metrics for a text file have no names that node_exporter has for itself", () => {
  using parts = metrics();
  const names = [...values(parts.page.textfile()).keys()];
  assert.ok(names.length > 20);
  assert.deepEqual(names.filter((name) => !name.startsWith("bt_scanner_")), []);
});

test("Metrics tell by how much timers are late", async () => {
  let lateMs = 0;
  const clock = new FakeClock();
  const late = { ...lateClock(clock, () => lateMs) };
  using parts = metrics({ clock: late });
  await clock.advance(400);
  lateMs = 70;
  await clock.advance(200);
  lateMs = 5_000;
  await clock.advance(200);
  const told = await parts.read();
  const buckets = [...told].filter(([name]) => name.startsWith("bt_scanner_event_loop_lag_seconds_bucket"));
  assert.deepEqual(buckets.map(([, value]) => value), [2, 2, 2, 2, 3, 3, 3, 3, 3, 4]);
  assert.equal(told.get("bt_scanner_event_loop_lag_seconds_count"), 4);
  assert.equal(told.get("bt_scanner_event_loop_lag_seconds_sum"), 5.07);
});

/** A clock that shows more at the end of each wait than was waited for. */
function lateClock(clock: FakeClock, lateMs: () => number) {
  let extraMs = 0;
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs() + extraMs,
    async sleep(delayMs: number, signal?: AbortSignal) {
      await clock.sleep(delayMs, signal);
      extraMs += lateMs();
    },
  };
}

const FATES = [
  "published",
  "droppedOffline",
  "droppedBackpressure",
  "droppedRateLimited",
  "droppedUnacknowledged",
  "invalid",
] as const;

test("Metrics account for each report exactly once, whatever has happened", async () => {
  const filtered = fc.constantFrom("min_rssi" as const, "names" as const);
  const events = fc.array(fc.oneof(fc.constant("received" as const), fc.constantFrom(...FATES), filtered));
  await fc.assert(fc.asyncProperty(events, async (happened) => {
    using parts = metrics();
    const { counter } = parts.vitals;
    for (const event of happened) {
      if (event === "received") counter.received();
      else if (counter.inFlight === 0) continue;
      else if (event === "min_rssi" || event === "names") counter.filtered(event);
      else counter.ended(event);
    }
    const told = [...await parts.read()];
    const sum = (pattern: RegExp) =>
      told.filter(([name]) => pattern.test(name)).reduce((total, [, value]) => total + value, 0);
    assert.equal(
      sum(/^bt_scanner_reports_received_total$/),
      sum(/^bt_scanner_reports_(published|dropped|filtered|invalid)_total|^bt_scanner_reports_in_flight$/),
    );
  }));
});
