import { Certificates } from "../support/certificates.ts";
import { run } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { BACK_MS, type Fault, LONGEST_WAIT_MS, type Scenario } from "./faults.ts";
import type { Rig } from "./rig.ts";

/** What can happen to credentials and certificates, and to the agent. */
export const ACCESS_FAULTS: readonly Fault[] = [
  {
    name: "credentials revoked while connected",
    holdS: [4, 40],
    goalMs: LONGEST_WAIT_MS,
    needsNetwork: false,
    prepare: revoked,
  },
  {
    name: "TLS certificate renewed, broker restarted",
    holdS: [0.2, 0.2],
    goalMs: BACK_MS,
    needsNetwork: false,
    prepare: renewed,
  },
  {
    name: "TLS certificate expired, then renewed",
    holdS: [10, 60],
    goalMs: BACK_MS,
    needsNetwork: false,
    prepare: expired,
  },
  {
    name: "agent killed (kill -9), started again",
    holdS: [0.5, 5],
    goalMs: BACK_MS,
    needsNetwork: false,
    prepare: () => ({
      leavesWill: true,
      async begin(rig) {
        await rig.agent[Symbol.asyncDispose]();
      },
      end: (rig) => rig.restartAgent(),
    }),
  },
];

async function revoked(stack: AsyncDisposableStack): Promise<Scenario> {
  const folder = stack.use(await TemporaryFolder.make());
  const allow = (password: string) =>
    run("mosquitto_passwd", "-c", "-b", `${folder.path}/passwords`, "agent", password);
  await allow("secret");
  const reload = async ({ broker }: Rig, password: string) => {
    await allow(password);
    broker.signal("SIGHUP");
  };
  return {
    setup: {
      listener: `allow_anonymous false\npassword_file ${folder.path}/passwords\n`,
      env: { BT_SCANNER_MQTT_BROKER_USERNAME: "agent", BT_SCANNER_MQTT_BROKER_PASSWORD: "secret" },
    },
    begin: (rig) => reload(rig, "another"),
    end: (rig) => reload(rig, "secret"),
  };
}

/** A broker with a certificate that can be exchanged for another one of the same authority. */
async function withTls(stack: AsyncDisposableStack) {
  const certificates = stack.use(await Certificates.make());
  const [certificate, key] = [certificates.certificate("served"), certificates.key("served")];
  const serve = async (name: string) => {
    await Deno.copyFile(certificates.certificate(name), certificate);
    await Deno.copyFile(certificates.key(name), key);
  };
  await serve("broker");
  const setup = {
    tls: true,
    listener: `allow_anonymous true\ncertfile ${certificate}\nkeyfile ${key}\n`,
    env: {
      BT_SCANNER_MQTT_BROKER_TLS_CA_FILE: certificates.certificate("ca"),
      BT_SCANNER_MQTT_BROKER_TLS_SERVER_NAME: "localhost",
    },
  };
  return { setup, serve };
}

async function renewed(stack: AsyncDisposableStack): Promise<Scenario> {
  const { setup, serve } = await withTls(stack);
  return {
    setup,
    begin: ({ broker }) => broker.stop(),
    async end({ broker }) {
      await serve("renewed");
      await broker.start();
    },
  };
}

async function expired(stack: AsyncDisposableStack): Promise<Scenario> {
  const { setup, serve } = await withTls(stack);
  const restart = async ({ broker }: Rig, name: string) => {
    await broker.stop();
    await serve(name);
    await broker.start();
  };
  return { setup, begin: (rig) => restart(rig, "expired"), end: (rig) => restart(rig, "renewed") };
}
