import assert from "node:assert/strict";
import { libcPaths } from "../../src/hci/mod.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { agentArgs, Program } from "../support/program.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATE = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", "200"];
const onLinux = { ignore: libcPaths().length === 0 };

function service(receiver: NotifyReceiver, port: number, env: Record<string, string> = {}): Program {
  return new Program(agentArgs(port, ...SIMULATE), { NOTIFY_SOCKET: receiver.name, ...env });
}

mosquittoTest("run tells systemd that it is ready, what it does, that it lives, and that it ends", async () => {
  using systemd = NotifyReceiver.abstract();
  await using broker = await Mosquitto.start();
  await using program = service(systemd, broker.port, { WATCHDOG_USEC: "200000" });
  await systemd.line("READY=1");
  await waitFor(() => systemd.lines("WATCHDOG=1").length >= 5, "signs of life");
  await systemd.line("STATUS=scanning with simulated; connected; ");
  await waitFor(() => systemd.lines("STATUS=").some((line) => /connected; [1-9]\d* published$/.test(line)), "a count");
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
  assert.match(systemd.receive().at(-1) ?? "", /^STOPPING=1$/m);
  assert.equal(systemd.lines("STOPPING=1").length, 1);
});

test("run is not ready before it was connected, and asks for time; a stopped process gives no sign", async () => {
  using systemd = NotifyReceiver.abstract();
  await using broker = await Mosquitto.prepare();
  await using program = service(systemd, broker.port, { WATCHDOG_USEC: "200000" });
  await program.logged("scanning");
  await program.logged("broker connection failed");
  await waitFor(() => systemd.lines("EXTEND_TIMEOUT_USEC=200000").length > 5, "requests for time");
  await systemd.line("STATUS=scanning with simulated; not connected: ");
  assert.equal(systemd.lines("READY=1").length, 0);
  program.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 300)); // what was under way has arrived by then
  const before = systemd.lines("WATCHDOG=1").length;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.equal(systemd.lines("WATCHDOG=1").length, before);
  program.kill("SIGCONT");
  await waitFor(() => systemd.lines("WATCHDOG=1").length > before, "signs of life again");
}, onLinux);

test("run leaves a watchdog alone that is not meant for it", async () => {
  using systemd = NotifyReceiver.abstract();
  await using broker = await Mosquitto.prepare();
  await using program = service(systemd, broker.port, { WATCHDOG_USEC: "200000", WATCHDOG_PID: "1" });
  await program.logged("scanning");
  program.kill("SIGTERM");
  await program.ended();
  await systemd.line("STOPPING=1");
  assert.deepEqual(systemd.lines("WATCHDOG"), []);
}, onLinux);

test("run goes on where nobody listens, and says so once", async () => {
  await using broker = await Mosquitto.prepare();
  const env = { NOTIFY_SOCKET: "/nowhere/notify", WATCHDOG_USEC: "200000" };
  await using program = new Program(agentArgs(broker.port, ...SIMULATE), env);
  await program.logged("scanning");
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
  assert.equal(program.log.filter(({ event }) => event === "service manager is not listening").length, 1);
}, onLinux);

mosquittoTest("run takes the password that systemd leaves, and does without where there is none", async () => {
  await using broker = await Mosquitto.prepare(
    "allow_anonymous false\npassword_file {folder}/passwords\nlistener {port} 127.0.0.1",
  );
  // As LoadCredential= leaves it, and SetCredential= where there is no file.
  const agentWith = async (credential: string) => {
    await Deno.writeTextFile(`${broker.folder}/mqtt-password`, credential);
    return new Program(agentArgs(broker.port, ...SIMULATE), {
      CREDENTIALS_DIRECTORY: broker.folder,
      BT_SCANNER_MQTT_BROKER_USERNAME: "scanner",
    });
  };
  await broker.setPassword("scanner", "open sesame");
  await broker.start();
  await using program = await agentWith("open sesame\n");
  await program.logged("broker connected");
  await using without = await agentWith("\n");
  const { fields } = await without.logged("broker connection failed");
  assert.match(String(fields["reason"]), /not authorised/);
});

/** What `check` and `run` write to a file as standard error that the journal is said to read, or another one. */
async function writtenTo(path: string, args: readonly string[], journal: boolean): Promise<string> {
  await Deno.writeTextFile(path, "");
  const { dev, ino } = await Deno.stat(path);
  const env = { JOURNAL_STREAM: `${dev}:${journal ? ino : Number(ino) + 1}` };
  await using program = new Program(args, env, ["sh", "-c", `exec "$0" "$@" 2>${path}`]);
  await program.ended();
  return await Deno.readTextFile(path);
}

test("run tells the journal how severe each line is, a wrong configuration included, and nobody else", async () => {
  await using folder = await TemporaryFolder.make();
  const path = await folder.write("stderr", "");
  const failing = agentArgs(1, "--log-format", "text", "--adapter", "hci77", "--replay", path);
  const wrong = ["run", "--no-config", "--scanner-id", "a b", "--qos", "7"];
  const problems = await writtenTo(path, wrong, true);
  assert.match(problems, /^(<3>.*\n){2,}$/);
  assert.doesNotMatch(await writtenTo(path, wrong, false), /^</m);
  const log = await writtenTo(path, failing, true);
  assert.match(log, /^<6>INFO {4}starting /m);
  assert.match(log, /^<3>ERROR {3}fatal error /m);
  assert.doesNotMatch(log, /^(?!<[3-7]>)./m);
  assert.doesNotMatch(log, /statistics|received=/); // it never came to scanning
  assert.match(await writtenTo(path, failing, false), /^\d{4}-\d\d-\d\dT.* INFO {4}starting /m);
});
