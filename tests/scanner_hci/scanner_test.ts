// deno-lint-ignore-file no-console -- noble prints through it
import assert from "node:assert/strict";
import process from "node:process";
import { ScanError, type ScanSink, type ScanState } from "../../src/agent/mod.ts";
import {
  commandCompletePacket,
  commandPacket,
  type DiscoveryEnd,
  hci,
  HciError,
  legacyReportsPacket,
} from "../../src/hci/mod.ts";
import { HciScanner, type HciScannerOptions } from "../../src/scanner_hci/mod.ts";
import { FakeAdapter, type FakeAdapterOptions } from "../support/fake_adapter.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const SCAN = {
  mode: "passive",
  autoActiveShare: 0.05,
  intervalMs: 100,
  windowMs: 50,
  extended: "auto",
  paced: false,
} as const;
const REPORT = legacyReportsPacket({
  eventType: 3,
  addressType: 1,
  address: Uint8Array.of(1, 2, 3, 4, 5, 6),
  data: Uint8Array.of(2, 1, 6),
  rssiDbm: -60,
});

function scanning(faults: FakeAdapterOptions = {}, options: Partial<HciScannerOptions> = {}) {
  const adapter = new FakeAdapter(faults);
  const clock = new FakeClock();
  const log = new RecordingLog();
  const controller = new AbortController();
  const states: ScanState[] = [];
  const heard: string[] = [];
  const source = { open: () => Promise.resolve(adapter), reset: () => Promise.resolve() };
  const scanner = new HciScanner({ ...SCAN, source, ...options }, clock, log);
  const ended = scanner.run({
    advertisement: ({ address }) => heard.push(address),
    invalid: (reason) => heard.push(reason),
    delivered: () => void heard.push("delivered"),
    state: (state) => states.push(state),
  }, controller.signal);
  ended.catch(() => {}); // a test that expects a failure looks at it later
  return { adapter, clock, log, controller, states, heard, scanner, ended };
}

/** Hears only what the scan does. */
function sinkOf(state: (state: ScanState) => void): ScanSink {
  return { advertisement: () => {}, invalid: () => {}, delivered: () => undefined, state };
}

async function stop(scan: ReturnType<typeof scanning>): Promise<void> {
  scan.controller.abort();
  await scan.ended;
  assert.equal(scan.adapter.closed, true);
  assert.equal(scan.clock.sleeping, 0);
}

test("HciScanner scans with the configured parameters and reports duplicates", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  assert.deepEqual(scan.states.at(-1), {
    kind: "scanning",
    adapter: "hci0",
    adapterAddress: "00:11:22:33:44:55",
    mode: "passive",
    extended: false,
  });
  const parameters = scan.adapter.sent.filter((p) => p[1] === 0x0b && p[2] === 0x20);
  assert.ok(parameters.length >= 1);
  for (const packet of parameters) assert.deepEqual([...packet.subarray(4)], [0, 0xa0, 0, 0x50, 0, 0, 0]);
  assert.deepEqual([...scan.adapter.sent.at(-1) ?? []], [0x01, 0x0c, 0x20, 2, 1, 0]);
  await stop(scan);
  assert.deepEqual([...scan.adapter.sent.at(-1) ?? []].slice(0, 5), [0x01, 0x0c, 0x20, 2, 0]);
  assert.deepEqual(scan.states.at(-1), { kind: "stopped", reason: "stopped" });
});

test("HciScanner leaves the settings of a controller alone that the kernel shares", async () => {
  const scan = scanning({ exclusive: false, extended: true });
  await scan.clock.advance(0);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  const allowed = new Set<number>([
    hci.CMD_READ_LOCAL_VERSION,
    hci.CMD_READ_SUPPORTED_COMMANDS,
    hci.CMD_READ_BD_ADDR,
    hci.CMD_LE_READ_LOCAL_FEATURES,
    hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS,
    hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE,
  ]);
  assert.deepEqual(scan.adapter.opcodes.filter((opcode) => !allowed.has(opcode)), []);
  await stop(scan);
});

