// vm: VM_FAKE_ARGS='--fleet 20 --rate 0 --log-reports'
// on: amd64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { listAdapters, readBtsnoop } from "../../../src/hci/mod.ts";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, Program } from "../../support/program.ts";
import type { ProgramEnd } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller, power } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;
const SCAN_ON = /^\S+ scan on/;

/** The advertising events that the controller has sent, in hex. */
function sentEvents(): string[] {
  return controller.log().flatMap((line) => /^\S+ report ([0-9a-f]+)$/.exec(line)?.[1] ?? []);
}

/** Runs a command that scans, sends it reports once it does, ends it with Ctrl-C's signal, and resolves to its end. */
async function heard(args: readonly string[]): Promise<{ end: ProgramEnd; sent: string[] }> {
  const before = sentEvents().length;
  const scansBefore = scansBegun();
  await using program = new Program(args);
  await waitFor(() => scansBegun() > scansBefore, "the scan", PATIENCE_MS);
  controller.control("rate 100");
  await waitFor(() => sentEvents().length >= before + 300, "300 reports", PATIENCE_MS);
  controller.control("rate 0");
  await controller.reportsSent();
  await new Promise((resolve) => setTimeout(resolve, 5_000)); // for the last of them to be read
  program.kill("SIGINT");
  return { end: await program.ended(), sent: sentEvents().slice(before) };
}

function scansBegun(): number {
  return controller.log().filter((line) => SCAN_ON.test(line)).length;
}

async function ended(args: readonly string[], wrapper: readonly string[] = []): Promise<ProgramEnd> {
  await using program = Program.through(wrapper, args);
  return await program.ended();
}

/** What doctor finds, with a broker there. */
async function examined(wrapper: readonly string[] = []): Promise<ProgramEnd> {
  await using broker = await Mosquitto.start();
  return await ended(["doctor", "--scanner-id", "s1", "--broker", `mqtt://127.0.0.1:${broker.port}`], wrapper);
}

