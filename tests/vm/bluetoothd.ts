// deno-lint-ignore-file no-console
/** bluetoothd in the guest. */
import assert from "node:assert/strict";
import { waitFor } from "../support/wait_for.ts";
import { run } from "./guest.ts";

const PATIENCE_MS = 300_000;
const DAEMON = "/usr/libexec/bluetooth/bluetoothd";

/** The daemon, for as long as a scope lasts. */
export class Bluetoothd implements AsyncDisposable {
  readonly #process = new Deno.Command(DAEMON, { args: ["-n"], stdin: "null", stdout: "null", stderr: "null" }).spawn();

  async ready(): Promise<void> {
    await waitFor(async () => (await run("bluetoothctl", "list")).includes("Controller"), "bluetoothd", PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
  }
}

/** bluetoothd is asked to discover, as a user does it: it is not refused, and finds who advertises. */
export async function discovers(when: string): Promise<void> {
  const devices = async () => (await run("bluetoothctl", "devices")).match(/^Device /gm)?.length ?? 0;
  await waitFor(async () => await devices() === 0, "what was found before to be forgotten", PATIENCE_MS);
  const command = new Deno.Command("bluetoothctl", { args: ["--timeout", "120", "scan", "le"], stdout: "piped" });
  await using stack = new AsyncDisposableStack();
  const discovering = command.spawn();
  const output = new Response(discovering.stdout).text();
  stack.defer(async () => {
    discovering.kill();
    await discovering.status;
    assert.doesNotMatch(await output, /Failed|InProgress/, when);
  });
  await waitFor(async () => await devices() > 10, `devices found ${when}`, 60_000);
  console.log(`devices found ${when}`);
}