test("HciScanner initialises a controller that is its own", async () => {
  const scan = scanning({ exclusive: true });
  await scan.clock.advance(0);
  assert.ok(scan.adapter.opcodes.includes(hci.CMD_RESET));
  assert.ok(scan.adapter.opcodes.includes(hci.CMD_LE_SET_EVENT_MASK));
  await stop(scan);
});

test("HciScanner uses extended scanning where the controller has it, and never where told not to", async () => {
  for (const [extended, expected] of [["auto", true], [false, false], [true, true]] as const) {
    const scan = scanning({ extended: true }, { extended });
    await scan.clock.advance(0);
    const state = scan.states.at(-1);
    assert.equal(state?.kind === "scanning" && state.extended, expected);
    await stop(scan);
  }
});

test("HciScanner fails for good where extended scanning is required and missing", async () => {
  const scan = scanning({ extended: false }, { extended: true });
  await assert.rejects(scan.ended, (error) => error instanceof ScanError && error.cure === "person");
});

const EXTENDED_COMMANDS = [hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE];

for (const refuseByStatus of [true, false]) {
  const event = refuseByStatus ? "Command Status" : "Command Complete";
  test(`HciScanner scans with the legacy commands at once where the extended ones are refused by ${event}`, async () => {
    const refuse = new Map<number, number>(EXTENDED_COMMANDS.map((opcode) => [opcode, 0x01]));
    const scan = scanning({ extended: true, codedPhy: true, refuse, refuseByStatus });
    await scan.clock.advance(0);
    const state = scan.states.at(-1);
    assert.equal(state?.kind === "scanning" && state.extended, false);
    assert.deepEqual(scan.log.of("scan refused").map(({ fields }) => fields["action"]), [
      "trying the extended scan commands without the coded PHY",
      "trying the legacy scan commands",
    ]);
    await stop(scan);
  });
}

test("HciScanner scans without the coded PHY where the parameters with it are refused", async () => {
  const refuse = new Map<number, number>([[hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, 0x11]]);
  const refusing = new FakeAdapter({ extended: true, codedPhy: true, refuse });
  const willing = new FakeAdapter({ extended: true, codedPhy: true });
  const opened = [refusing, willing].values();
  const open = () => Promise.resolve(opened.next().value as FakeAdapter);
  const scan = scanning({}, { source: { open, reset: () => Promise.resolve() } });
  await scan.clock.advance(0);
  const state = scan.states.at(-1);
  assert.equal(state?.kind === "scanning" && state.extended, true);
  const physOf = ({ sent }: FakeAdapter) => sent.filter((packet) => packet[1] === 0x41).map((packet) => packet[6]);
  assert.deepEqual([new Set(physOf(refusing)), new Set(physOf(willing))], [new Set([5]), new Set([1])]);
  scan.controller.abort();
  await scan.ended;
});

test("HciScanner says what to set where extended scanning is required, claimed and refused", async () => {
  const refuse = new Map<number, number>(EXTENDED_COMMANDS.map((opcode) => [opcode, 0x01]));
  const scan = scanning({ extended: true, refuse }, { extended: true });
  await scan.clock.advance(0);
  const message = "hci0 refused the scan parameters (status 0x01); set scanner.extended to auto or false";
  await assert.rejects(scan.ended, { message, cure: "reset" });
});

test("HciScanner does not scan with parameters that the controller refused", async () => {
  for (const refuseByStatus of [true, false]) {
    const refuse = new Map<number, number>([[hci.CMD_LE_SET_SCAN_PARAMETERS, 0x12]]);
    const scan = scanning({ refuse, refuseByStatus });
    await scan.clock.advance(0);
    await assert.rejects(scan.ended, { message: "hci0 refused the scan parameters (status 0x12)", cure: "reset" });
    assert.ok(scan.states.every(({ kind }) => kind !== "scanning"));
    assert.equal(scan.clock.sleeping, 0);
  }
});

