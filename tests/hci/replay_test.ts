import assert from "node:assert/strict";
import {
  adStructure,
  BtsnoopError,
  commandCompletePacket,
  commandPacket,
  encodeBtsnoopHeader,
  encodeBtsnoopRecord,
  extendedReportsPacket,
  hci,
  HciError,
  type HciTransport,
  legacyReportsPacket,
  openReplay,
  readBtsnoop,
  type ReplayOptions,
} from "../../src/hci/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { captures } from "../support/captures.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { hciTransportContract } from "../support/hci_contract.ts";
import { settle, TestHost, withPatience } from "../support/hci_host.ts";
import { test } from "../support/test.ts";

interface Captured {
  readonly packet: Uint8Array;
  readonly atMs: number;
  readonly received?: boolean;
}

/** A report whose data tells its number. */
function report(number: number): Uint8Array {
  return legacyReportsPacket({
    eventType: 3,
    addressType: 1,
    address: Uint8Array.of(1, 2, 3, 4, 5, 0xc6),
    data: adStructure(0xff, [0xff, 0xff, number & 0xff, number >> 8]),
    rssiDbm: -60,
  });
}

function numberOf(packet: Uint8Array): number {
  return (packet[18] ?? 0) | ((packet[19] ?? 0) << 8);
}

function capture(records: readonly Captured[]): Uint8Array<ArrayBuffer> {
  const start = Date.UTC(2026, 0, 1);
  return Uint8Array.from([
    ...encodeBtsnoopHeader(),
    ...records.flatMap(({ packet, atMs, received = true }) => [
      ...encodeBtsnoopRecord({ packet, received, timestampMs: start + atMs }),
    ]),
  ]);
}

function everyMs(intervalMs: number, count: number): Uint8Array<ArrayBuffer> {
  return capture(Array.from({ length: count }, (_, i) => ({ packet: report(i), atMs: i * intervalMs })));
}

function open(bytes: Uint8Array<ArrayBuffer>, options: Partial<ReplayOptions> = {}): Promise<HciTransport> {
  return openReplay({
    open: () => Promise.resolve(new Blob([bytes]).stream()),
    name: "test.btsnoop",
    speed: "max",
    loop: false,
    clock: systemClock,
    ...options,
  });
}

hciTransportContract("openReplay()", () => open(everyMs(1, 100), { loop: true }));
hciTransportContract("openReplay() at recorded speed", () => open(everyMs(1, 100), { loop: true, speed: 1 }));

test("openReplay() delivers every report of a capture in order at max speed, then receive() resolves", async () => {
  await using host = new TestHost(await open(everyMs(1_000, 2_000), { clock: new FakeClock() }));
  await host.startScan();
  await host.finished();
  assert.deepEqual(host.reports.map(numberOf), Array.from({ length: 2_000 }, (_, i) => i));
});

test("openReplay() passes on LE advertising report events only, malformed and cut ones too", async () => {
  const extended = extendedReportsPacket({
    eventType: 0,
    addressType: 0,
    address: new Uint8Array(6),
    data: new Uint8Array(),
    rssiDbm: -1,
  });
  const wanted = [report(1), extended, Uint8Array.of(4, 0x3e, 9, 2), Uint8Array.of(4, 0x3e, 0), Uint8Array.of(4, 0x3e)];
  const unwanted = [
    commandPacket(hci.CMD_RESET),
    commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0]),
    Uint8Array.of(4, 0x3e, 2, 0x01, 0), // connection complete
    Uint8Array.of(4, 0x10, 1, 0),
    Uint8Array.of(2, 0x3e, 0, 2, 0),
    Uint8Array.of(4),
    Uint8Array.of(),
  ];
  const mixed = wanted.flatMap((packet, i) => [packet, ...unwanted.slice(i)]);
  await using host = new TestHost(await open(capture(mixed.map((packet) => ({ packet, atMs: 0 })))));
  await host.startScan();
  await host.finished();
  assert.deepEqual(host.packets.slice(2), wanted);
});

test("openReplay() keeps the recorded distance between reports, divided by the speed", async () => {
  for (const [speed, intervalMs] of [[1, 50], [5, 10], [0.5, 100]] as const) {
    const clock = new FakeClock();
    await using host = new TestHost(await open(everyMs(50, 4), { clock, speed }));
    await host.startScan();
    await settle();
    assert.equal(host.reports.length, 1);
    await clock.advance(intervalMs - 1);
    assert.equal(host.reports.length, 1);
    await clock.advance(1);
    assert.equal(host.reports.length, 2);
    await clock.advance(2 * intervalMs);
    assert.equal(host.reports.length, 4);
    await host.finished();
  }
});

