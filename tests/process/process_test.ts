import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, Program, sourceCommandLine } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATE = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", "200"];
const PRELOAD = fileURLToPath(new URL("faults.ts", import.meta.url));
/** An executable takes nothing before its program: this is the same program from source, in little memory. */
const WITH_FAULTS = sourceCommandLine("run", ["--v8-flags=--max-old-space-size=100", "--preload", PRELOAD]);
/** Nothing listens there. */
const NO_BROKER = 1;

/** The program, in which something goes wrong in this way at SIGURG. */
function faulty(fault: string, port: number): Program {
  return new Program(agentArgs(port, "--qos", "1", ...SIMULATE), { TEST_FAULT: fault }, [], WITH_FAULTS);
}

function lastStatus(watcher: Subscriber): { readonly status?: string; readonly reason?: string } {
  return JSON.parse(watcher.payloads().at(-1) ?? "{}");
}

for (
  const fault of [
    "in a timer",
    "in a microtask",
    "in process.nextTick()",
    "in a promise that nobody awaits",
    "in an event listener of the broker's socket",
    "as an error event without a listener",
    "in several places at once",
  ]
) {
  mosquittoTest(`run logs an error ${fault}, ends with 1, and leaves its will`, async () => {
    await using broker = await Mosquitto.start();
    await using watcher = await Subscriber.open(broker.port, "ble/status/s1");
    await using program = faulty(fault, broker.port);
    await program.logged("scanning");
    await waitFor(() => lastStatus(watcher).status === "online", "the status online");
    program.kill("SIGURG");
    const { code, stderr } = await program.ended();
    assert.equal(code, 1, stderr);
    const lines = program.log.filter(({ event }) => event === "unexpected error");
    assert.equal(lines.length, 1, stderr);
    const { level, fields } = lines[0] ?? assert.fail();
    assert.equal(level, "error");
    assert.match(String(fields["stack"]), /^Error: on purpose [^]*\n {4}at .*faults\.ts/);
    assert.doesNotMatch(stderr, /[^\P{C}\n]/u);
    assert.equal(stderr.split("\n").length, program.log.length + 1, stderr);
    await waitFor(() => lastStatus(watcher).status === "offline", "the will");
    assert.equal(lastStatus(watcher).reason, "connection lost");
  });
}

test("run shows nothing of an object that was thrown and is no error", async () => {
  await using program = faulty("as something that is no error", NO_BROKER);
  await program.logged("scanning");
  program.kill("SIGURG");
  const { code, stderr } = await program.ended();
  assert.equal(code, 1);
  assert.equal((await program.logged("unexpected error")).fields["error"], "a thrown object that is not an error");
  assert.doesNotMatch(stderr, /pw-1234/);
});

mosquittoTest("run ends with 1 by an uncaught error that comes while it ends", async () => {
  await using broker = await Mosquitto.start();
  await using program = faulty("in a timer", broker.port);
  await program.logged("broker connected");
  broker.signal("SIGSTOP"); // so that its goodbye takes time
  program.kill("SIGTERM");
  program.kill("SIGURG");
  const { code, stderr } = await program.ended();
  assert.equal(code, 1, stderr);
});

/** Starts it with a stderr that `test` has in hand, and resolves once it is connected. */
async function startUnread(watcher: Subscriber, port: number, wrapper: readonly string[]): Promise<Deno.ChildProcess> {
  const [command = "", ...args] = [...wrapper, ...WITH_FAULTS, ...agentArgs(port, ...SIMULATE)];
  const env = { TEST_FAULT: "in a timer" };
  const child = new Deno.Command(command, { args, env, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  await waitFor(() => lastStatus(watcher).status === "online", "the status online");
  return child;
}

mosquittoTest("run ends with 1 by an uncaught error though nobody reads its log", async () => {
  await using broker = await Mosquitto.start();
  await using watcher = await Subscriber.open(broker.port, "ble/status/s1");
  const fillStderr = ["sh", "-c", 'timeout 1 cat /dev/zero >&2; exec "$0" "$@"'];
  const child = await startUnread(watcher, broker.port, fillStderr);
  child.kill("SIGURG");
  assert.equal((await child.status).code, 1);
  await child.stderr.cancel();
});

mosquittoTest("run goes on where its log was closed, and ends with 1 by an uncaught error", async () => {
  await using broker = await Mosquitto.start();
  await using watcher = await Subscriber.open(broker.port, "ble/status/s1", "ble/raw/s1/+");
  const child = await startUnread(watcher, broker.port, []);
  await child.stderr.cancel();
  await watcher.until(watcher.messages.length + 500);
  child.kill("SIGURG");
  assert.equal((await child.status).code, 1);
});

test("run that is out of memory is ended by a signal", async () => {
  await using program = faulty("for lack of memory", NO_BROKER);
  await program.logged("scanning");
  program.kill("SIGURG");
  assert.ok((await program.ended()).code > 128);
});
