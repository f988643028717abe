import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { ScanState } from "../../src/agent/mod.ts";
import {
  adStructure,
  commandPacket,
  type DiscoveryEnd,
  extendedReportsPacket,
  hci,
  type HciTransport,
  legacyReportsPacket,
  openSimulated,
} from "../../src/hci/mod.ts";
import { HciScanner } from "../../src/scanner_hci/mod.ts";
import { FakeAdapter, type FakeAdapterOptions } from "../support/fake_adapter.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";

const SCAN = {
  mode: "auto",
  autoActiveShare: 0.05,
  intervalMs: 100,
  windowMs: 50,
  extended: "auto",
  paced: false,
} as const;

const report = (eventType: number, number: number, data: Uint8Array) => {
  const address = Uint8Array.of(number, 2, 3, 4, 5, 0xc6);
  return { eventType, addressType: 1, address, data, rssiDbm: -60 };
};
const FLAGS = adStructure(1, [6]);
const NAME = adStructure(9, [...new TextEncoder().encode("Lock")]);
/** ADV_IND and its SCAN_RSP, as both kinds of commands report them. */
const LEGACY = {
  advertises: (number = 1) => legacyReportsPacket(report(0, number, FLAGS)),
  answers: (number = 1) => legacyReportsPacket(report(4, number, NAME)),
};
const EXTENDED = {
  advertises: (number = 1) => extendedReportsPacket(report(0x13, number, FLAGS)),
  answers: (number = 1) => extendedReportsPacket(report(0x1b, number, NAME)),
};

function scanning(faults: FakeAdapterOptions = {}) {
  const adapter = new FakeAdapter(faults);
  const clock = new FakeClock();
  const log = new RecordingLog();
  const controller = new AbortController();
  const states: ScanState[] = [];
  let heard = 0;
  const source = { open: () => Promise.resolve(adapter), reset: () => Promise.resolve() };
  const ended = new HciScanner({ ...SCAN, source }, clock, log).run({
    advertisement: () => void heard++,
    invalid: () => {},
    delivered: () => undefined,
    state: (state) => void states.push(state),
  }, controller.signal);
  ended.catch(() => {});
  return { adapter, clock, log, controller, states, ended, heard: () => heard };
}

async function stop({ controller, ended, adapter, clock }: ReturnType<typeof scanning>): Promise<void> {
  controller.abort();
  await ended;
  assert.equal(adapter.closed, true);
  assert.equal(clock.sleeping, 0);
}

/** What the controller was told of its scan since the last call. */
function told(adapter: FakeAdapter): string[] {
  return adapter.sent.splice(0).flatMap((packet) => {
    switch ((packet[1] ?? 0) | (packet[2] ?? 0) << 8) {
      case hci.CMD_LE_SET_SCAN_ENABLE:
      case hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE:
        return packet[4] === 1 ? "on" : "off";
      case hci.CMD_LE_SET_SCAN_PARAMETERS:
        return packet[4] === 1 ? "active" : "passive";
      case hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS:
        return packet[7] === 1 ? "active" : "passive";
      default:
        return [];
    }
  });
}

for (const exclusive of [false, true]) {
  for (const [family, { advertises, answers }] of Object.entries({ LEGACY, EXTENDED })) {
    const channel = exclusive ? "the user channel" : "a channel shared with the kernel";
    test(`HciScanner in auto mode asks for a name, and is passive again, with ${family} commands on ${channel}`, async () => {
      const scan = scanning({ exclusive, extended: family === "EXTENDED" });
      const { adapter, clock } = scan;
      await clock.advance(10_000);
      assert.deepEqual(told(adapter).slice(-3), ["off", "passive", "on"]);
      adapter.deliver(advertises());
      await clock.advance(250);
      assert.deepEqual(told(adapter), ["off", "active", "on"]);
      adapter.deliver(advertises());
      adapter.deliver(answers());
      await clock.advance(250);
      assert.deepEqual(told(adapter), ["off", "passive", "on"]);
      adapter.deliver(advertises());
      await clock.advance(60_000);
      assert.deepEqual(told(adapter), []);
      assert.equal(scan.heard(), 4);
      assert.deepEqual(scan.states.filter(({ kind }) => kind !== "starting").map((state) => ({ ...state })), [{
        kind: "scanning",
        adapter: "hci0",
        adapterAddress: "00:11:22:33:44:55",
        mode: "auto",
        extended: family === "EXTENDED",
      }]);
      assert.deepEqual(scan.log.of("scan ended"), []);
      await stop(scan);
      assert.deepEqual(told(adapter), ["off"]);
    });
  }
}

test("HciScanner in auto mode gives up asking whoever does not answer, after three seconds", async () => {
  const scan = scanning();
  const { adapter, clock } = scan;
  await clock.advance(0);
  adapter.deliver(LEGACY.advertises());
  await clock.advance(250);
  told(adapter);
  await clock.advance(2_750);
  assert.deepEqual(told(adapter), []);
  await clock.advance(250);
  assert.deepEqual(told(adapter), ["off", "passive", "on"]);
  const asked = scan.log.of("asked for names")[0]?.fields;
  assert.deepEqual(asked, { adapter: "hci0", unanswered: 1, active_ms: 3_000 });
  await stop(scan);
});