test("HciScanner remembers what its controller refused, and forgets it with another controller", async () => {
  const refuse = new Map<number, number>(EXTENDED_COMMANDS.map((opcode) => [opcode, 0x01]));
  const adapters = [
    new FakeAdapter({ extended: true, refuse }),
    new FakeAdapter({ extended: true, refuse }),
    new FakeAdapter({ extended: true, refuse }),
    new FakeAdapter({ extended: true, address: [9, 9, 9, 9, 9, 9] }),
  ];
  const opened = adapters.values();
  const source = { open: () => Promise.resolve(opened.next().value as FakeAdapter), reset: () => Promise.resolve() };
  const clock = new FakeClock();
  const scanner = new HciScanner({ ...SCAN, source }, clock, new RecordingLog());
  const families: boolean[] = [];
  for (let run = 0; run < 3; run++) {
    const controller = new AbortController();
    const state = (state: ScanState) => state.kind === "scanning" && families.push(state.extended);
    const ended = scanner.run(sinkOf(state), controller.signal);
    await clock.advance(0);
    controller.abort();
    await ended;
  }
  assert.deepEqual(families, [false, false, true]);
  assert.deepEqual(adapters[2]?.opcodes.filter((opcode) => EXTENDED_COMMANDS.some((each) => each === opcode)), []);
});

test("HciScanner makes the next run legacy after one in which nothing was heard", async () => {
  const clock = new FakeClock();
  const heard = [false, true, true];
  const families: boolean[] = [];
  let adapter = new FakeAdapter();
  const open = () => Promise.resolve(adapter = new FakeAdapter({ extended: true }));
  const source = { open, reset: () => Promise.resolve() };
  const scanner = new HciScanner({ ...SCAN, source }, clock, new RecordingLog());
  for (const hears of heard) {
    const controller = new AbortController();
    const state = (state: ScanState) => state.kind === "scanning" && families.push(state.extended);
    const ended = scanner.run(sinkOf(state), controller.signal);
    await clock.advance(0);
    if (hears) adapter.deliver(REPORT);
    await clock.advance(10_000);
    controller.abort();
    await ended;
  }
  assert.deepEqual(families, [true, false, false]);
});

test("HciScanner says that it scans in another way when it does, not when it is told to end in a quiet room", async () => {
  const scan = scanning({ extended: true });
  await scan.clock.advance(1_000);
  await stop(scan);
  const told = () => scan.log.of("nothing heard, switching scan commands").length;
  assert.equal(told(), 0);
  const controller = new AbortController();
  const ended = scan.scanner.run(sinkOf(() => {}), controller.signal);
  await scan.clock.advance(0);
  assert.equal(told(), 1);
  controller.abort();
  await ended;
});

test("HciScanner tries the extended commands again as soon as a room is quiet no more, and stops the legacy scan", async () => {
  const clock = new FakeClock();
  const adapters: FakeAdapter[] = [];
  const families: boolean[] = [];
  const open = () => {
    const adapter = new FakeAdapter({ extended: true });
    adapters.push(adapter);
    return Promise.resolve(adapter);
  };
  const scanner = new HciScanner(
    { ...SCAN, source: { open, reset: () => Promise.resolve() } },
    clock,
    new RecordingLog(),
  );
  const state = (state: ScanState) => state.kind === "scanning" && families.push(state.extended);
  const run = (signal: AbortSignal) => scanner.run(sinkOf(state), signal);
  const silent = new AbortController();
  const first = run(silent.signal);
  await clock.advance(0);
  silent.abort();
  await first;
  const controller = new AbortController();
  const second = run(controller.signal);
  await clock.advance(60_000);
  adapters[1]?.deliver(REPORT);
  await clock.advance(0);
  assert.deepEqual(families, [true, false, true]);
  assert.deepEqual([...adapters[1]?.sent.at(-1)?.subarray(0, 5) ?? []], [0x01, 0x0c, 0x20, 2, 0]);
  assert.equal(adapters[1]?.closed, true);
  controller.abort();
  await second;
  assert.equal(clock.sleeping, 0);
});

