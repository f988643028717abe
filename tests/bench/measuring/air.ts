import type { Message } from "../../../src/advertisement/mod.ts";
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

/**
 * Writes what the program makes of so many reports of a hundred devices, one message a line: for peers, who do not have to
 * make them.
 */
export function writeMessages(path: string, count: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  for (let i = 0; i < count; i++) {
    const device = i % 100;
    file.writeSync(encoder.encode(
      JSON.stringify({
        scanner_id: "s1",
        mac_address: `C0:00:00:00:00:${device.toString(16).padStart(2, "0").toUpperCase()}`,
        rssi: -60,
        timestamp: "2026-01-11T10:30:45.123Z",
        manufacturer_data: { "4c00": (i & 0xffffff).toString(16).padStart(6, "0") },
        service_uuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
        local_name: NAME + device,
      }) + "\n",
    ));
  }
}

/** Which of the recording's reports a message is about. */
export function numberOf(message: Message): number {
  const [low = 0, middle = 0, high = 0] = Uint8Array.fromHex(message.manufacturer_data["4c00"] ?? "");
  return low + (middle << 8) + (high << 16);
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
