import assert from "node:assert/strict";
import { opcodeOf, type ScanCommandResult, ScanMonitor } from "../../src/scanner_hci/scan_monitor.ts";
import { test } from "../support/test.ts";

const ENABLE = Uint8Array.of(0x01, 0x0c, 0x20, 2, 1, 0);
const DISABLE = Uint8Array.of(0x01, 0x0c, 0x20, 2, 0, 0);
const EXTENDED_ENABLE = Uint8Array.of(0x01, 0x42, 0x20, 6, 1, 0, 0, 0, 0, 0);
const RESET = Uint8Array.of(0x01, 0x03, 0x0c, 0);
const READ_ADDRESS = Uint8Array.of(0x01, 0x09, 0x10, 0);
const EVENT_MASK = Uint8Array.of(0x01, 0x01, 0x0c, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0x20);
const LE_EVENT_MASK = Uint8Array.of(0x01, 0x01, 0x20, 8, 0x02, 0, 0, 0, 0, 0, 0, 0);

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
    { command: "disable", foreign: false, status: 0x0c },
    { command: "enable", foreign: false, status: 0 },
  ]);
});

test("ScanMonitor takes the next answer for another process's command, though ours was written before that was read", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(DISABLE, false);
  monitor.commandSent(ENABLE, false);
  for (let i = 0; i < 2; i++) { // the controller did both before it was given ours
    monitor.commandSent(DISABLE, true);
    monitor.commandCompleted(0x200c, 0);
  }
  assert.equal(monitor.willScanForUs, true);
  monitor.commandCompleted(0x200c, 0);
  monitor.commandCompleted(0x200c, 0);
  assert.equal(monitor.scansForUs, true);
  assert.deepEqual(results.map(({ foreign }) => foreign), [true, true, false, false]);
});

test("ScanMonitor tells that another process ended the scan", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(EXTENDED_ENABLE, false);
  monitor.commandCompleted(0x2042, 0);
  monitor.commandSent(DISABLE, true);
  monitor.commandCompleted(0x200c, 0);
  assert.equal(monitor.scanning, false);
  assert.deepEqual(results.at(-1), { command: "disable", foreign: true, status: 0 });
});

test("ScanMonitor passes over other commands and answers to nothing", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(READ_ADDRESS, false);
  monitor.commandCompleted(0x1009, 0);
  monitor.commandCompleted(0x200c, 0);
  assert.deepEqual(results, []);
  assert.equal(monitor.scanning, false);
});

test("ScanMonitor knows that a reset ends the scan, whoever sent it, once it is done", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(ENABLE, false);
  monitor.commandCompleted(0x200c, 0);
  monitor.commandSent(RESET, true);
  assert.equal(monitor.scansForUs, true);
  monitor.commandCompleted(0x0c03, 0);
  assert.equal(monitor.scanning, false);
  assert.deepEqual(results.at(-1), { command: "reset", foreign: true, status: 0 });
});

test("ScanMonitor awaits no answers to others' commands from before a reset, but to its own, which may have come after", () => {
  const { monitor, results } = monitored();
  monitor.commandSent(DISABLE, true);
  monitor.commandSent(ENABLE, false); // written while the reset, which is read later, was done
  monitor.commandSent(RESET, true);
  monitor.commandCompleted(0x0c03, 0);
  monitor.commandCompleted(0x200c, 0);
  assert.equal(monitor.scansForUs, true);
  assert.deepEqual(results.map(({ command }) => command), ["reset", "enable"]);
});

test("ScanMonitor knows which commands let reports through after a reset, and none where masks do", () => {
  const { monitor } = monitored();
  assert.deepEqual(monitor.unmaskingCommands(false), []);
  monitor.commandSent(RESET, true);
  monitor.commandCompleted(0x0c03, 0);
  const meta = { opcode: 0x0c01, parameters: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0x20) };
  assert.deepEqual(monitor.unmaskingCommands(false), [meta]);
  assert.deepEqual(monitor.unmaskingCommands(true), [
    meta,
    { opcode: 0x2001, parameters: Uint8Array.of(0x1f, 0x10, 0, 0, 0, 0, 0, 0) },
  ]);
  monitor.commandSent(EVENT_MASK, true);
  monitor.commandCompleted(0x0c01, 0);
  monitor.commandSent(LE_EVENT_MASK, true);
  monitor.commandCompleted(0x2001, 0);
  assert.deepEqual(monitor.unmaskingCommands(false), []);
  assert.equal(monitor.unmaskingCommands(true).length, 1);
});

test("ScanMonitor takes no refused mask for one that is in force, and a cut one for one that hides", () => {
  const { monitor } = monitored();
  monitor.commandSent(EVENT_MASK.with(11, 0), true);
  monitor.commandCompleted(0x0c01, 0x12);
  assert.deepEqual(monitor.unmaskingCommands(false), []);
  monitor.commandSent(EVENT_MASK.subarray(0, 11), true);
  monitor.commandCompleted(0x0c01, 0);
  assert.equal(monitor.unmaskingCommands(false).length, 1);
});

test("ScanMonitor forgets commands that were never answered", () => {
  const { monitor, results } = monitored();
  for (let i = 0; i < 1_000; i++) monitor.commandSent(DISABLE, true);
  for (let i = 0; i < 1_000; i++) monitor.commandCompleted(0x200c, 0);
  assert.equal(results.length, 32);
});

test("opcodeOf() says -1 where the packet ends early", () => {
  assert.equal(opcodeOf(Uint8Array.of(0x01, 0x0c), 1), -1);
  assert.equal(opcodeOf(ENABLE, 1), 0x200c);
});
