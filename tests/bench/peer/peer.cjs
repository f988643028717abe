// deno-lint-ignore-file no-console
// What one would write without this project: noble and mqtt.js on Node.js, `node peer.cjs BROKER SCANNER`.
// It has what a careful author thinks of: a status with a will, a scan that is begun again, messages with the same keys.
"use strict";
const mqtt = require("mqtt");
const noble = require("@stoprocent/noble");

const [broker, scanner] = process.argv.slice(2);
const status = (state) => JSON.stringify({ status: state, scanner_id: scanner });

const client = mqtt.connect(broker, {
  clientId: `peer-${scanner}`,
  will: { topic: `ble/status/${scanner}`, payload: status("offline"), qos: 1, retain: true },
});
client.on("connect", () => client.publish(`ble/status/${scanner}`, status("online"), { qos: 1, retain: true }));
client.on("error", (error) => console.error("mqtt:", error.message));

const scan = () => {
  if (noble.state === "poweredOn") noble.startScanning([], true);
};
noble.on("stateChange", (state) => {
  console.error("adapter:", state);
  scan();
});
noble.on("scanStop", () => setTimeout(scan, 1_000));

function splitManufacturerData(data) {
  return data === undefined ? {} : { [data.toString("hex", 0, 2)]: data.toString("hex", 2) };
}

noble.on("discover", ({ address, rssi, advertisement }) => {
  const macAddress = address.toUpperCase();
  const message = {
    scanner_id: scanner,
    mac_address: macAddress,
    rssi,
    timestamp: new Date().toISOString(),
    manufacturer_data: splitManufacturerData(advertisement.manufacturerData),
    service_uuids: advertisement.serviceUuids ?? [],
    local_name: advertisement.localName ?? null,
  };
  client.publish(`ble/raw/${scanner}/${macAddress}`, JSON.stringify(message));
});

process.on("SIGTERM", () => {
  noble.stopScanning();
  client.publish(`ble/status/${scanner}`, status("offline"), { qos: 1, retain: true }, () => process.exit(0));
  setTimeout(() => process.exit(1), 2_000);
});