test("HciScanner is not misled by what another program's legacy scan brings", async () => {
  const refuse = new Map<number, number>(EXTENDED_COMMANDS.map((opcode) => [opcode, 0x01]));
  const refusing = scanning({ extended: true, refuse });
  refusing.adapter.deliver(REPORT);
  await refusing.clock.advance(0);
  assert.equal(refusing.states.findLast(({ kind }) => kind === "scanning")?.kind, "scanning");
  await stop(refusing);
  const deaf = scanning({ extended: true });
  await deaf.clock.advance(0);
  deaf.adapter.deliver(REPORT);
  await stop(deaf);
  const controller = new AbortController();
  const states: ScanState[] = [];
  const ended = deaf.scanner.run(sinkOf((state) => states.push(state)), controller.signal);
  await deaf.clock.advance(0);
  const state = states.at(-1);
  assert.equal(state?.kind === "scanning" && state.extended, false);
  controller.abort();
  await ended;
});

/** Runs again and again for some minutes, as after each failure; gives what became of it. */
async function keepsRunning(refuse: ReadonlyMap<number, number>) {
  const clock = new FakeClock();
  const families = new Set<boolean>();
  let resets = 0;
  const open = () => Promise.resolve(new FakeAdapter({ extended: true, refuse }));
  const source = { open, reset: () => Promise.resolve(void resets++) };
  const scanner = new HciScanner({ ...SCAN, source }, clock, new RecordingLog());
  const state = (state: ScanState) => state.kind === "scanning" && families.add(state.extended);
  for (let run = 0; run < 40; run++) {
    const controller = new AbortController();
    const ended = scanner.run(sinkOf(state), controller.signal).catch(() => {});
    await clock.advance(5_000);
    controller.abort();
    await ended;
  }
  return { families: [...families], resets };
}

test("HciScanner scans with the legacy commands where the extended ones are accepted and may never begin", async () => {
  const { families, resets } = await keepsRunning(new Map([[hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE, 0x0c]]));
  assert.deepEqual({ families, resets }, { families: [false], resets: 1 });
});

test("HciScanner does not switch the adapter off and on for ever that disallows all parameters", async () => {
  const commands = [hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, hci.CMD_LE_SET_SCAN_PARAMETERS];
  const { families, resets } = await keepsRunning(new Map<number, number>(commands.map((opcode) => [opcode, 0x0c])));
  assert.deepEqual({ families, resets }, { families: [], resets: 2 });
});

test("HciScanner switches the adapter off and on where it goes on disallowing the parameters, then gives up", async () => {
  const refuse = new Map<number, number>([[hci.CMD_LE_SET_SCAN_PARAMETERS, 0x0c]]);
  let resets = 0;
  const open = () => Promise.resolve(new FakeAdapter({ refuse }));
  const source = { open, reset: () => Promise.resolve(void resets++) };
  const scanner = new HciScanner({ ...SCAN, source }, new FakeClock(), new RecordingLog());
  const run = () => scanner.run(sinkOf(() => {}), new AbortController().signal);
  await assert.rejects(run(), { cure: "time" });
  assert.equal(resets, 0);
  await assert.rejects(run(), { cure: "reset" });
  assert.equal(resets, 1);
});

test("HciScanner leaves a controller time that refuses to begin, for it may initiate a connection", async () => {
  const refuse = new Map<number, number>([[hci.CMD_LE_SET_SCAN_ENABLE, 0x0c]]);
  const clock = new FakeClock();
  let resets = 0;
  const open = () => Promise.resolve(new FakeAdapter({ refuse }));
  const source = { open, reset: () => Promise.resolve(void resets++) };
  const scanner = new HciScanner({ ...SCAN, source }, clock, new RecordingLog());
  const run = () => scanner.run(sinkOf(() => {}), new AbortController().signal);
  await assert.rejects(run(), { message: "hci0 refused to scan (status 0x0c)", cure: "time" });
  await clock.advance(24_000);
  await assert.rejects(run(), { cure: "time" });
  await clock.advance(1_000);
  await assert.rejects(run(), { cure: "time" });
  assert.equal(resets, 0);
  await assert.rejects(run(), { cure: "reset" });
  assert.equal(resets, 1);
});

