// vm: VM_FAKE_ARGS='--ext --fleet 50 --rate 0'
// on: amd64/6.1
// deno-lint-ignore-file no-console
/** A controller with LE Extended Advertising, and broken reports of that kind: fragments without an end among them. */
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;

test("run publishes every report of an extended controller, broken ones between them or not", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  const env = {
    BT_SCANNER_MQTT_CLIENT_MAX_IN_FLIGHT: "10000",
    BT_SCANNER_MQTT_CLIENT_MAX_AGE_S: "300",
    BT_SCANNER_PUBLISHER_FIELDS: "full",
  };
  await using program = new Program(agentArgs(broker.port, "--qos", "1"), env);
  const { fields } = await program.logged("scanning", 0, PATIENCE_MS);
  assert.equal(fields["extended"], true);
  /** Reports of the controller's own fleet; broken ones come from random addresses. */
  const good = () => subscriber.payloads.filter((payload) => payload.includes('"mac_address":"C0:11:22:33:'));
  const before = await controller.reportsSent();
  controller.control("rate 200");
  await waitFor(() => good().length >= 300, "300 messages", PATIENCE_MS);
  for (let i = 0; i < 10; i++) controller.control("bad all 50");
  await waitFor(() => good().length >= 900, "900 messages", PATIENCE_MS);
  controller.control("rate 0");
  const sent = await controller.reportsSent() - before;
  await waitFor(() => good().length >= sent, `all ${sent} messages`, PATIENCE_MS).catch(() => {});
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  const counts = program.log.find(({ event }) => event === "ended")?.fields ?? {};
  console.log(`sent ${sent}, messages ${good().length} of ${subscriber.payloads.length}, ${JSON.stringify(counts)}`);
  assert.equal(good().length, sent);
  assert.ok(Number(counts["invalid"]) > 0);
  const types = new Set(good().map((payload) => JSON.parse(payload).adv_type));
  assert.deepEqual([...types], ["ADV_NONCONN_IND"]);
});
