// Wakes and writes a ready-made message through Deno.connect, PORT RATE: less cannot be done on this runtime.
const [port, rate] = Deno.args.map(Number);
const utf8 = (text) => new TextEncoder().encode(text);
const string = (text) => [0, text.length, ...utf8(text)];
const packet = (first, body) => {
  const length = body.length < 128 ? [body.length] : [body.length % 128 | 128, body.length >> 7];
  return Uint8Array.of(first, ...length, ...body);
};
const payload = JSON.stringify({
  scanner_id: "s1",
  mac_address: "C0:00:00:00:00:00",
  rssi: -60,
  timestamp: new Date().toISOString(),
  manufacturer_data: { "4c00": "000000" },
  service_uuids: [],
  local_name: "TempSensor_01",
});
const connect = packet(0x10, [...string("MQTT"), 4, 2, 0, 0, ...string("bare-loop")]);
const publish = packet(0x30, [...string("ble/raw/s1/C0:00:00:00:00:00"), ...utf8(payload)]);
const connection = await Deno.connect({ hostname: "127.0.0.1", port });
connection.setNoDelay(true);
await connection.write(connect);
await connection.read(new Uint8Array(4));
for (let dueMs = performance.now();; dueMs += 1000 / rate) {
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  await connection.write(publish);
}
