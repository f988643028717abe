/**
 * `deno task bench:addresses`: memory of the agent while it hears a million random addresses, each with a name and a
 * service to remember, and a hundred thousand advertisements of which the last fragment never comes.
 */
// deno-lint-ignore-file no-console
import { ReportReader } from "../../src/advertisement/mod.ts";
import { Agent, type Publisher, type Scanner, type ScanSink, Vitals } from "../../src/agent/mod.ts";
import { adStructure, extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { systemClock as clock } from "../../src/time/mod.ts";
import { readMemory } from "../support/memory.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { PASS_ALL } from "../support/pass_all.ts";

const ADDRESSES = 1_000_000;
const CHAINS = 100_000;
const STEP = 100_000;
const MORE_DATA = 0b01 << 5;

const data = Uint8Array.of(
  ...adStructure(0x03, [0x0f, 0x18]),
  ...adStructure(0x09, new TextEncoder().encode("TempSensor_1")),
);
const publisher: Publisher = {
  publish(_topic, _payload, settled) {
    settled(null);
    return "accepted";
  },
  ready: () => Promise.resolve(),
  announce: () => {},
};

/** Gives way to others now and then, and tells what is held by then. */
class Flood implements Scanner {
  readonly paced = false;
  readonly missed = 0;

  async run(sink: ScanSink): Promise<void> {
    await tell("before");
    const reader = new ReportReader({ clock, sink });
    for (let count = 1; count <= ADDRESSES; count++) {
      const address = crypto.getRandomValues(new Uint8Array(6));
      reader.read(legacyReportsPacket({ eventType: 0, addressType: 1, address, data, rssiDbm: -60 }));
      sink.delivered();
      if (count % STEP === 0) await tell(`${count} addresses`);
    }
    for (let count = 1; count <= CHAINS; count++) {
      const address = crypto.getRandomValues(new Uint8Array(6));
      reader.read(extendedReportsPacket({ eventType: MORE_DATA, addressType: 1, address, data, rssiDbm: -60 }));
      sink.delivered();
    }
    await tell(`and ${CHAINS} unfinished chains`);
  }

  reset(): Promise<void> {
    return Promise.resolve();
  }
}

async function tell(when: string): Promise<void> {
  (globalThis as { gc?: () => void }).gc?.();
  const { privateKiB } = await readMemory(Deno.pid);
  const { heapUsed } = Deno.memoryUsage();
  console.log(
    `${when}: heap in use ${(heapUsed / 2 ** 20).toFixed(1)} MiB, private ${(privateKiB / 1024).toFixed(1)} MiB`,
  );
}

if (import.meta.main) {
  const log = new RecordingLog("error");
  const scanner = new Flood();
  const vitals = new Vitals({ clock, missed: () => scanner.missed, log });
  const parts = { scanner, publisher, vitals, clock, random: Math.random, log };
  const agent = new Agent(
    {
      scannerId: "s1",
      fields: "standard",
      runId: "r1",
      topic: "ble/raw/{scanner_id}/{mac_address}",
      mergeScanResponse: true,
      namesLastMs: 60_000,
      filter: { ...PASS_ALL, onChangeMs: 60_000, maxRatePerDevice: 10 },
      intervalMs: 60_000,
      stallTimeoutMs: 60_000,
    },
    parts,
  );
  await agent.run(new AbortController().signal);
  console.log(vitals.counters);
}
