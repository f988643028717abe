import assert from "node:assert/strict";
import { opcodeOf, type ScanCommandResult, ScanMonitor } from "../../src/noble/scan_monitor.ts";
import { test } from "../support/test.ts";

const ENABLE = Uint8Array.of(0x01, 0x0c, 0x20, 2, 1, 0);
const DISABLE = Uint8Array.of(0x01, 0x0c, 0x20, 2, 0, 0);
const EXTENDED_ENABLE = Uint8Array.of(0x01, 0x42, 0x20, 6, 1, 0, 0, 0, 0, 0);
const RESET = Uint8Array.of(0x01, 0x03, 0x0c, 0);

function monitored(): { readonly monitor: ScanMonitor; readonly results: ScanCommandResult[] } {
  const results: ScanCommandResult[] = [];
  return { monitor: new ScanMonitor((result) => results.push(result)), results };
}

test("ScanMonitor takes answers for the commands in their order", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(DISABLE, false);
  monitor.commandSent(ENABLE, false);
  monitor.commandCompleted(0x200c, 0x0c);
  assert.equal(monitor.scanning, false);
  monitor.commandCompleted(0x200c, 0);
  assert.equal(monitor.scanning, true);
  assert.deepEqual(results, [
    { enable: false, foreign: false, status: 0x0c },
    { enable: true, foreign: false, status: 0 },
  ]);
});

test("ScanMonitor tells that another process ended the scan", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(EXTENDED_ENABLE, false);
  monitor.commandCompleted(0x2042, 0);
  monitor.commandSent(DISABLE, true);
  monitor.commandCompleted(0x200c, 0);
  assert.equal(monitor.scanning, false);
  assert.deepEqual(results.at(-1), { enable: false, foreign: true, status: 0 });
});

test("ScanMonitor passes over other commands and answers to nothing", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(RESET, false);
  monitor.commandCompleted(0x0c03, 0);
  monitor.commandCompleted(0x200c, 0);
  assert.deepEqual(results, []);
  assert.equal(monitor.scanning, false);
});

test("ScanMonitor forgets commands that were never answered", () => {
  const { monitor, results } = monitored();
  for (let i = 0; i < 1_000; i++) monitor.commandSent(DISABLE, true);
  for (let i = 0; i < 1_000; i++) monitor.commandCompleted(0x200c, 0);
  assert.equal(results.length, 16);
});

test("opcodeOf() says -1 where the packet ends early", () => {
  assert.equal(opcodeOf(Uint8Array.of(0x01, 0x0c), 1), -1);
  assert.equal(opcodeOf(ENABLE, 1), 0x200c);
});
