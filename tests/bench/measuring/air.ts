import { encodeBtsnoopHeader, encodeBtsnoopRecord, legacyReportsPacket } from "../../../src/hci/mod.ts";

/** What a recording holds. */
export interface Air {
  readonly reports: number;
  readonly reportsPerS: number;
  readonly devices: number;
  /** How many devices a second take a new address. */
  readonly newAddressesPerS: number;
}

/** The names are told apart: what is remembered of a device is not shared. */
const NAME = "TempSensor_";

/** Writes a recording to `path`: each device in turn says its name, a service and what it measures. */
export function writeRecording(path: string, { reports, reportsPerS, devices, newAddressesPerS }: Air): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  file.writeSync(encodeBtsnoopHeader());
  const generations = new Uint32Array(devices);
  for (let i = 0; i < reports; i++) {
    const renewed = Math.floor(i * newAddressesPerS / reportsPerS);
    if (renewed > Math.floor((i - 1) * newAddressesPerS / reportsPerS)) {
      generations[renewed % devices] = (generations[renewed % devices] ?? 0) + 1;
    }
    file.writeSync(encodeBtsnoopRecord({
      packet: reportOf(i % devices, generations[i % devices] ?? 0, i),
      received: true,
      timestampMs: 1_800_000_000_000 + i * 1000 / reportsPerS,
    }));
  }
}

function reportOf(device: number, generation: number, count: number): Uint8Array {
  const name = new TextEncoder().encode(NAME + device);
  return legacyReportsPacket({
    eventType: 3,
    addressType: 1,
    address: Uint8Array.of(device, device >> 8, generation, generation >> 8, 0, 0xc0),
    data: Uint8Array.of(
      ...[2, 0x01, 6],
      ...[3, 0x03, 0x0f, 0x18],
      ...[name.length + 1, 0x09, ...name],
      ...[6, 0xff, 0x4c, 0, count, count >> 8, count >> 16],
    ),
    rssiDbm: -60,
  });
}
