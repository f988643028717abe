// Publishes REPORTS messages with plain mqtt.js, RATE a second, that tell when they were made: PORT QOS RATE REPORTS.
import { connectAsync } from "mqtt";
const [port, qos, rate, reports] = Deno.args.map(Number);
const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
const startMs = performance.now();
for (let i = 0; i < reports; i++) {
  const waitMs = startMs + i * 1000 / rate - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  const number = [i, i >> 8, i >> 16].map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join("");
  const message = {
    scanner_id: "s1",
    mac_address: "C0:00:00:00:00:00",
    rssi: -60,
    timestamp: new Date().toISOString(),
    manufacturer_data: { "4c00": number },
    service_uuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
    local_name: "TempSensor_01",
  };
  client.publish("ble/raw/s1/C0:00:00:00:00:00", JSON.stringify(message), { qos });
}
await client.endAsync();
