import type { ReceivedMessage } from "../../src/mqtt/subscriber.ts";
import { Fleet } from "../../src/cli/fleet/fleet.ts";
import type { Moment } from "../../src/cli/fleet/verdict.ts";
import type { Stats, Status } from "../../src/status/mod.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";

/** When {@linkcode FakeClock} begins. */
export const START = "2026-01-11T10:30:45.123Z";

/** A status as `run` publishes it, but for what a test says. */
export function someStatus(changes: Partial<Status> = {}): Status {
  return {
    status: "online",
    scanner_id: "s1",
    version: "1.2.3",
    started_at: "2026-01-11T09:00:00.000Z",
    scanning: true,
    adapter: "hci0",
    adapter_address: "B8:27:EB:00:00:01",
    extended: true,
    reason: null,
    since: "2026-01-11T09:00:01.000Z",
    last_heard_at: START,
    warning: null,
    broker: "broker.local:1883",
    broker_address: "192.0.2.7",
    hostname: "pi-kitchen",
    boot_id: "b-1",
    run_id: "r-1",
    labels: { room: "kitchen", floor: "2" },
    config_digest: "0123456789abcdef",
    interval_s: 60,
    ...changes,
  };
}

/** Statistics as `run` publishes them, but for what a test says. */
export function someStats(changes: Partial<Stats> = {}): Stats {
  return {
    scanner_id: "s1",
    timestamp: START,
    uptime_s: 5_445,
    interval_s: 60,
    received: 1_000,
    published: 900,
    dropped_offline: 0,
    dropped_backpressure: 0,
    dropped_rate_limited: 0,
    dropped_unacknowledged: 0,
    filtered: 100,
    filtered_by: { min_rssi: 100 },
    invalid: 0,
    in_flight: 0,
    malformed_structures: 0,
    missed: 0,
    received_per_s: 12.34,
    published_per_s: 11,
    limited_by: null,
    devices: 50,
    reconnects: 0,
    broker: "broker.local:1883",
    heap_bytes: 8 << 20,
    rss_bytes: 60 << 20,
    ...changes,
  };
}

/** A fleet, and somebody who publishes to it. */
export class FleetRig {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly fleet = new Fleet({ status: "ble/status", stats: "ble/stats" }, this.clock);

  constructor(isSubscribed = true) {
    if (isSubscribed) this.subscribed();
  }

  /** The connection is there, and refuses these. */
  subscribed(refused: readonly string[] = []): void {
    this.fleet.setConnection({ kind: "subscribed", broker: "b:1883", sinceMs: this.clock.monotonicMs(), refused });
  }

  status(changes: Partial<Status> = {}, isRetained = false): void {
    const status = someStatus(changes);
    this.publish(`ble/status/${status.scanner_id}`, JSON.stringify(status), isRetained);
  }

  stats(changes: Partial<Stats> = {}): void {
    const timestamp = new Date(this.clock.wallMs()).toISOString();
    const stats = someStats({ timestamp, ...changes });
    this.publish(`ble/stats/${stats.scanner_id}`, JSON.stringify(stats));
  }

  publish(topic: string, payload: string | Uint8Array, isRetained = false): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    this.take({ topic, payload: bytes, isRetained });
  }

  take(message: ReceivedMessage): void {
    this.fleet.take(message);
  }

  get moment(): Moment {
    const { connection } = this.fleet;
    const listeningMs = connection.kind === "subscribed" ? connection.sinceMs : null;
    const { clock } = this;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), listeningMs, usualIntervalMs: 60_000 };
  }
}