test("scan lists every device that the kernel's hci0 hears, and how often", async () => {
  const { end: { code, stdout, stderr }, sent } = await heard(["scan", "--adapter", "hci0"]);
  assert.equal(code, 0, stderr);
  const counts = new Map<string, number>();
  for (const event of sent) {
    const address = (event.slice(14, 26).match(/../g) ?? []).reverse().join(":").toUpperCase();
    counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  const [, ...rows] = stdout.trimEnd().split("\n");
  const shown = rows.map((row) => row.split(/\s+/)).map(([address = "", , count]) => [address, Number(count)] as const);
  assert.deepEqual(shown.toSorted(), [...counts].toSorted());
  assert.match(stderr, new RegExp(`${counts.size} devices, ${sent.length} reports\n$`));
});

test("record writes every event as hci0 sent it, and run replays them", async () => {
  const path = "/tmp/recorded.btsnoop";
  const { end: { code, stderr }, sent } = await heard(["record", path]);
  assert.equal(code, 0, stderr);
  const records = [...readBtsnoop(await Deno.readFile(path), path)].map(({ packet, received }) => {
    return { hex: packet.toHex(), received };
  });
  assert.deepEqual(records.filter(({ hex }) => hex.startsWith("043e")).map(({ hex }) => hex), sent);
  assert.ok(
    records.some(({ hex, received }) => hex === "010c20020100" && !received),
    "the command that began the scan",
  );
  // Of an emulated machine that stalled for seconds it may say, before, that the controller did not answer.
  const told = stderr.split("\n").filter((line) => !/^\S+Z ERROR +scan failed .*did not answer/.test(line));
  assert.match(told[0] ?? "", new RegExp(`^Recording hci0 to ${path}`));
  assert.deepEqual(told.slice(1), [`${records.length} packets in ${path}`, ""]);

  await using broker = await Mosquitto.start();
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/s1/+");
  await using program = new Program(agentArgs(broker.port, "--replay", path, "--replay-speed", "max", "--qos", "1"));
  assert.equal((await program.ended()).code, 0);
  await waitFor(() => subscriber.payloads.length >= sent.length, "the last messages", PATIENCE_MS);
  assert.equal(subscriber.payloads.length, sent.length);
});

test("record overwrites nothing, and goes on after the adapter was pulled out and put back", async () => {
  const path = "/tmp/replugged.btsnoop";
  await using program = new Program(["record", path]);
  const scansBefore = scansBegun();
  await waitFor(() => scansBegun() > scansBefore, "the scan", PATIENCE_MS);
  const { code, stderr } = await ended(["record", path, "--seconds", "1"]);
  assert.deepEqual([code, stderr], [1, `Cannot write ${path}: it already exists; --force overwrites it\n`]);
  controller.control("vanish");
  await waitFor(() => listAdapters().length === 0, "the adapter to be gone", PATIENCE_MS);
  controller.control("appear");
  await waitFor(() => scansBegun() > scansBefore + 1, "the scan again", PATIENCE_MS);
  controller.control("rate 50");
  const before = sentEvents().length;
  await waitFor(() => sentEvents().length > before + 50, "reports again", PATIENCE_MS);
  controller.control("rate 0");
  program.kill("SIGTERM");
  const end = await program.ended();
  assert.equal(end.code, 0, end.stderr);
  assert.ok([...readBtsnoop(await Deno.readFile(path), path)].length > 50);
});

test("doctor finds nothing wrong with hci0 and the broker", async () => {
  const { code, stdout } = await examined();
  console.log(stdout);
  assert.equal(code, 0);
  assert.match(stdout, /^ok {7}permissions: CAP_NET_RAW and CAP_NET_ADMIN/m);
  assert.match(stdout, /^ok {7}hci0: [0-9A-F:]{17}, virtual, Bluetooth LE, up$/m);
  assert.match(stdout, /^ok {7}hci0: the controller answers$/m);
  assert.match(stdout, /^ok {7}broker: /m);
  assert.doesNotMatch(stdout, /other programs/);
});

test("doctor tells that another program has Bluetooth sockets", async () => {
  await using program = new Program(["scan"]);
  const scansBefore = scansBegun();
  await waitFor(() => scansBegun() > scansBefore, "the scan", PATIENCE_MS);
  const { code, stdout } = await examined();
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ok {7}other programs: they hold \d+ Bluetooth sockets /m);
  program.kill("SIGTERM");
  await program.ended();
});

test("doctor tells of a controller that does not answer", async () => {
  controller.control("mute");
  const { code, stdout } = await examined();
  controller.control("unmute");
  assert.equal(code, 1);
  assert.match(stdout, /^problem {2}hci0: the controller did not answer/m);
});

test("doctor leaves an adapter down that is down", async () => {
  await power("down");
  const { code, stdout } = await examined();
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ok {7}hci0: .*, down; run will power it up$/m);
  assert.equal(listAdapters()[0]?.state, "down");
  const user = await examined(["python3", "tests/vm/as_user.py", "net_raw"]);
  assert.equal(user.code, 77, user.stdout);
  assert.match(user.stdout, /^problem {2}hci0: .*down; this process may not power it up/m);
  await power("up");
});

test("scan, record and doctor end with 77 for a user without capabilities, and leave nothing behind", async () => {
  const asUser = ["python3", "tests/vm/as_user.py", "-"];
  for (const args of [["scan"], ["record", "/tmp/denied.btsnoop"]]) {
    const { code, stderr } = await ended(args, asUser);
    assert.equal(code, 77, stderr);
    assert.match(stderr, /permission denied.*setcap/);
  }
  await assert.rejects(Deno.stat("/tmp/denied.btsnoop"), Deno.errors.NotFound);
  const { code, stdout } = await examined(asUser);
  assert.equal(code, 77, stdout);
  assert.match(stdout, /^problem {2}permissions: CAP_NET_RAW is missing/m);
});