test("HciScanner in auto mode goes on as it was after another program has ended its scan, and is no longer active for it", async () => {
  const scan = scanning();
  const { adapter, clock } = scan;
  await clock.advance(0);
  for (const [isActive, mode] of [[false, "passive"], [true, "active"]] as const) {
    if (isActive) {
      adapter.deliver(LEGACY.advertises());
      await clock.advance(250);
    }
    told(adapter);
    adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
    await clock.advance(1_000);
    assert.deepEqual(told(adapter), ["off", mode, "on"]);
    assert.equal(scan.log.of("scan ended").length, isActive ? 2 : 1);
  }
  await clock.advance(2_250);
  assert.deepEqual(told(adapter), ["off", "passive", "on"]);
  await stop(scan);
});

test("HciScanner in auto mode takes a scan back that another program puts in the place of its own while it changes", async () => {
  const scan = scanning();
  const { adapter, clock } = scan;
  await clock.advance(0);
  adapter.deliver(LEGACY.advertises());
  const send = adapter.send.bind(adapter);
  let hasCome = false;
  adapter.send = (packet) => {
    send(packet);
    // Between the parameters and the beginning of the active scan.
    if (hasCome || packet[1] !== 0x0b || packet[4] !== 1) return;
    hasCome = true;
    queueMicrotask(() => adapter.foreign(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 1])));
  };
  await clock.advance(2_000);
  assert.ok(hasCome);
  assert.equal(scan.states.at(-1)?.kind, "scanning");
  assert.equal(told(adapter).at(-1), "on");
  adapter.deliver(LEGACY.answers());
  await clock.advance(5_000);
  assert.deepEqual(told(adapter).slice(-3), ["off", "passive", "on"]);
  await stop(scan);
});

test("HciScanner in auto mode fails where the controller refuses to become active, and knows it is not", async () => {
  const refuse = new Map<number, number>();
  const scan = scanning({ refuse });
  await scan.clock.advance(0);
  scan.adapter.deliver(LEGACY.advertises());
  refuse.set(hci.CMD_LE_SET_SCAN_PARAMETERS, 0x12);
  await scan.clock.advance(1_000);
  await assert.rejects(scan.ended, { message: "hci0 refused the scan parameters (status 0x12)", cure: "reset" });
  assert.equal(scan.clock.sleeping, 0);
});

test("HciScanner in auto mode ends what the kernel takes for a discovery each time that it has been active", async () => {
  const ends: string[] = [];
  const end = (): Promise<DiscoveryEnd> => {
    ends.push(told(scan.adapter).join());
    return Promise.resolve("ended");
  };
  const discovery = { begin: end, end, hasNewNeighbours: () => false };
  const scan = scanning({ discovery });
  const { adapter, clock } = scan;
  await clock.advance(0);
  assert.equal(ends.length, 1);
  told(adapter);
  adapter.deliver(LEGACY.advertises());
  await clock.advance(250);
  adapter.deliver(LEGACY.answers());
  await clock.advance(250);
  assert.deepEqual([ends.slice(1), told(adapter)], [["off,active,on"], ["off", "passive", "on"]]);
  await stop(scan);
  assert.equal(ends.length, 2);
});

/** Also what lets others run, as the simulation does. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Long enough for phones to change their addresses. */
const LISTENING_MS = 20 * 60_000;

/** What a scan hears meanwhile of the same simulated crowd. */
async function listening(mode: "active" | "passive" | "auto") {
  const clock = new FakeClock(0, settle);
  const controller = new AbortController();
  const log = new RecordingLog();
  const named = new Set<string>();
  const devices = new Set<string>();
  const counts = { advertisements: 0, scanResponses: 0, invalid: 0 };
  const open = (): Promise<HciTransport> => openSimulated({ devices: 40, reportsPerSecond: 10, seed: 7, clock });
  const source = { open, reset: () => Promise.resolve() };
  const ended = new HciScanner({ ...SCAN, mode, source }, clock, log).run({
    advertisement({ address, localName, scanResponse }) {
      counts[scanResponse ? "scanResponses" : "advertisements"]++;
      devices.add(address);
      if (localName !== null) named.add(address);
    },
    invalid: () => void counts.invalid++,
    delivered: () => undefined,
    state: () => {},
  }, controller.signal);
  await clock.advance(LISTENING_MS);
  controller.abort();
  await ended;
  const active = log.of("asked for names").map(({ fields }) => Number(fields["active_ms"]));
  return { ...counts, devices, named, activeMs: active.reduce((sum, ms) => sum + ms, 0), windows: active.length };
}

test("HciScanner in auto mode finds the names that active scanning finds, with a fraction of its scan requests", async () => {
  const [active, passive, auto] = [await listening("active"), await listening("passive"), await listening("auto")];
  assert.ok(passive.named.size < active.named.size);
  assert.deepEqual([...active.named].filter((address) => !auto.named.has(address)), []);
  assert.equal(passive.scanResponses, 0);
  assert.ok(auto.scanResponses < active.scanResponses / 10, `${auto.scanResponses} of ${active.scanResponses}`);
  assert.ok(auto.windows > 1);
  assert.ok(auto.activeMs <= SCAN.autoActiveShare * LISTENING_MS + 15_000, `active for ${auto.activeMs} ms`);
});