test("HciScanner begins anew after another process has reset the controller, and lets reports through", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  const sentBefore = scan.adapter.sent.length;
  scan.adapter.foreign(commandPacket(hci.CMD_RESET));
  await scan.clock.advance(1_000);
  assert.deepEqual(scan.adapter.sent.slice(sentBefore).map((packet) => [...packet.subarray(1)]), [
    [0x01, 0x0c, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0x20],
    [0x0c, 0x20, 2, 0, 1],
    [0x0b, 0x20, 7, 0, 0xa0, 0, 0x50, 0, 0, 0],
    [0x0c, 0x20, 2, 1, 0],
  ]);
  assert.deepEqual(scan.log.of("scan ended").map(({ fields }) => fields["reason"]), [
    "another process reset the controller",
  ]);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  await stop(scan);
});

test("HciScanner begins anew after a reset that swallowed another process's command", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.deliver(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0])); // never answered
  scan.adapter.foreign(commandPacket(hci.CMD_RESET));
  await scan.clock.advance(1_000);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  await stop(scan);
});

test("HciScanner leaves the masks alone that the kernel set after its reset", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  const sentBefore = scan.adapter.sent.length;
  scan.adapter.foreign(commandPacket(hci.CMD_RESET));
  scan.adapter.foreign(commandPacket(hci.CMD_SET_EVENT_MASK, [0, 0xe0, 0, 0, 0, 0, 0, 0x20]));
  scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_EVENT_MASK, [0x1f, 0, 0, 0, 0, 0, 0, 0]));
  await scan.clock.advance(1_000);
  assert.deepEqual(scan.adapter.sent.slice(sentBefore).map((packet) => packet[1]), [0x0c, 0x0b, 0x0c]);
  await stop(scan);
});

test("HciScanner lets reports through that another process had the controller hide", async () => {
  for (const opcode of [hci.CMD_SET_EVENT_MASK, hci.CMD_LE_SET_EVENT_MASK]) {
    const scan = scanning();
    await scan.clock.advance(0);
    const sentBefore = scan.adapter.sent.length;
    scan.adapter.foreign(commandPacket(opcode, [0, 0, 0, 0, 0, 0, 0, 0]));
    await scan.clock.advance(1_000);
    const bit = opcode === hci.CMD_SET_EVENT_MASK ? [0, 0, 0, 0, 0, 0, 0, 0x20] : [2, 0, 0, 0, 0, 0, 0, 0];
    assert.deepEqual([...scan.adapter.sent[sentBefore]?.subarray(4) ?? []], bit);
    assert.equal(scan.states.at(-1)?.kind, "scanning");
    await stop(scan);
  }
});

test("HciScanner waits for the answer where the controller says that it is at work", async () => {
  const scan = scanning({ refuseByStatus: true, refuse: new Map<number, number>([[hci.CMD_LE_SET_SCAN_ENABLE, 0]]) });
  await scan.clock.advance(0);
  assert.equal(scan.states.at(-1)?.kind, "starting");
  scan.adapter.deliver(commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0])); // noble's first disable
  scan.adapter.deliver(commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0]));
  scan.adapter.deliver(commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0]));
  await scan.clock.advance(0);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  scan.controller.abort();
  await scan.clock.advance(500);
  await scan.ended;
});

/** A kernel that takes our scan for a discovery, and what it was told. */
function discovering(adapter: { current: FakeAdapter | null }, end: DiscoveryEnd = "ended") {
  const told: string[] = [];
  let isNew = false;
  return {
    told,
    newcomer: () => isNew = true,
    begin: () => {
      told.push("begin");
      return Promise.resolve(end === "denied" ? end : "none" as const);
    },
    end: () => {
      told.push("end");
      // The kernel switches the scan off, which it believes to be its own.
      if (end === "ended") adapter.current?.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
      return Promise.resolve(end);
    },
    hasNewNeighbours: () => {
      const had = isNew;
      isNew = false;
      return had;
    },
  };
}

test("HciScanner ends what the kernel takes for a discovery: a killed run's, and its own when it ends", async () => {
  const discovery = discovering({ current: null });
  const scan = scanning({ discovery }, { mode: "active" });
  await scan.clock.advance(0);
  assert.deepEqual(discovery.told, ["begin"]);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  await stop(scan);
  assert.deepEqual(discovery.told, ["begin", "end"]);
});

