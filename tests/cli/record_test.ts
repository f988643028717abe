import assert from "node:assert/strict";
import fc from "fast-check";
import { CaptureFile, openCapture, type Writable } from "../../src/cli/record/capture_file.ts";
import { record, type RecordIo } from "../../src/cli/record/mod.ts";
import { type Config, defaultConfig } from "../../src/config/mod.ts";
import { readBtsnoop } from "../../src/hci/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";
import { testHost } from "../support/test_host.ts";

const never = new AbortController().signal;

/** A disk that takes a few bytes at a time, and becomes full. */
class SmallDisk implements Writable {
  bytes = new Uint8Array();

  constructor(readonly capacity = Infinity, private readonly mostAtOnce = Infinity) {}

  writeSync(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, Math.min(this.mostAtOnce, this.capacity - this.bytes.length));
    if (taken.length === 0) throw new Error("No space left on device");
    this.bytes = new Uint8Array([...this.bytes, ...taken]);
    return taken.length;
  }

  truncateSync(length: number): void {
    this.bytes = this.bytes.slice(0, length);
  }

  [Symbol.dispose](): void {}
}

function packetsIn(bytes: Uint8Array): Uint8Array[] {
  return [...readBtsnoop(bytes, "capture")].map(({ packet }) => packet.slice());
}

test("CaptureFile holds whole packets, however full the disk is", () => {
  const packet = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fc.array(packet), fc.nat(1_000), fc.integer({ min: 1, max: 50 }), (packets, capacity, atOnce) => {
      const disk = new SmallDisk(capacity, atOnce);
      let failures = 0;
      const capture = new CaptureFile(disk, () => failures++);
      for (const packet of packets) capture.put({ packet, received: true, timestampMs: 0 });
      assert.equal(failures, capture.failure === null ? 0 : 1);
      if (disk.bytes.length < 16) assert.deepEqual([capture.packets, disk.bytes.length], [0, 0]);
      else assert.deepEqual(packetsIn(disk.bytes), packets.slice(0, capture.packets));
      if (capture.failure === null) assert.equal(capture.packets, packets.length);
    }),
  );
});

test("openCapture() overwrites nothing unless it is told to, and then not before there is something", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/a.btsnoop`;
  const packet = Uint8Array.of(4, 0x3e, 0);
  {
    using file = openCapture(path, false);
    new CaptureFile(file, () => {}).put({ packet, received: true, timestampMs: 0 });
  }
  const before = await Deno.readFile(path);
  assert.deepEqual(packetsIn(before), [packet]);
  assert.throws(() => openCapture(path, false), Deno.errors.AlreadyExists);
  openCapture(path, true)[Symbol.dispose]();
  assert.deepEqual(await Deno.readFile(path), before);
  {
    using file = openCapture(path, true);
    new CaptureFile(file, () => {}).put({ packet: Uint8Array.of(1), received: true, timestampMs: 0 });
  }
  assert.deepEqual(packetsIn(await Deno.readFile(path)), [Uint8Array.of(1)]);
});

test("openCapture() leaves no empty file behind, and devices alone", async () => {
  await using folder = await TemporaryFolder.make();
  openCapture(`${folder.path}/empty`, false)[Symbol.dispose]();
  openCapture(`${folder.path}/empty`, true)[Symbol.dispose]();
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
  using nothing = openCapture("/dev/null", true);
  nothing.truncateSync(0);
  assert.equal(nothing.writeSync(Uint8Array.of(1, 2)), 2);
  assert.ok((await Deno.stat("/dev/null")).isCharDevice);
});

function simulated(): Config {
  const config = defaultConfig("s1");
  return { ...config, scanner: { ...config.scanner, source: "simulate" } };
}

function recordingIo(open: () => Writable, name = "a.btsnoop") {
  const clock = new FakeClock();
  const out = { stderr: "" };
  const io: RecordIo = { host: testHost({ clock }), name, stderr: (text) => out.stderr += text, open };
  return { io, clock, out };
}

test("record writes what passes until its time is over, and says how much that was", async () => {
  const disk = new SmallDisk();
  const { io, clock, out } = recordingIo(() => disk);
  const recording = record(simulated(), 1_000, io, never);
  await waitFor(() => out.stderr !== "", "the scan");
  await clock.advance(1_000);
  assert.equal(await recording, 0);
  const records = [...readBtsnoop(disk.bytes, "a.btsnoop")];
  assert.ok(records.filter(({ packet }) => packet[1] === 0x3e).length > 90);
  assert.ok(records.some(({ packet, received }) => packet[0] === 1 && !received));
  assert.ok(records.every(({ packet, received }) => received === (packet[0] === 4)));
  assert.equal(records[0]?.timestampMs, clock.startWallMs);
  assert.match(out.stderr, /^Recording simulated to a\.btsnoop; press Ctrl-C to stop\.\n\d+ packets in a\.btsnoop\n$/);
  assert.ok(out.stderr.includes(`\n${records.length} packets`));
  assert.equal(clock.sleeping, 0);
});

test("record fails where the disk is full, and says what is in the file", async () => {
  const disk = new SmallDisk(5_000);
  const { io, clock, out } = recordingIo(() => disk);
  const recording = record(simulated(), null, io, never);
  await waitFor(() => out.stderr !== "", "the scan");
  await clock.advance(3_000);
  assert.equal(await recording, 1);
  const packets = packetsIn(disk.bytes).length;
  assert.ok(packets > 20);
  assert.ok(out.stderr.endsWith(`${packets} packets in a.btsnoop\nCannot write a.btsnoop: No space left on device\n`));
});

test("record fails where the file cannot be opened, and does not scan", async () => {
  const { io, out } = recordingIo(() => openCapture("/nowhere/a.btsnoop", false), "/nowhere/a.btsnoop");
  assert.equal(await record(simulated(), null, io, never), 1);
  assert.match(out.stderr, /^Cannot write \/nowhere\/a\.btsnoop: .*\n$/);
  const existing = recordingIo(() => openCapture("deno.json", false), "deno.json");
  assert.equal(await record(simulated(), null, existing.io, never), 1);
  assert.equal(existing.out.stderr, "Cannot write deno.json: it already exists; --force overwrites it\n");
});

test("record fails where it never came to scanning, and says why", async () => {
  const config = defaultConfig("s1");
  const missing: Config = {
    ...config,
    scanner: { ...config.scanner, source: "replay" },
    replay: { ...config.replay, file: "/nowhere" },
  };
  const { io, out } = recordingIo(() => new SmallDisk());
  assert.equal(await record(missing, null, io, never), 1);
  assert.match(out.stderr, /^Cannot read \/nowhere: .*\n$/);
});
