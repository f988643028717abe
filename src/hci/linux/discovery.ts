import type { Clock } from "../../time/mod.ts";
import type { DiscoveryEnd, KernelDiscovery } from "../transport.ts";
import { EAGAIN, EINTR } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { readText } from "./read_text.ts";
import { AF_BLUETOOTH, BTPROTO_HCI, HCI_CHANNEL_CONTROL, HCI_DEV_NONE, SOCKET_TYPE } from "./uapi.ts";

/** The management interface (`Documentation` of BlueZ, mgmt-api). */
const START_DISCOVERY = 0x0023;
const STOP_DISCOVERY = 0x0024;
const EVENT_COMMAND_COMPLETE = 0x0001;
const EVENT_COMMAND_STATUS = 0x0002;
const HEADER_BYTES = 6;
const STATUS_REJECTED = 0x0b;
const STATUS_PERMISSION_DENIED = 0x14;
/** Stopping takes the type of the kernel's last discovery: LE, interleaved, BR/EDR, or none so far. */
const DISCOVERY_TYPES = [6, 7, 1, 0];
/** The types that bluetoothd uses: on an adapter with BR/EDR, and on one without, which rejects the first. */
const USUAL_TYPES = [7, 6];

const LOOK_MS = 10;
/** How long to wait for a discovery to stop: the program has 3 s to end in. */
const LONGEST_END_MS = 500;
/** The kernel gives up after 2 s on a command that the controller does not answer. */
const LONGEST_BEGINNING_MS = 2_000;

/** The kernel's discovery on an adapter; see {@linkcode KernelDiscovery}. */
export function kernelDiscovery(libc: Libc, index: number, clock: Clock): KernelDiscovery {
  let neighbours = readSockets(libc);
  const within = (longestMs: number, signal?: AbortSignal): Limits => ({ index, clock, longestMs, signal });
  return {
    begin: (signal) => withManagement(libc, within(LONGEST_BEGINNING_MS, signal), prepareDiscovery),
    end: () => withManagement(libc, within(LONGEST_END_MS), endDiscovery),
    hasNewNeighbours() {
      const before = neighbours;
      neighbours = readSockets(libc);
      return [...neighbours].some((socket) => !before.has(socket));
    },
  };
}

interface Limits {
  readonly index: number;
  readonly clock: Clock;
  /** How long to wait for an answer. */
  readonly longestMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a command about a discovery of this type, and resolves to the status in the answer; null: the kernel is still
 * working on it. A refusal comes at once.
 */
type Command = (opcode: number, type: number) => Promise<number | null>;

/**
 * Runs with a socket on the management channel, which is closed afterwards because the kernel would report each device
 * heard to it.
 */
async function withManagement(
  libc: Libc,
  limits: Limits,
  run: (command: Command) => Promise<DiscoveryEnd>,
): Promise<DiscoveryEnd> {
  using resources = new DisposableStack();
  const socket = libc.socket(AF_BLUETOOTH, SOCKET_TYPE, BTPROTO_HCI);
  if (socket < 0) return "denied";
  resources.defer(() => void libc.close(socket));
  const address = Uint16Array.of(AF_BLUETOOTH, HCI_DEV_NONE, HCI_CHANNEL_CONTROL); // struct sockaddr_hci
  if (libc.bind(socket, new Uint8Array(address.buffer)) < 0) return "denied";
  return await run((opcode, type) => command(opcode, type, libc, socket, limits));
}

/** Resolves only when none of its commands is still in progress: the kernel would end the scan that starts next. */
async function prepareDiscovery(command: Command): Promise<DiscoveryEnd> {
  const end = await endDiscovery(command);
  if (end === "denied") return end;
  for (const type of USUAL_TYPES) {
    const status = await command(START_DISCOVERY, type);
    if (status !== 0 && status !== null) continue;
    await command(STOP_DISCOVERY, type);
    break;
  }
  return end;
}

async function endDiscovery(command: Command): Promise<DiscoveryEnd> {
  for (const type of DISCOVERY_TYPES) {
    const status = await command(STOP_DISCOVERY, type);
    if (status === 0 || status === null) return "ended";
    if (status === STATUS_REJECTED) return "none";
    if (status === STATUS_PERMISSION_DENIED) return "denied";
  }
  return "none";
}

async function command(
  opcode: number,
  type: number,
  libc: Libc,
  socket: number,
  { index, clock, longestMs, signal }: Limits,
): Promise<number | null> {
  const packet = Uint8Array.of(...u16(opcode), ...u16(index), ...u16(1), type);
  if (libc.write(socket, packet) !== packet.length) return STATUS_REJECTED;
  for (let waitedMs = 0; waitedMs < longestMs; waitedMs += LOOK_MS) {
    const status = readAnswer(opcode, libc, socket);
    if (status !== null) return status;
    await clock.sleep(LOOK_MS, signal);
  }
  return null;
}

/** Reads up to the answer, skipping whatever else the kernel sends; null: it has not come yet. */
function readAnswer(opcode: number, libc: Libc, socket: number): number | null {
  const packet = new Uint8Array(1_024);
  while (true) {
    const length = libc.read(socket, packet);
    if (length === -EINTR) continue;
    if (length <= 0) return length === -EAGAIN ? null : STATUS_REJECTED;
    const view = new DataView(packet.buffer, 0, length);
    if (length < HEADER_BYTES + 3) continue;
    const event = view.getUint16(0, true);
    const isAnswer = event === EVENT_COMMAND_COMPLETE || event === EVENT_COMMAND_STATUS;
    if (isAnswer && view.getUint16(HEADER_BYTES, true) === opcode) return view.getUint8(HEADER_BYTES + 2);
  }
}

/** The HCI sockets of all programs, by inode; empty if the system does not say. */
function readSockets(libc: Libc): ReadonlySet<string> {
  const [, ...lines] = readText(libc, "/proc/net/hci")?.trimEnd().split("\n") ?? [];
  const inodeColumn = 5; // sk, RefCnt, Rmem, Wmem, User, Inode, Parent
  return new Set(lines.map((line) => line.trim().split(/\s+/)[inodeColumn] ?? ""));
}

function u16(value: number): [number, number] {
  return [value & 0xff, value >> 8];
}
