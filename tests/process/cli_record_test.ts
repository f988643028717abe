import assert from "node:assert/strict";
import { MessageEncoder } from "../../src/advertisement/mod.ts";
import { readBtsnoop } from "../../src/hci/mod.ts";
import { read } from "../advertisement/support.ts";
import { startAedes } from "../support/aedes.ts";
import { Program } from "../support/program.ts";
import { testWith } from "../support/programs.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { tsharkReports } from "../support/tshark.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATED = ["--source", "simulate", "--simulate-devices", "30", "--simulate-rate", "300"];

/** Records simulated devices for a second, with the program itself. */
async function recordOneSecond(path: string): Promise<void> {
  await using program = new Program(["record", path, "--seconds", "1", ...SIMULATED]);
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  const packets = [...readBtsnoop(await Deno.readFile(path), path)].length;
  assert.ok(stderr.endsWith(`\n${packets} packets in ${path}\n`), stderr);
}

/** What the messages of a capture say, but for the time and the run. */
async function messagesOf(path: string): Promise<string[]> {
  const packets = [...readBtsnoop(await Deno.readFile(path), path)].map(({ packet }) => packet.slice());
  const encoder = new MessageEncoder({ scannerId: "s1", fields: "full", runId: "r1" });
  return read(packets).advertisements.map((heard) => timeless(encoder.encode(heard)));
}

function timeless(payload: string): string {
  return payload.replaceAll(/"(timestamp|run_id)":"[^"]*"/g, "");
}

test("record writes what run --replay publishes, report by report", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/simulated.btsnoop`;
  await recordOneSecond(path);
  const recorded = await messagesOf(path);
  assert.ok(recorded.length > 20);
  await using broker = await startAedes();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using program = new Program(
    [
      "run",
      "--scanner-id",
      "s1",
      "--broker",
      `mqtt://127.0.0.1:${broker.port}`,
      "--replay",
      path,
      "--replay-speed",
      "max",
    ],
    { BT_SCANNER_PUBLISHER_FIELDS: "full", BT_SCANNER_PUBLISHER_MERGE_SCAN_RESPONSE: "false" },
  );
  assert.equal((await program.ended()).code, 0);
  await subscriber.until(recorded.length);
  assert.deepEqual(subscriber.payloads().map(timeless), recorded);
});

test("record says the same of the same simulation, from its beginning", async () => {
  await using folder = await TemporaryFolder.make();
  await Promise.all([recordOneSecond(`${folder.path}/a`), recordOneSecond(`${folder.path}/b`)]);
  const [a, b] = [await messagesOf(`${folder.path}/a`), await messagesOf(`${folder.path}/b`)];
  const both = Math.min(a.length, b.length);
  assert.deepEqual(a.slice(0, both), b.slice(0, both));
});

testWith(["tshark"], "record writes what tshark reads", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/simulated.btsnoop`;
  await recordOneSecond(path);
  const packets = [...readBtsnoop(await Deno.readFile(path), path)].map(({ packet }) => packet.slice());
  const { advertisements } = read(packets);
  const reports = await tsharkReports(path);
  // Several fragments make one advertisement.
  assert.ok(reports.length >= advertisements.length && advertisements.length > 20);
});

test("record keeps what it has heard when it is killed, and ends cleanly when it is told to", async () => {
  await using folder = await TemporaryFolder.make();
  for (const [signal, code] of [["SIGKILL", 137], ["SIGTERM", 0]] as const) {
    const path = `${folder.path}/${signal}`;
    await using program = new Program(["record", path, ...SIMULATED]);
    await waitFor(() => sizeOf(path) > 10_000, "a capture of some size");
    program.kill(signal);
    assert.equal((await program.ended()).code, code);
    assert.ok([...readBtsnoop(await Deno.readFile(path), path)].length > 50);
  }
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
