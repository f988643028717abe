// vm: VM_FAKE_ARGS='--fleet 50 --rate 100'
// on: amd64/6.1 amd64/6.12
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { run } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;
const DAEMON = "/usr/libexec/bluetooth/bluetoothd";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Bluetoothd implements AsyncDisposable {
  readonly #process = new Deno.Command(DAEMON, { args: ["-n"], stdin: "null", stdout: "null", stderr: "null" }).spawn();

  async ready(): Promise<void> {
    await waitFor(async () => (await run("bluetoothctl", "list")).includes("Controller"), "bluetoothd", PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
  }
}

test("run goes on beside bluetoothd: starting, scanning, stopping its scan, restarting, ending", async () => {
  await run("dbus-daemon", "--system", "--fork");
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
      await sleep(5_000);
      const heard = subscriber.payloads.length - already;
      console.log(`${heard} messages in 5 s beside bluetoothd's scan`);
      assert.ok(heard > 200, `${heard} messages in 5 s`);
      await scanning;
      await goesOn("has ended its scan");
    }
    await goesOn("ended");
  }
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
});
