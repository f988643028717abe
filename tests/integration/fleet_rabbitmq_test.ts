import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import { someStats, someStatus } from "../cli/fleet_support.ts";
import { Program } from "../support/program.ts";
import { Rabbit, rabbitTest } from "../support/rabbitmq.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

rabbitTest("fleet says that RabbitMQ gives no status that it has kept, and finds who is there", async () => {
  await using rabbit = await Rabbit.start([{ name: "fleet", mayPublish: ".*" }]);
  await using folder = await TemporaryFolder.make();
  const expected = await folder.write("expected", "away\nroom.1\n");
  const url = `mqtt://127.0.0.1:${rabbit.port}`;
  const scanners = await connectAsync(url, { username: "fleet", password: "fleet", reconnectPeriod: 0 });
  const tell = (topic: string, message: unknown, retain = true) =>
    scanners.publishAsync(topic, JSON.stringify(message), { qos: 1, retain });
  await tell(
    "ble/status/away",
    someStatus({ scanner_id: "away", status: "offline", reason: "stopped", interval_s: 3 }),
  );
  await tell("ble/status/room.1", someStatus({ scanner_id: "room.1", interval_s: 3 }));
  let isAsking = true;
  const keepTelling = async () => {
    for (; isAsking; await new Promise((resolve) => setTimeout(resolve, 500))) {
      const timestamp = new Date().toISOString();
      await tell("ble/stats/room.1", someStats({ scanner_id: "room.1", timestamp }), false);
      await tell("ble/status/room.1", someStatus({ scanner_id: "room.1", interval_s: 3 }));
    }
  };
  const telling = keepTelling();
  const env = {
    BT_SCANNER_MQTT_BROKER_USERNAME: "fleet",
    BT_SCANNER_MQTT_BROKER_PASSWORD: "fleet",
    BT_SCANNER_STATS_INTERVAL_S: "3",
  };
  await using asked = new Program(["fleet", "--broker", url, "--expect", expected], env);
  const { code, stdout, stderr } = await asked.ended();
  isAsking = false;
  await telling;
  await scanners.endAsync();
  assert.equal(code, 1, stderr);
  assert.match(stdout, /^away +missing/m);
  assert.match(stdout, /^room\.1 +scanning/m);
  assert.match(stdout, /^the broker gave no status that it had kept: .*, as RabbitMQ/m);
});
