// Publishes the lines of a file as fast as plain mqtt.js does, PORT QOS FILE: a thousand messages wait at most.
import { connectAsync } from "mqtt";
const [port, qos, path] = Deno.args;
const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: "peer" });
const all = Promise.withResolvers();
let [room, left, wake] = [1_000, lines.length, () => {}];
const settled = (error) => {
  if (error) all.reject(error);
  room++;
  wake();
  if (--left === 0) all.resolve();
};
for (const line of lines) {
  while (room === 0) await new Promise((resolve) => wake = resolve);
  room--;
  client.publish("ble/raw/s1/C0:00:00:00:00:00", line, { qos: Number(qos) }, settled);
}
await all.promise;
await client.endAsync();
