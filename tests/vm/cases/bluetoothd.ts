// vm: VM_FAKE_ARGS='--fleet 50 --rate 100'
// on: amd64/6.1 amd64/6.12
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Bluetoothd, discovers } from "../bluetoothd.ts";
import { controller, run } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("bluetoothd can discover beside the agent, whoever came first, and after it has ended or was killed", async () => {
  await run("dbus-daemon", "--system", "--fork").catch(() => {}); // it may run already
  await using broker = await Mosquitto.start();
  const agent = async (): Promise<Program> => {
    const program = Program.agent(broker.port);
    await program.logged("scanning", 0, PATIENCE_MS);
    return program;
  };
  await using first = await agent();
  await using daemon = new Bluetoothd();
  await daemon.ready();
  await sleep(10_000); // it is noticed within three seconds on a real machine
  await discovers("after the agent");
  first.kill("SIGTERM");
  assert.equal((await first.ended()).code, 0);
  await discovers("when the agent had ended");
  await using second = await agent();
  await discovers("before the agent");
  second.kill("SIGKILL");
  await second.ended();
  await using third = await agent();
  await discovers("after an agent that was killed, and started again");
  third.kill("SIGTERM");
  await third.ended();
});

test("run goes on beside bluetoothd: starting, scanning, stopping its scan, restarting, ending", async () => {
  await run("dbus-daemon", "--system", "--fork").catch(() => {});
  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = Program.agent(broker.port);
  const goesOn = async (what: string) => {
    const startMs = performance.now();
    const already = subscriber.payloads.length;
    await waitFor(() => subscriber.payloads.length > already + 20, `messages after ${what}`, PATIENCE_MS);
    console.log(
      `chaos: ${
        JSON.stringify({ fault: `bluetoothd: ${what}`, recoveryMs: Math.round(performance.now() - startMs), lost: {} })
      }`,
    );
  };
  await program.logged("scanning", 0, PATIENCE_MS);
  for (let i = 0; i < 2; i++) {
    {
      await using daemon = new Bluetoothd();
      await daemon.ready();
      await goesOn("started");
      // bluetoothctl scans for as long as it runs.
      const scanning = run("bluetoothctl", "--timeout", "10", "scan", "le");
      await sleep(3_000);
      // Of the kernel's own scan, each of the fifty devices would be heard once.
      const already = subscriber.payloads.length;
      const before = await controller.reportsSent();
      await sleep(5_000);
      const sent = await controller.reportsSent() - before;
      // Emulated machines lag behind; what is lost shows all the same.
      const heard = () => subscriber.payloads.length - already;
      await waitFor(() => heard() >= sent, "what was sent", PATIENCE_MS).catch(() => {});
      console.log(`${heard()} messages of ${sent} reports beside bluetoothd's scan`);
      assert.ok(sent > 100 && heard() >= sent, `${heard()} messages of ${sent} reports`);
      await scanning;
      await goesOn("has ended its scan");
    }
    await goesOn("ended");
  }
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
});