test("HciScanner has the kernel discover with no other commands than its own, which a controller would then refuse", async () => {
  const refuse = new Map<number, number>();
  const discovery = discovering({ current: null });
  const begin = () => {
    // The kernel uses the extended commands, where they are claimed (Vol 4, Part E, 3.1.1).
    refuse.set(hci.CMD_LE_SET_SCAN_PARAMETERS, 0x0c).set(hci.CMD_LE_SET_SCAN_ENABLE, 0x0c);
    return discovery.begin();
  };
  const scan = scanning({ extended: true, refuse, discovery: { ...discovery, begin } }, {
    mode: "active",
    extended: false,
  });
  await scan.clock.advance(0);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  assert.deepEqual(discovery.told, ["end"]);
  await stop(scan);
});

test("HciScanner begins its active scan anew where a program has come that does not know of it", async () => {
  const current: { current: FakeAdapter | null } = { current: null };
  const discovery = discovering(current);
  const scan = scanning({ discovery }, { mode: "active" });
  await scan.clock.advance(0);
  current.current = scan.adapter;
  scan.adapter.deliver(REPORT);
  await scan.clock.advance(3_000);
  assert.equal(discovery.told.length, 1);
  discovery.newcomer();
  const sentBefore = scan.adapter.sent.length;
  scan.adapter.deliver(REPORT);
  await scan.clock.advance(3_000);
  assert.equal(discovery.told.length, 2);
  const scanCommands = scan.adapter.sent.slice(sentBefore).map((packet) => packet[1]).filter((low) => low !== 0x03);
  assert.deepEqual(scanCommands, [0x0c, 0x0b, 0x0c]);
  assert.deepEqual(scan.states.map(({ kind }) => kind), ["starting", "scanning"]);
  await stop(scan);
});

test("HciScanner leaves the kernel's discovery alone with a passive scan, and says once where it may not end it", async () => {
  const passive = discovering({ current: null });
  const quiet = scanning({ discovery: passive });
  await quiet.clock.advance(0);
  await stop(quiet);
  assert.deepEqual(passive.told, []);
  const denied = scanning({ discovery: discovering({ current: null }, "denied") }, { mode: "active" });
  await denied.clock.advance(0);
  await stop(denied);
  assert.equal(denied.log.of("other programs may be unable to discover devices").length, 1);
});

test("HciScanner passes reports on past noble, empty LE Meta events too", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.deliver(REPORT);
  scan.adapter.deliver(Uint8Array.of(0x04, 0x3e, 0x00));
  scan.adapter.deliver(Uint8Array.of(0x04, 0x3e, 0x02, 0x0a, 0x00));
  assert.deepEqual(scan.heard, ["06:05:04:03:02:01", "delivered", "empty event", "delivered"]);
  await stop(scan);
});

test("HciScanner survives events that are cut anywhere", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  for (const code of [0x05, 0x08, 0x0e, 0x0f, 0x10 + 0x40, 0x13, 0x3e, 0x7e, 0xff]) {
    const packet = Uint8Array.of(0x04, code, 20, 1, 0x01, 0x10, 0, 1, 2, 3);
    for (let length = 0; length <= packet.length; length++) scan.adapter.deliver(packet.subarray(0, length));
  }
  scan.adapter.deliver(Uint8Array.of());
  scan.adapter.deliver(Uint8Array.of(0x02, 1, 0x20, 40, 0));
  scan.adapter.deliver(REPORT);
  assert.deepEqual(scan.heard.slice(-2), ["06:05:04:03:02:01", "delivered"]);
  await stop(scan);
});

test("HciScanner tells how many packets were missed, also after the adapter went away", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.dropped = 5;
  assert.equal(scan.scanner.missed, 5);
  await stop(scan);
  assert.equal(scan.scanner.missed, 5);
});

test("HciScanner leaves no listeners at the process", async () => {
  const before = [process.listenerCount("SIGINT"), process.listenerCount("exit")];
  const scan = scanning();
  await scan.clock.advance(0);
  assert.deepEqual([process.listenerCount("SIGINT"), process.listenerCount("exit")], before);
  await stop(scan);
});

