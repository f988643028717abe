import assert from "node:assert/strict";
import fc from "fast-check";
import { DeviceCount, MOST_DEVICES } from "../../src/agent/device_count.ts";
import { numbered } from "../advertisement/support.ts";
import { test } from "../support/test.ts";

test("DeviceCount counts each address once, and begins afresh when it is asked", () => {
  const anyAddress = fc.oneof(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: 0, max: 40 })).map(numbered);
  const devices = new DeviceCount();
  fc.assert(fc.property(fc.array(anyAddress, { maxLength: 2_000, size: "max" }), (addresses) => {
    for (const each of addresses) devices.heard(each);
    assert.equal(devices.take(), new Set(addresses).size);
    assert.equal(devices.take(), 0);
  }));
});

test("DeviceCount stops at its bound", () => {
  const devices = new DeviceCount();
  for (let number = 0; number < MOST_DEVICES + 1_000; number++) devices.heard(numbered(number * 0x1234567));
  assert.equal(devices.take(), MOST_DEVICES);
});
