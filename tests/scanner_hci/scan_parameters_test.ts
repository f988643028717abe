import assert from "node:assert/strict";
import { readScanFeatures, scanParametersCommand } from "../../src/scanner_hci/scan_parameters.ts";
import { test } from "../support/test.ts";

const SCAN = { mode: "passive", intervalMs: 100, windowMs: 50 } as const;

test("scanParametersCommand() encodes legacy parameters in units of 0.625 ms", () => {
  const packet = scanParametersCommand(SCAN, { extended: false, codedPhy: true });
  assert.deepEqual([...packet], [0x01, 0x0b, 0x20, 7, 0x00, 0xa0, 0x00, 0x50, 0x00, 0x00, 0x00]);
});

test("scanParametersCommand() says active where the scan is", () => {
  const packet = scanParametersCommand({ ...SCAN, mode: "active" }, { extended: false, codedPhy: false });
  assert.equal(packet[4], 1);
});

test("scanParametersCommand() scans one PHY where the controller has no LE Coded PHY", () => {
  const packet = scanParametersCommand(SCAN, { extended: true, codedPhy: false });
  assert.deepEqual([...packet], [0x01, 0x41, 0x20, 8, 0, 0, 0x01, 0x00, 0xa0, 0x00, 0x50, 0x00]);
});

test("scanParametersCommand() repeats the parameters for the LE Coded PHY", () => {
  const packet = scanParametersCommand({ ...SCAN, mode: "active" }, { extended: true, codedPhy: true });
  const perPhy = [0x01, 0xa0, 0x00, 0x50, 0x00];
  assert.deepEqual([...packet], [0x01, 0x41, 0x20, 13, 0, 0, 0x05, ...perPhy, ...perPhy]);
});

test("scanParametersCommand() encodes the longest extended interval", () => {
  const packet = scanParametersCommand({ ...SCAN, intervalMs: 40_959.375 }, { extended: true, codedPhy: false });
  assert.deepEqual([...packet.subarray(8, 10)], [0xff, 0xff]);
});

test("readScanFeatures() finds extended scanning in octet 37 and the coded PHY in bit 11", () => {
  const commands = new Uint8Array(65);
  const features = new Uint8Array(9);
  assert.deepEqual(readScanFeatures(commands, features), { extended: false, codedPhy: false });
  commands[38] = 0x20;
  assert.equal(readScanFeatures(commands, features).extended, false);
  commands[38] = 0x60;
  features[2] = 0x08;
  assert.deepEqual(readScanFeatures(commands, features), { extended: true, codedPhy: true });
});

test("readScanFeatures() takes an answer that is too short for none", () => {
  assert.deepEqual(readScanFeatures(Uint8Array.of(1), Uint8Array.of(1)), { extended: false, codedPhy: false });
});
