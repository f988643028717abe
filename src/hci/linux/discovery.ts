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
/** The kernel wants to hear the type of its last discovery: LE, interleaved, BR/EDR, or none so far. */
const DISCOVERY_TYPES = [6, 7, 1, 0];
/** Those of bluetoothd's, on an adapter with BR/EDR and on one without, which cannot be asked for the first. */
const USUAL_TYPES = [7, 6];

const LOOK_MS = 10;
const LONGEST_MS = 500;

/** The kernel's discovery on an adapter; see {@linkcode KernelDiscovery}. */
export function kernelDiscovery(libc: Libc, index: number, clock: Clock): KernelDiscovery {
  let neighbours = readSockets(libc);
  return {
    begin: () => withManagement(libc, "denied", (socket) => prepareDiscovery(libc, socket, index, clock)),
    end: () => withManagement(libc, "denied", (socket) => endDiscovery(libc, socket, index, clock)),
    hasNewNeighbours() {
      const before = neighbours;
      neighbours = readSockets(libc);
      return [...neighbours].some((socket) => !before.has(socket));
    },
  };
}

/** Runs with a socket on the management channel, closed afterwards: the kernel would tell it of each device heard. */
async function withManagement<T>(libc: Libc, denied: T, run: (socket: number) => Promise<T>): Promise<T> {
  using resources = new DisposableStack();
  const socket = libc.socket(AF_BLUETOOTH, SOCKET_TYPE, BTPROTO_HCI);
  if (socket < 0) return denied;
  resources.defer(() => void libc.close(socket));
  const address = Uint16Array.of(AF_BLUETOOTH, HCI_DEV_NONE, HCI_CHANNEL_CONTROL); // struct sockaddr_hci
  if (libc.bind(socket, new Uint8Array(address.buffer)) < 0) return denied;
  return await run(socket);
}

async function prepareDiscovery(libc: Libc, socket: number, index: number, clock: Clock): Promise<DiscoveryEnd> {
  const end = await endDiscovery(libc, socket, index, clock);
  if (end === "denied") return end;
  for (const type of USUAL_TYPES) {
    if (await command(START_DISCOVERY, libc, socket, index, type, clock) !== 0) continue;
    await command(STOP_DISCOVERY, libc, socket, index, type, clock);
    break;
  }
  return end;
}

async function endDiscovery(libc: Libc, socket: number, index: number, clock: Clock): Promise<DiscoveryEnd> {
  for (const type of DISCOVERY_TYPES) {
    const status = await command(STOP_DISCOVERY, libc, socket, index, type, clock);
    if (status === 0 || status === null) return "ended";
    if (status === STATUS_REJECTED) return "none";
    if (status === STATUS_PERMISSION_DENIED) return "denied";
  }
  return "none";
}

/** The status of the answer; null: the kernel is at it, and takes long. A refusal comes at once. */
async function command(
  opcode: number,
  libc: Libc,
  socket: number,
  index: number,
  type: number,
  clock: Clock,
): Promise<number | null> {
  const packet = Uint8Array.of(...u16(opcode), ...u16(index), ...u16(1), type);
  if (libc.write(socket, packet) !== packet.length) return STATUS_REJECTED;
  for (let waitedMs = 0; waitedMs < LONGEST_MS; waitedMs += LOOK_MS) {
    const status = readAnswer(opcode, libc, socket);
    if (status !== null) return status;
    await clock.sleep(LOOK_MS);
  }
  return null;
}

/** Reads up to the answer, past whatever else the kernel tells there; null: it has not come. */
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

/** The HCI sockets of all programs, by inode; none where the system does not say. */
function readSockets(libc: Libc): ReadonlySet<string> {
  const [, ...lines] = readText(libc, "/proc/net/hci")?.trimEnd().split("\n") ?? [];
  const inodeColumn = 5; // sk, RefCnt, Rmem, Wmem, User, Inode, Parent
  return new Set(lines.map((line) => line.trim().split(/\s+/)[inodeColumn] ?? ""));
}

function u16(value: number): [number, number] {
  return [value & 0xff, value >> 8];
}
