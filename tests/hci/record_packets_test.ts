import assert from "node:assert/strict";
import { type BtsnoopRecord, commandPacket, hci, legacyReportsPacket, recordPackets } from "../../src/hci/mod.ts";
import { FakeAdapter } from "../support/fake_adapter.ts";
import { countingReport } from "../support/recording.ts";
import { test } from "../support/test.ts";

const COMMAND = commandPacket(hci.CMD_READ_BD_ADDR);
const FOREIGN = commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]);
const REPORT = legacyReportsPacket(countingReport(1));

test("recordPackets() shows what is sent and received, and whose it is, and changes nothing", async () => {
  const adapter = new FakeAdapter();
  const records: Omit<BtsnoopRecord, "truncated">[] = [];
  const source = { open: () => Promise.resolve(adapter), reset: () => Promise.resolve() };
  let nowMs = 1_000;
  const recorded = recordPackets(source, { wallMs: () => nowMs++ }, ({ packet, ...rest }) => {
    records.push({ packet: packet.slice(), ...rest });
  });
  const received: Uint8Array[] = [];
  const stop = new AbortController();
  {
    await using transport = await recorded.open();
    assert.deepEqual([transport.name, transport.paced, transport.exclusive, transport.isUp()], [
      "hci0",
      false,
      false,
      true,
    ]);
    adapter.dropped = 3;
    assert.equal(transport.droppedPackets(), 3);
    const receiving = transport.receive((packet) => void received.push(packet.slice()), stop.signal);
    transport.send(COMMAND);
    await Promise.resolve();
    adapter.deliver(REPORT);
    adapter.foreign(FOREIGN);
    stop.abort();
    await receiving;
  }
  assert.ok(adapter.closed);
  assert.deepEqual(adapter.sent, [COMMAND]);
  assert.deepEqual(received, records.slice(1).map(({ packet }) => packet));
  assert.deepEqual(records.map(({ received }) => received), [false, true, true, false, true]);
  assert.deepEqual([records[0]?.packet, records[2]?.packet, records[3]?.packet], [COMMAND, REPORT, FOREIGN]);
  assert.deepEqual(records.map(({ timestampMs }) => timestampMs), [1_000, 1_001, 1_002, 1_003, 1_004]);
});

test("recordPackets() lets a recording wait for its receiver, and resets the adapter", async () => {
  let resets = 0;
  const adapter = new FakeAdapter();
  const source = { open: () => Promise.resolve(adapter), reset: () => Promise.resolve(void resets++) };
  const recorded = recordPackets(source, { wallMs: () => 0 }, () => {});
  await recorded.reset();
  assert.equal(resets, 1);
  await using transport = await recorded.open();
  const patience = Promise.resolve();
  let given: unknown;
  const stop = new AbortController();
  const { receive } = adapter;
  adapter.receive = (onPacket, signal) => receive.call(adapter, (packet) => given = onPacket(packet), signal);
  const receiving = transport.receive(() => patience, stop.signal);
  adapter.deliver(REPORT);
  assert.equal(given, patience);
  stop.abort();
  await receiving;
});
