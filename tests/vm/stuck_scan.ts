/** A service whose scan hangs, and whose agent cannot even begin it afresh: the watchdog's business. */
import process from "node:process";
import { type Logger, type Scanner, type ScanSink, Vitals } from "../../src/agent/mod.ts";
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
const settings = readNotifySettings(Deno.env.toObject(), Deno.pid);
if (settings === null) throw new Error("not started by systemd");
const libc = linuxHost.openLibc();
const stallTimeoutMs = 1_000;
const vitals = new Vitals({ clock, missed: () => 0, log });
const send = (message: string) => sendNotification(libc, settings.socket, message);
const service = new ServiceNotifier({ watchdogMs: settings.watchdogMs, stallTimeoutMs }, {
  vitals,
  send,
  monotonicUs: () => 0n,
  clock,
  log,
});
const signal = new AbortController().signal;
service.start(signal);
vitals.setConnection({ kind: "online", sinceMs: 0, broker: "broker:1883", address: null });
const sink: ScanSink = { advertisement: () => {}, invalid: () => {}, delivered: () => undefined, state: () => {} };
await superviseScan({ scanner, vitals, clock, random: Math.random, log, stallTimeoutMs }, sink, signal);