test("HciScanner starts its scan again after another process ended it", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  const sentBefore = scan.adapter.sent.length;
  scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
  await scan.clock.advance(1_000);
  assert.deepEqual([...scan.adapter.sent.slice(sentBefore).at(-1) ?? []], [0x01, 0x0c, 0x20, 2, 1, 0]);
  assert.deepEqual(scan.states.map((s) => s.kind), ["starting", "scanning", "stopped", "scanning"]);
  assert.equal(scan.log.of("scan ended").length, 1);
  await stop(scan);
});

test("HciScanner begins anew, and says nothing else, where another process put its own scan in place", async () => {
  const own = [[0x0c, 0x20, 2, 0, 1], [0x0b, 0x20, 7, 0, 0xa0, 0, 0x50, 0, 0, 0], [0x0c, 0x20, 2, 1, 0]];
  const scan = scanning();
  await scan.clock.advance(0);
  for (const stopsFirst of [true, false]) {
    const sentBefore = scan.adapter.sent.length;
    if (stopsFirst) scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
    scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 1]));
    await scan.clock.advance(1_000);
    assert.deepEqual(scan.adapter.sent.slice(sentBefore).map((packet) => [...packet.subarray(1)]), own);
  }
  assert.deepEqual(scan.states.map((s) => s.kind), ["starting", "scanning"]);
  assert.equal(scan.log.of("scan ended").length, 0);
  await stop(scan);
});

test("HciScanner notices a foreign stop in the same breath as the answer to its own start", async () => {
  const scan = scanning({ mute: new Set<number>([hci.CMD_LE_SET_SCAN_ENABLE]) });
  await scan.clock.advance(0);
  const enables = () => scan.adapter.opcodes.filter((opcode) => opcode === hci.CMD_LE_SET_SCAN_ENABLE).length;
  for (let answers = enables(); answers > 0; answers--) {
    scan.adapter.deliver(commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0]));
  }
  scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
  const before = enables();
  await scan.clock.advance(1_000);
  assert.ok(enables() > before);
  scan.controller.abort();
  await scan.clock.advance(500);
  await scan.ended;
});

test("HciScanner leaves another process's scan alone when it ends", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 1]));
  const sentBefore = scan.adapter.sent.length;
  await stop(scan);
  assert.equal(scan.adapter.sent.length, sentBefore);
});

test("HciScanner stops a scan that it was just beginning when it was told to end", async () => {
  const scan = scanning({ mute: new Set<number>([hci.CMD_LE_SET_SCAN_ENABLE]) });
  await scan.clock.advance(0);
  assert.deepEqual([...scan.adapter.sent.at(-1) ?? []], [0x01, 0x0c, 0x20, 2, 1, 0]);
  scan.controller.abort();
  await scan.clock.advance(500);
  await scan.ended;
  assert.deepEqual([...scan.adapter.sent.at(-1) ?? []], [0x01, 0x0c, 0x20, 2, 0, 1]);
});

test("HciScanner fails for good where the controller does not support Bluetooth LE, and noble prints nothing", async () => {
  const printed: unknown[][] = [];
  const { log } = console;
  console.log = (...words) => void printed.push(words);
  try {
    const scan = scanning({ refuse: new Map<number, number>([[hci.CMD_LE_READ_LOCAL_FEATURES, 0x01]]) });
    await assert.rejects(scan.ended, {
      message: /^hci0 does not support Bluetooth LE; set scanner\.adapter/,
      cure: "person",
    });
  } finally {
    console.log = log;
  }
  assert.deepEqual(printed, []);
});

test("HciScanner fails when the adapter is unplugged, and says so", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.unplug();
  await assert.rejects(scan.ended, { name: "ScanError", message: "hci0 was unplugged", cure: "time" });
  assert.deepEqual(scan.states.at(-1), { kind: "stopped", reason: "hci0 was unplugged" });
  assert.equal(scan.adapter.closed, true);
  assert.equal(scan.clock.sleeping, 0);
});

test("HciScanner fails when the controller reports a hardware error", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.deliver(Uint8Array.of(0x04, 0x10, 1, 0x42));
  await assert.rejects(scan.ended, { message: "the controller reported a hardware error (0x42)" });
});

