import assert from "node:assert/strict";
import { Certificates } from "../support/certificates.ts";
import { freePort } from "../support/free_port.ts";
import { Mosquitto, mosquittoTest, tlsTest } from "../support/mosquitto.ts";
import { Program } from "../support/program.ts";
import type { ProgramEnd } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";

/** Judges the broker alone: the source is no adapter. */
async function examined(yaml: string, ...args: readonly string[]): Promise<ProgramEnd> {
  await using folder = await TemporaryFolder.make();
  const config = await folder.write("config.yaml", `scanner: { id: s1, source: simulate }\n${yaml}`);
  await using program = new Program(["doctor", "--config", config, ...args]);
  return await program.ended();
}

mosquittoTest("doctor connects to the broker, and throws no running agent out", async () => {
  await using broker = await Mosquitto.start();
  await using agent = Program.agent(broker.port, "--source", "simulate");
  await agent.logged("broker connected");
  const { code, stdout } = await examined("", "--broker", `mqtt://127.0.0.1:${broker.port}`);
  assert.equal(code, 0, stdout);
  assert.match(
    stdout,
    new RegExp(`^ok {7}broker: mqtt://127\\.0\\.0\\.1:${broker.port} accepts bt-mqtt-s1-doctor$`, "m"),
  );
  assert.match(stdout, /^ok {7}publishing: .* passes on what is published to ble\/raw\/s1\/doctor\/echo$/m);
  agent.kill("SIGTERM");
  await agent.ended();
  assert.deepEqual(agent.log.filter(({ event }) => event.startsWith("broker connection")), []);
});

test("doctor tells that nothing listens, or that the name does not resolve", async () => {
  const refused = await examined("", "--broker", `mqtt://127.0.0.1:${freePort()}`);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^problem {2}broker: .*nothing is listening there; start the broker, or check/m);
  const unknown = await examined("", "--broker", "mqtt://nowhere.invalid");
  assert.match(unknown.stdout, /^problem {2}broker: .*(does not resolve|name resolution).*; check the network/m);
});

mosquittoTest("doctor tells that the broker does not take the password, and does not show it", async () => {
  await using broker = await Mosquitto.start("listener {port} 127.0.0.1\npassword_file {folder}/conf");
  const yaml = `mqtt: { broker: { host: 127.0.0.1, port: ${broker.port}, username: u, password: hunter2 } }`;
  const { code, stdout, stderr } = await examined(yaml);
  assert.equal(code, 1);
  assert.match(stdout, /^problem {2}broker: .*not authorised \(5\); check mqtt\.broker\.username/m);
  assert.ok(!`${stdout}${stderr}`.includes("hunter2"));
});

tlsTest("doctor tells what is wrong with TLS, and when the own certificate expires", async () => {
  await using certificates = await Certificates.make();
  const listener = [
    "allow_anonymous true",
    "listener {port} 127.0.0.1",
    `cafile ${certificates.certificate("ca")}`,
    `certfile ${certificates.certificate("broker")}`,
    `keyfile ${certificates.key("broker")}`,
  ];
  await using broker = await Mosquitto.start(listener.join("\n"));
  const tls = (ca: string, client: string) =>
    `mqtt: { broker: { host: localhost, port: ${broker.port}, tls: { enabled: true, ca_file: ${
      certificates.certificate(ca)
    }, cert_file: ${certificates.certificate(client)}, key_file: ${certificates.key(client)} } } }`;
  const good = await examined(tls("ca", "client"));
  assert.equal(good.code, 0, good.stdout);
  assert.match(
    good.stdout,
    /^warning {2}client certificate: .*client\.crt is valid until 20.*, 1 day from now; renew it$/m,
  );
  assert.match(good.stdout, /^ok {7}broker: mqtts:\/\/localhost:/m);
  assert.match(
    good.stdout,
    /^warning {2}broker certificate: is for localhost, 127\.0\.0\.1, .*, 1 day from now; renew it$/m,
  );
  assert.match(good.stdout, /\n\nNo problems, \d+ warnings\.\n$/);
  const foreign = await examined(tls("ca", "client").replace(certificates.key("client"), certificates.key("broker")));
  assert.equal(foreign.code, 2);
  assert.match(foreign.stdout, /^problem {2}configuration: .*client\.crt and .*broker\.key do not match/m);
  const elsewhere = await examined(
    tls("ca", "client").replace("enabled: true,", "enabled: true, server_name: other.example,"),
  );
  assert.match(
    elsewhere.stdout,
    /^problem {2}broker: .*another name: it is valid for localhost, 127\.0\.0\.1; set .*server_name/m,
  );
  const stranger = await examined(tls("stranger", "expired"));
  assert.equal(stranger.code, 1);
  assert.match(stranger.stdout, /^problem {2}client certificate: .*expired\.crt .*has expired; renew it$/m);
  assert.match(stranger.stdout, /^warning {2}broker certificate: is for localhost, 127\.0\.0\.1/m);
  assert.match(stranger.stdout, /^problem {2}broker: .*authority that is not trusted; set mqtt\.broker\.tls\.ca_file/m);
});
