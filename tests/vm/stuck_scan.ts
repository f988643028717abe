/** A service whose scan hangs, and whose agent cannot even begin it afresh: the watchdog's business. */
import process from "node:process";
import type { Logger, Scanner, ScanState } from "../../src/agent/mod.ts";
import { superviseScan } from "../../src/agent/supervisor.ts";
import { linuxHost } from "../../src/hci/mod.ts";
import { readNotifySettings, sendNotification, ServiceNotifier } from "../../src/systemd/mod.ts";
import { systemClock as clock } from "../../src/time/mod.ts";

const log: Logger = {
  enabled: () => true,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (event, fields) => process.stderr.write(`${event} ${JSON.stringify(fields)}\n`),
};
const scanner: Scanner = {
  paced: false,
  missed: 0,
  run(sink) {
    sink.state({ kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: false });
    return new Promise(() => {});
  },
  reset: () => Promise.resolve(),
};
let scan: ScanState = { kind: "starting" };
const settings = readNotifySettings(Deno.env.toObject(), Deno.pid);
if (settings === null) throw new Error("not started by systemd");
const libc = linuxHost.openLibc();
const stallTimeoutMs = 1_000;
const service = new ServiceNotifier({ watchdogMs: settings.watchdogMs, stallTimeoutMs }, {
  send: (message) => sendNotification(libc, settings.socket, message),
  scan: () => scan,
  offlineReason: () => null,
  warning: () => null,
  published: () => 0,
  clock,
  log,
});
const signal = new AbortController().signal;
service.start(signal);
service.online();
const parts = { scanner: service.watch(scanner), clock, random: Math.random, log, stallTimeoutMs };
await superviseScan(parts, { event: () => undefined, state: (state) => scan = state }, signal);
