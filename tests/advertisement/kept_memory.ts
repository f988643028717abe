// What 4,000 devices are remembered with that send the longest names and services, and are never published; in bytes.
import { ReportReader, ScanResponseMerger } from "../../src/advertisement/mod.ts";
import { adStructure, extendedReportsPacket } from "../../src/hci/mod.ts";

const DEVICES = 4_000;
const { gc } = globalThis as unknown as { gc: () => void };
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const merger = new ScanResponseMerger({ clock });
const reader = new ReportReader({
  clock,
  sink: { advertisement: (heard) => void merger.merge(heard), invalid: () => {} },
});

function packet(device: number): Uint8Array {
  const address = Uint8Array.of(device & 0xff, device >> 8, 0, 0, 0, 0xc0);
  const name = new TextEncoder().encode(String(device).padStart(180, "n"));
  const uuid = Uint8Array.from({ length: 16 }, (_, index) => device + index);
  const data = [adStructure(0x09, name), adStructure(0x07, uuid)].flatMap((structure) => [...structure]);
  return extendedReportsPacket({ eventType: 0, addressType: 1, address, data: Uint8Array.from(data), rssiDbm: -60 });
}

for (let device = 0; device < 10; device++) reader.read(packet(device));
gc();
const before = Deno.memoryUsage().heapUsed;
for (let device = 0; device < DEVICES; device++) reader.read(packet(device));
gc();
// deno-lint-ignore no-console
console.log(Math.round((Deno.memoryUsage().heapUsed - before) / merger.devices));