test("openReplay() does not wait where recorded time jumps back, and at most 10 s where it jumps ahead", async () => {
  const clock = new FakeClock();
  const times = [1_000_000, 0, 86_400_000, 86_400_100];
  const bytes = capture(times.map((atMs, i) => ({ packet: report(i), atMs })));
  await using host = new TestHost(await open(bytes, { clock, speed: 1 }));
  await host.startScan();
  await settle();
  assert.equal(host.reports.length, 2);
  await clock.advance(9_999);
  assert.equal(host.reports.length, 2);
  await clock.advance(1);
  assert.equal(host.reports.length, 3);
  await clock.advance(100);
  await host.finished();
  assert.equal(host.reports.length, 4);
});

test("openReplay() stands still while the host does not scan and goes on where it was", async () => {
  const clock = new FakeClock();
  await using host = new TestHost(await open(everyMs(1_000, 10), { clock, speed: 1 }));
  await clock.advance(60_000);
  assert.equal(host.packets.length, 0);
  await host.startScan();
  await clock.advance(2_000);
  assert.deepEqual(host.reports.map(numberOf), [0, 1, 2]);
  await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]);
  await clock.advance(60_000);
  assert.deepEqual(host.reports.map(numberOf), [0, 1, 2]);
  await host.startScan();
  await clock.advance(2_000);
  assert.deepEqual(host.reports.map(numberOf), [0, 1, 2, 3, 4, 5]);
});

test("openReplay() answers commands during a pause of the recording", async () => {
  await using host = new TestHost(await open(everyMs(5_000, 3), { clock: new FakeClock(), speed: 1 }));
  await host.startScan();
  assert.equal((await host.command(hci.CMD_READ_BD_ADDR)).status, 0);
});

test("openReplay() waits for its receiver at every report and loses none", async () => {
  let busy = 0;
  await using host = new TestHost(await open(everyMs(0, 300)), (packet) => {
    if (packet[1] !== hci.EVENT_LE_META) return undefined;
    assert.equal(busy, 0);
    busy++;
    return new Promise((resolve) =>
      queueMicrotask(() => {
        busy--;
        resolve();
      })
    );
  });
  await host.startScan();
  await host.finished();
  assert.equal(host.reports.length, 300);
});

test("openReplay() goes on at the recorded distance after its receiver made it wait, without a burst", async () => {
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  await using host = new TestHost(await open(everyMs(1_000, 20), { clock, speed: 1 }), (packet) => {
    return packet[1] === hci.EVENT_LE_META && numberOf(packet) === 1 ? promise : undefined;
  });
  await host.startScan();
  await clock.advance(11_000);
  assert.deepEqual(host.reports.map(numberOf), [0, 1]);
  resolve();
  await clock.advance(2_000);
  assert.deepEqual(host.reports.map(numberOf), [0, 1, 2, 3, 4]);
});

test("openReplay() fails as its receiver fails", async () => {
  await using host = new TestHost(await open(everyMs(0, 3)), (packet) => {
    return packet[1] === hci.EVENT_LE_META ? Promise.reject(new Error("full")) : undefined;
  });
  await host.startScan();
  await assert.rejects(host.finished(), /full/);
});

test("openReplay() lets others run at max speed", async () => {
  const events: string[] = [];
  await using host = new TestHost(await open(everyMs(0, 2_000)), (packet) => {
    if (packet[1] === hci.EVENT_LE_META && events.length === 0) {
      events.push("first");
      setTimeout(() => events.push("timer"), 0);
    }
    // A busy receiver, so that the timer is due long before the last report.
    for (let i = 0, sink = 1; i < 5_000; i++) sink = (sink * 31) % 1_000_003;
    return undefined;
  });
  await host.startScan();
  await host.finished();
  assert.deepEqual(events, ["first", "timer"]);
});

test("openReplay() begins again in a loop, opening the capture each time", async () => {
  let opened = 0;
  const bytes = everyMs(0, 3);
  await using host = new TestHost(
    await open(bytes, {
      loop: true,
      open: () => {
        opened++;
        return Promise.resolve(new Blob([bytes]).stream());
      },
    }),
  );
  await host.startScan();
  await host.until(() => host.reports.length >= 10, "ten reports");
  assert.deepEqual(host.reports.slice(0, 7).map(numberOf), [0, 1, 2, 0, 1, 2, 0]);
  assert.ok(opened >= 4);
});

test("openReplay() pauses before it begins again at recorded speed", async () => {
  const clock = new FakeClock();
  await using host = new TestHost(await open(everyMs(0, 1), { clock, loop: true, speed: 1 }));
  await host.startScan();
  await clock.advance(1_000);
  assert.ok(host.reports.length >= 5 && host.reports.length <= 11, `${host.reports.length} reports`);
});