test("HciScanner fails when the controller is mute, at whatever step", async () => {
  for (const opcode of [hci.CMD_READ_SUPPORTED_COMMANDS, hci.CMD_READ_LOCAL_VERSION, hci.CMD_LE_SET_SCAN_ENABLE]) {
    const scan = scanning({ mute: new Set<number>([opcode]) });
    await scan.clock.advance(2_000);
    await assert.rejects(scan.ended, /hci0 did not answer/);
    assert.equal(scan.clock.sleeping, 0);
  }
});

test("HciScanner fails when the controller refuses to scan", async () => {
  const scan = scanning({ refuse: new Map<number, number>([[hci.CMD_LE_SET_SCAN_ENABLE, 0x0c]]) });
  await scan.clock.advance(0);
  await assert.rejects(scan.ended, { message: "hci0 refused to scan (status 0x0c)" });
});

test("HciScanner ends in bounded time when the controller goes mute", async () => {
  const mute = new Set<number>();
  const scan = scanning({ mute });
  await scan.clock.advance(0);
  mute.add(hci.CMD_LE_SET_SCAN_ENABLE);
  scan.controller.abort();
  await scan.clock.advance(500);
  await scan.ended;
  assert.equal(scan.log.of("scan could not be stopped").length, 1);
});

test("HciScanner fails for good without permission, wherever it shows", async () => {
  const denied = new HciError("EPERM", "Cannot send to hci0: permission denied");
  const sending = scanning({ throwOn: new Map<number, HciError>([[hci.CMD_READ_SUPPORTED_COMMANDS, denied]]) });
  await assert.rejects(
    sending.ended,
    (error) => error instanceof ScanError && error.cure === "person" && error.cause === denied,
  );
  const opening = scanning({}, { source: { open: () => Promise.reject(denied), reset: () => Promise.resolve() } });
  await assert.rejects(opening.ended, (error) => error instanceof ScanError && error.cure === "person");
});

test("HciScanner asks a controller that reports nothing whether it is there, and fails where it is not", async () => {
  const mute = new Set<number>();
  const scan = scanning({ mute });
  await scan.clock.advance(0);
  const asked = () => scan.adapter.opcodes.filter((opcode) => opcode === hci.CMD_LE_READ_LOCAL_FEATURES).length;
  const before = asked();
  await scan.clock.advance(3_000);
  assert.equal(asked(), before + 1);
  await scan.clock.advance(2_999);
  scan.adapter.deliver(REPORT);
  await scan.clock.advance(1);
  assert.equal(asked(), before + 1);
  mute.add(hci.CMD_LE_READ_LOCAL_FEATURES);
  await scan.clock.advance(5_000);
  await assert.rejects(scan.ended, { message: "hci0 did not answer a liveness check", cure: "reset" });
  assert.equal(scan.clock.sleeping, 0);
});

test("HciScanner notices that the adapter was powered down, which nobody tells", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  scan.adapter.isUp = () => false;
  await scan.clock.advance(3_000);
  await assert.rejects(scan.ended, { message: "hci0 is powered down", cure: "time" });
  assert.equal(scan.clock.sleeping, 0);
});

test("HciScanner ends at once while its adapter takes long to open, and closes it when it is open", async () => {
  const opened = Promise.withResolvers<FakeAdapter>();
  const scan = scanning({}, { source: { open: () => opened.promise, reset: () => Promise.resolve() } });
  scan.controller.abort();
  await scan.ended;
  opened.resolve(scan.adapter);
  await scan.clock.advance(0);
  assert.equal(scan.adapter.closed, true);
});

test("HciScanner keeps the failed connections of other programs from noble, which would print them", async () => {
  const scan = scanning();
  await scan.clock.advance(0);
  const printed: unknown[][] = [];
  const { warn } = console;
  console.warn = (...words) => void printed.push(words);
  try {
    scan.adapter.deliver(Uint8Array.of(0x04, 0x0f, 4, 0x0c, 1, 0x0d, 0x20)); // LE Create Connection: disallowed
  } finally {
    console.warn = warn;
  }
  assert.deepEqual(printed, []);
  await stop(scan);
});
