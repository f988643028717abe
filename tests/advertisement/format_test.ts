import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, formatUuid, TimestampFormatter } from "../../src/advertisement/format.ts";
import { test } from "../support/test.ts";
import { bytes } from "./support.ts";

test("formatAddress() writes the most significant byte first, upper-case", () => {
  assert.equal(formatAddress(bytes("ffee0dccbbaa"), 0), "AA:BB:CC:0D:EE:FF");
  assert.equal(formatAddress(bytes("0000 010203040506"), 2), "06:05:04:03:02:01");
});

test("formatUuid() completes short UUIDs with the base UUID", () => {
  assert.equal(formatUuid(bytes("0f18"), 0, 2), "0000180f-0000-1000-8000-00805f9b34fb");
  assert.equal(formatUuid(bytes("ff 78563412"), 1, 4), "12345678-0000-1000-8000-00805f9b34fb");
  assert.equal(
    formatUuid(bytes("9ecadc240ee5a9e093f3a3b50100406e"), 0, 16),
    "6e400001-b5a3-f393-e0a9-e50e24dcca9e",
  );
});

const timestamps = new TimestampFormatter();

test("TimestampFormatter writes UTC with milliseconds", () => {
  assert.equal(timestamps.format(1768127445123), "2026-01-11T10:30:45.123Z");
  assert.equal(timestamps.format(0), "1970-01-01T00:00:00.000Z");
});

test("TimestampFormatter writes what Date.toISOString does, at any time", () => {
  const anyTime = fc.oneof(
    fc.date({ noInvalidDate: true }).map((date) => date.getTime()),
    fc.double({ min: 0, max: Date.UTC(2100, 0), noNaN: true }),
    fc.constantFrom(-1, Date.UTC(9999, 11, 31, 23, 59, 59, 999), Date.UTC(10_000, 0), Date.UTC(2024, 1, 29)),
  );
  fc.assert(fc.property(anyTime, (ms) => assert.equal(timestamps.format(ms), new Date(ms).toISOString())));
});

test("TimestampFormatter writes true times after one that cannot be written", () => {
  const formatter = new TimestampFormatter();
  for (let times = 0; times < 2; times++) assert.throws(() => formatter.format(1e20), RangeError);
  assert.equal(formatter.format(0), "1970-01-01T00:00:00.000Z");
});
