import { EVENT_LE_META, PACKET_EVENT } from "../constants.ts";
import {
  type AdapterInfo,
  type LinuxHost,
  linuxHost,
  mayAdminister,
  openControl,
  readAdapters,
  readDeviceInfo,
} from "./adapters.ts";
import type { Libc } from "./libc.ts";
import { readText } from "./read_text.ts";
import * as uapi from "./uapi.ts";

/** An adapter, and what it can do. */
export interface SurveyedAdapter extends AdapterInfo {
  /** Whether it supports Bluetooth LE; null: unknown, it was never up. */
  readonly lowEnergy: boolean | null;
}

/** What there is of Bluetooth on this machine, and what this process may do with it. */
export interface BluetoothSurvey {
  /** By index. */
  readonly adapters: readonly SurveyedAdapter[];
  /** Whether the kernel lets this process receive advertisements (CAP_NET_RAW). */
  readonly mayScan: boolean;
  /** Whether it lets this process power adapters up (CAP_NET_ADMIN). */
  readonly mayPowerUp: boolean;
  /** HCI sockets of other programs, bluetoothd among them; null: the system does not say. */
  readonly foreignSockets: number | null;
}

/**
 * Examines Bluetooth on this machine and changes nothing. No capability is needed. What is allowed is found out by
 * trying it on the kernel, which knows about containers, too.
 *
 * @throws {HciError} `EAFNOSUPPORT` if the system has no Bluetooth
 */
export function surveyBluetooth(host: LinuxHost = linuxHost): BluetoothSurvey {
  using libc = host.openLibc();
  const foreignSockets = countSockets(libc); // before there is one of our own
  using control = openControl(libc);
  return {
    adapters: readAdapters(libc, control.fd).map((adapter) => ({
      ...adapter,
      lowEnergy: readLowEnergy(libc, control.fd, adapter.index),
    })),
    mayScan: mayReceiveLeEvents(libc, control.fd),
    mayPowerUp: mayAdminister(libc, control.fd),
    foreignSockets,
  };
}

/** A heading, then a line for each HCI socket of any program; only outside of network namespaces. */
function countSockets(libc: Libc): number | null {
  const lines = readText(libc, "/proc/net/hci")?.trimEnd().split("\n");
  return lines === undefined ? null : lines.length - 1;
}

/** LMP feature "LE Supported (Controller)" (Core Specification 5.4, Vol 2, Part C, 3.3). */
function readLowEnergy(libc: Libc, control: number, index: number): boolean | null {
  const info = readDeviceInfo(libc, control, index);
  if (info === null) return null;
  const features = info.subarray(21, 29);
  return features.every((byte) => byte === 0) ? null : ((features[4] ?? 0) & 0x40) !== 0;
}

/** A process without CAP_NET_RAW can set this filter, but does not get all of it. */
function mayReceiveLeEvents(libc: Libc, socket: number): boolean {
  const filter = new DataView(new ArrayBuffer(16)); // struct hci_filter: types, two words of events, opcode
  const leMeta = 1 << (EVENT_LE_META & 31);
  filter.setUint32(0, 1 << PACKET_EVENT, true);
  filter.setUint32(8, leMeta, true);
  const bytes = new Uint8Array(filter.buffer);
  if (libc.setsockopt(socket, uapi.SOL_HCI, uapi.HCI_FILTER, bytes) < 0) return false;
  if (libc.getsockopt(socket, uapi.SOL_HCI, uapi.HCI_FILTER, bytes) < 0) return false;
  return (filter.getUint32(8, true) & leMeta) !== 0;
}