test("openReplay() ends in a loop too where the capture has no reports", async () => {
  const bytes = capture([{ packet: commandPacket(hci.CMD_RESET), atMs: 0, received: false }]);
  await using host = new TestHost(await open(bytes, { loop: true }));
  await host.startScan();
  await host.finished();
  assert.equal(host.reports.length, 0);
});

test("openReplay() rejects a file that is no capture, naming it, and closes it", async () => {
  let closed = false;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, ...new Array(60).fill(0))),
      cancel: () => void (closed = true),
    });
  await assert.rejects(open(new Uint8Array(), { open: () => Promise.resolve(stream()) }), (error) => {
    assert.ok(error instanceof BtsnoopError);
    assert.match(error.message, /^test\.btsnoop is a pcapng file/);
    return true;
  });
  assert.equal(closed, true);
  await assert.rejects(open(new Uint8Array()), BtsnoopError);
});

test("openReplay() rejects a capture that cannot be opened or read, with the cause", async () => {
  const missing = new Deno.errors.NotFound("no such file");
  await assert.rejects(open(new Uint8Array(), { open: () => Promise.reject(missing) }), (error) => {
    assert.ok(error instanceof HciError);
    assert.equal(error.code, "EIO");
    assert.equal(error.message, "Cannot read test.btsnoop: no such file");
    assert.equal(error.cause, missing);
    return true;
  });
});

test("openReplay() refuses a speed that is not above 0", async () => {
  for (const speed of [0, -1, NaN]) await assert.rejects(open(everyMs(1, 1), { speed }), RangeError);
});

test("receive() of a replay rejects where the capture is cut off, after all before that", async () => {
  await using host = new TestHost(await open(everyMs(0, 5).slice(0, -3), { loop: true }));
  await host.startScan();
  await assert.rejects(host.finished(), (error) => {
    assert.ok(error instanceof BtsnoopError);
    assert.match(error.message, /^test\.btsnoop ends within a record, cut off/);
    return true;
  });
  assert.deepEqual(host.reports.map(numberOf), [0, 1, 2, 3]);
});

test("receive() of a replay can be called once", async () => {
  await using host = new TestHost(await open(everyMs(0, 1)));
  await assert.rejects(host.transport.receive(() => undefined, new AbortController().signal), HciError);
});

test("openReplay() closes a capture that is still being read when it is disposed of", async () => {
  const header = encodeBtsnoopHeader();
  let closed = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(header),
    cancel: () => void (closed = true),
  });
  const transport = await open(new Uint8Array(), { open: () => Promise.resolve(stream) });
  const host = new TestHost(transport);
  await host.startScan();
  await transport[Symbol.asyncDispose]();
  await host.finished();
  assert.equal(closed, true);
});

test("openReplay() closes a capture that it is about to open once more when it is disposed of", async () => {
  const bytes = everyMs(0, 1);
  const again = Promise.withResolvers<ReadableStream<Uint8Array>>();
  let opened = 0;
  let closed = false;
  const transport = await open(bytes, {
    loop: true,
    open: () => ++opened === 1 ? Promise.resolve(new Blob([bytes]).stream()) : again.promise,
  });
  const host = new TestHost(transport);
  await host.startScan();
  await host.until(() => host.reports.length === 1, "the report");
  await settle();
  assert.equal(opened, 2);
  const disposal = transport[Symbol.asyncDispose]();
  again.resolve(
    new ReadableStream({
      start: (controller) => controller.enqueue(bytes),
      cancel: () => void (closed = true),
    }),
  );
  await withPatience(disposal, "the replay to close");
  assert.equal(closed, true);
});

test("openReplay() reads a file piece by piece and leaves none open", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, everyMs(0, 5_000));
    const file = async () => (await Deno.open(path)).readable;
    await using whole = new TestHost(await open(new Uint8Array(), { open: file }));
    await whole.startScan();
    await whole.finished();
    assert.equal(whole.reports.length, 5_000);
    await using partly = new TestHost(await open(new Uint8Array(), { open: file, loop: true }));
    await partly.startScan();
    await partly.until(() => partly.reports.length > 6_000, "reports of the second time through");
  } finally {
    await Deno.remove(path);
  }
});

for (const { name, path } of captures()) {
  test(`openReplay() delivers all reports of ${name}`, async () => {
    const count = [...readBtsnoop(await Deno.readFile(path), path)].filter(isReport).length;
    assert.ok(count > 50, `${count} reports`);
    const file = async () => (await Deno.open(path)).readable;
    await using host = new TestHost(await open(new Uint8Array(), { open: file }));
    await host.startScan();
    await host.finished();
    assert.equal(host.reports.length, count);
  });
}

/** Whether it is an event of advertising reports, legacy or extended; each holds one in our captures. */
function isReport({ packet }: { readonly packet: Uint8Array }): boolean {
  return packet[0] === 0x04 && packet[1] === 0x3e && (packet[3] === 0x02 || packet[3] === 0x0d);
}
