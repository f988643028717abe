import assert from "node:assert/strict";
import fc from "fast-check";
import { DeviceTable } from "../../src/agent/device_table.ts";
import { devicesSince } from "../../src/page/device_view.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { test } from "../support/test.ts";

/** What is not simply shown. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/u;

const address = (device: number) =>
  `AA:BB:CC:DD:${(device >> 8).toString(16).padStart(2, "0")}:${(device & 255).toString(16).padStart(2, "0")}`
    .toUpperCase();

test("devicesSince() shows a name without anything that hides or moves what is beside it, and not without end", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 120 }), (localName) => {
    const table = new DeviceTable();
    table.heard(someAdvertisement({ localName, localNameComplete: true }), 0);
    const [device] = devicesSince(table.values(), 0);
    assert.equal(HARMFUL.test(device?.name ?? ""), false);
    assert.ok((device?.name ?? "").length <= 12 * 64 + 1);
  }));
});

test("devicesSince() has the names of companies and services, and the beginning of the last payload", () => {
  const table = new DeviceTable();
  table.heard(
    someAdvertisement({
      manufacturerData: [{ companyId: 0x0499, data: new Uint8Array() }, { companyId: 0xfffe, data: new Uint8Array() }],
      serviceUuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
      data: Uint8Array.from({ length: 200 }, (_, index) => index),
    }),
    1.5,
  );
  const [device] = devicesSince(table.values(), 0);
  assert.deepEqual(device?.companies, ["Ruuvi", "0xFFFE"]);
  assert.deepEqual(device?.services, ["Battery"]);
  assert.equal(device?.payload, Uint8Array.from({ length: 64 }, (_, index) => index).toHex());
  assert.deepEqual([device?.payloadBytes, device?.rssiDbm, device?.reports], [200, -67, 1]);
});

test("devicesSince() has the strongest of those heard since, those of unknown strength last", () => {
  const table = new DeviceTable();
  for (let device = 0; device < 300; device++) {
    const rssiDbm = device === 0 ? null : -30 - device % 100;
    table.heard(someAdvertisement({ address: address(device), rssiDbm }), device < 10 ? 1 : 2);
  }
  const strengths = devicesSince(table.values(), 2).map(({ rssiDbm }) => rssiDbm ?? NaN);
  assert.equal(strengths.length, 250);
  assert.deepEqual(strengths, strengths.toSorted((one, other) => other - one));
  assert.equal(devicesSince(table.values(), 1).at(-1)?.rssiDbm, -113);
  assert.deepEqual(devicesSince(table.values(), 3), []);
});
