import assert from "node:assert/strict";
import { DeviceTable } from "../../src/agent/device_table.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { test } from "../support/test.ts";

test("DeviceTable keeps the complete name, what was seen last, and a smoothed signal strength", () => {
  const devices = new DeviceTable();
  const heard = [
    someAdvertisement({ localName: "Complete", localNameComplete: true, rssiDbm: -40 }),
    someAdvertisement({ localName: "Comp", localNameComplete: false, rssiDbm: -80 }),
    someAdvertisement({ manufacturerData: [{ companyId: 0x4c, data: new Uint8Array() }], rssiDbm: null }),
    someAdvertisement({
      serviceData: [{ uuid: "0000180f-0000-1000-8000-00805f9b34fb", data: new Uint8Array() }],
      rssiDbm: -50,
    }),
  ];
  heard.forEach((one, i) => devices.heard(one, i));
  const [device, ...others] = devices.values();
  assert.deepEqual(others, []);
  assert.equal(device?.name, "Complete");
  assert.equal(device.rssiDbm, -50);
  assert.deepEqual(device.companies, [0x4c]);
  assert.deepEqual(device.services, ["0000180f-0000-1000-8000-00805f9b34fb"]);
  assert.deepEqual([device.reports, device.heardMs], [4, 3]);
});

test("DeviceTable takes a new name for an old one of the same kind", () => {
  const devices = new DeviceTable();
  for (const localName of ["Sho", "Short"]) {
    devices.heard(someAdvertisement({ localName, localNameComplete: false }), 0);
  }
  assert.equal([...devices.values()][0]?.name, "Short");
  for (const localName of ["Old", "New"]) devices.heard(someAdvertisement({ localName, localNameComplete: true }), 0);
  assert.equal([...devices.values()][0]?.name, "New");
});

test("DeviceTable does not grow beyond its bound, whatever the air brings", () => {
  const devices = new DeviceTable(100);
  for (let i = 0; i < 10_000; i++) {
    const address = i.toString(16).padStart(12, "0");
    devices.heard(someAdvertisement({ address, localName: "x".repeat(1_000), localNameComplete: true }), i);
  }
  assert.ok(devices.size <= 100);
  assert.equal(devices.reports, 10_000);
  for (const { name } of devices.values()) assert.ok((name ?? "").length <= 248);
});
