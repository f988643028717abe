// vm: VM_BT=btvirt
// on: amd64/6.1 arm64/6.1 arm64/6.12-16k
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { run } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;

/** Has hci1 send an HCI command: `LE Set Advertising Data`, …; all numbers in hex. */
async function hci1(ocf: string, ...parameters: string[]): Promise<void> {
  await run("hcitool", "-i", "hci1", "cmd", "0x08", ocf, ...parameters);
}

test("run publishes what BlueZ's second emulated controller advertises", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = Program.agent(broker.port, "--adapter", "hci0");
  await program.logged("scanning", 0, PATIENCE_MS);
  const name = [..."Garden"].map((letter) => letter.charCodeAt(0).toString(16));
  const structures = [
    "02",
    "01",
    "06",
    "07",
    "09",
    ...name,
    "03",
    "03",
    "0f",
    "18",
    "05",
    "ff",
    "99",
    "04",
    "01",
    "02",
  ];
  const padding = new Array(31 - structures.length).fill("00");
  await hci1("0x0006", "a0", "00", "a0", "00", "03", "00", "00", "00", "00", "00", "00", "00", "00", "07", "00");
  await hci1("0x0008", structures.length.toString(16), ...structures, ...padding);
  await hci1("0x000a", "01");
  await waitFor(() => subscriber.payloads.length > 0, "a message", PATIENCE_MS);
  const [line] = (await run("hciconfig", "hci1")).match(/BD Address: \S+/) ?? [];
  const { timestamp, ...message } = JSON.parse(subscriber.payloads[0] ?? "{}");
  assert.match(timestamp, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(message, {
    scanner_id: "s1",
    mac_address: line?.slice("BD Address: ".length),
    rssi: null,
    manufacturer_data: { "9904": "0102" },
    service_uuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
    local_name: "Garden",
  });
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
});
