import type { Clock } from "../../time/mod.ts";
import * as hci from "../constants.ts";
import type { HciTransport, KernelDiscovery, PacketHandler } from "../transport.ts";
import {
  type AdapterChoice,
  type AdapterInfo,
  type AdapterSelector,
  type LinuxHost,
  linuxHost,
  openControl,
  readAdapters,
  readIsUp,
  selectAdapter,
  setPower,
} from "./adapters.ts";
import { kernelDiscovery } from "./discovery.ts";
import { EAGAIN, EINTR, EIO, ENODEV, EPERM, hciError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import * as uapi from "./uapi.ts";

/** How to open an adapter. */
export interface LinuxHciSocketOptions {
  /** Null: the first adapter that is up, otherwise the first. */
  readonly adapter: AdapterSelector | null;
  /**
   * `raw` shares the adapter with the kernel and other programs. `user` takes it from them: it has to be down; the
   * kernel powers it up, which blocks this program meanwhile, and then sends nothing of its own.
   */
  readonly channel: "raw" | "user";
  /** Powers up an adapter that is down (raw channel only); needs CAP_NET_ADMIN. */
  readonly powerUp: boolean;
}

/** An adapter of this machine, through the kernel's HCI socket. */
export interface LinuxHciSocket extends HciTransport {
  /** The adapter as it was when it was opened. */
  readonly adapter: AdapterInfo;
  /** How many packets the kernel has dropped because this program did not read them in time; 0 once closed. */
  droppedPackets(): number;
}

/**
 * Opens an HCI socket on an adapter. On the raw channel it delivers the events that scanning needs (command complete
 * and status, hardware error, LE Meta, and whatever else has the same low six bits) and the commands of other programs.
 *
 * @throws {HciError} `EAFNOSUPPORT` without Bluetooth or on another operating system, `ENODEV` without such an adapter,
 * `EPERM` without the capabilities, `ERFKILL`, `EBUSY` (user channel), `EIO`
 */
export async function openLinuxHciSocket(
  options: LinuxHciSocketOptions,
  host: LinuxHost = linuxHost,
): Promise<LinuxHciSocket> {
  using resources = new DisposableStack();
  const libc = resources.use(host.openLibc());
  const choose = (adapters: readonly AdapterInfo[]) => selectAdapter(adapters, options.adapter);
  return await openChosenAdapter(libc, choose, options, host.clock, resources);
}

/**
 * The same, through a library that is already open, on the adapter that `choose` picks from the list.
 *
 * @param resources released with the socket when it is closed, or at once if it cannot be opened
 */
export async function openChosenAdapter(
  libc: Libc,
  choose: AdapterChoice,
  options: Pick<LinuxHciSocketOptions, "channel" | "powerUp">,
  clock: Clock,
  resources = new DisposableStack(),
): Promise<LinuxHciSocket> {
  using opening = resources.move();
  const control = opening.use(openControl(libc)).fd;
  let adapter = choose(readAdapters(libc, control));
  if (options.powerUp && options.channel === "raw" && adapter.state === "down") {
    await setPower("up", adapter, libc, control, clock);
    adapter = poweredUp(adapter, readAdapters(libc, control));
  }
  const own = (fd: number): number => {
    if (fd < 0) throw hciError("open", adapter.name, -fd);
    return opening.adopt(fd, (fd) => void libc.close(fd));
  };
  const socket = own(libc.socket(uapi.AF_BLUETOOTH, uapi.SOCKET_TYPE, uapi.BTPROTO_HCI));
  bind(libc, socket, adapter, options.channel);
  if (options.channel === "raw") filterEvents(libc, socket, adapter);
  enlargeReceiveBuffer(libc, socket);
  const alarm = own(libc.eventfd(0, uapi.NONBLOCK_CLOEXEC));
  const fds = { control, socket, alarm };
  const exclusive = options.channel === "user";
  const discovery = exclusive ? undefined : kernelDiscovery(libc, adapter.index, clock);
  return new OpenSocket(adapter, exclusive, discovery, libc, fds, opening.move());
}

/**
 * The adapter as it is now: some report their address only once they are up. Powering up takes seconds, and the adapter
 * may be gone by then.
 */
function poweredUp(before: AdapterInfo, adapters: readonly AdapterInfo[]): AdapterInfo {
  const now = adapters.find(({ index }) => index === before.index);
  if (now === undefined || before.address !== null && now.address !== before.address) {
    throw hciError("open", before.name, ENODEV);
  }
  return now;
}

function bind(libc: Libc, socket: number, adapter: AdapterInfo, channel: "raw" | "user"): void {
  const channelNumber = channel === "raw" ? uapi.HCI_CHANNEL_RAW : uapi.HCI_CHANNEL_USER;
  const address = Uint16Array.of(uapi.AF_BLUETOOTH, adapter.index, channelNumber); // struct sockaddr_hci
  const result = libc.bind(socket, new Uint8Array(address.buffer));
  if (result < 0) throw hciError(`open the ${channel} channel of`, adapter.name, -result);
}

const wantedEvents = [
  hci.EVENT_COMMAND_COMPLETE,
  hci.EVENT_COMMAND_STATUS,
  hci.EVENT_HARDWARE_ERROR,
  hci.EVENT_LE_META,
];

/**
 * The kernel does not refuse the filter to a process without CAP_NET_RAW, but silently removes LE events from it: a
 * scan would find nothing. Reading the filter back shows it.
 */
function filterEvents(libc: Libc, socket: number, adapter: AdapterInfo): void {
  const types = 1 << hci.PACKET_COMMAND | 1 << hci.PACKET_EVENT;
  const filter = new DataView(new ArrayBuffer(16)); // struct hci_filter: types, two words of events, opcode (0: any)
  filter.setUint32(0, types, true);
  for (const event of wantedEvents) {
    const word = 4 + (event >> 5) * 4;
    filter.setUint32(word, filter.getUint32(word, true) | 1 << (event & 31), true);
  }
  const wanted = new Uint8Array(filter.buffer);
  const result = libc.setsockopt(socket, uapi.SOL_HCI, uapi.HCI_FILTER, wanted);
  if (result < 0) throw hciError("choose the events of", adapter.name, -result);
  const granted = new Uint8Array(wanted.length);
  const again = libc.getsockopt(socket, uapi.SOL_HCI, uapi.HCI_FILTER, granted);
  if (again < 0) throw hciError("read back the events of", adapter.name, -again);
  if (wanted.some((byte, i) => byte !== granted[i])) throw hciError("open", adapter.name, EPERM);
}

/**
 * Room for what arrives while this program does something else; without CAP_NET_ADMIN the system's limit applies
 * (`net.core.rmem_max`). A failure does no harm.
 */
function enlargeReceiveBuffer(libc: Libc, socket: number): void {
  const size = new Uint8Array(Uint32Array.of(1 << 20).buffer);
  if (libc.setsockopt(socket, uapi.SOL_SOCKET, uapi.SO_RCVBUFFORCE, size) < 0) {
    libc.setsockopt(socket, uapi.SOL_SOCKET, uapi.SO_RCVBUF, size);
  }
}

interface Descriptors {
  /** Bound to no adapter, for ioctl(). */
  readonly control: number;
  readonly socket: number;
  /** An eventfd that wakes a waiting poll(). */
  readonly alarm: number;
}

/** Packets read in a row before timers and other sockets get their turn. */
const batchSize = 64;

class OpenSocket implements LinuxHciSocket {
  readonly name: string;
  readonly paced = false;
  readonly #libc: Libc;
  readonly #fds: Descriptors;
  readonly #resources: Disposable;
  readonly #packet = new Uint8Array(4096);
  #state: "open" | "gone" | "closed" = "open";
  #receiving: Promise<void> | null = null;

  constructor(
    readonly adapter: AdapterInfo,
    readonly exclusive: boolean,
    readonly discovery: KernelDiscovery | undefined,
    libc: Libc,
    fds: Descriptors,
    resources: Disposable,
  ) {
    this.name = adapter.name;
    this.#libc = libc;
    this.#fds = fds;
    this.#resources = resources;
  }

  isUp(): boolean {
    return this.#state === "open" && readIsUp(this.#libc, this.#fds.control, this.adapter.index);
  }

  droppedPackets(): number {
    if (this.#state === "closed") return 0;
    const memory = new Uint32Array(9); // SK_MEMINFO_VARS
    this.#libc.getsockopt(this.#fds.socket, uapi.SOL_SOCKET, uapi.SO_MEMINFO, new Uint8Array(memory.buffer));
    return memory[8] ?? 0; // SK_MEMINFO_DROPS
  }

  send(packet: Uint8Array): void {
    if (this.#state === "closed") throw hciError("send to", this.name, ENODEV, "this program has closed it");
    const written = this.#libc.write(this.#fds.socket, packet);
    if (written !== packet.length) throw hciError("send to", this.name, written < 0 ? -written : EIO);
  }

  receive(onPacket: PacketHandler, signal: AbortSignal): Promise<void> {
    if (this.#receiving !== null) return Promise.reject(new TypeError("receive() may be called once"));
    return this.#receiving = this.#receiveAll(onPacket, signal);
  }

  async #receiveAll(onPacket: PacketHandler, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      const fds = new Uint8Array(16); // struct pollfd[2]: i32 fd, i16 events, i16 revents
      const view = new DataView(fds.buffer);
      for (const [i, fd] of [this.#fds.socket, this.#fds.alarm].entries()) {
        view.setInt32(i * 8, fd, true);
        view.setInt16(i * 8 + 4, uapi.POLLIN, true);
      }
      while (this.#state === "open" && !signal.aborted) {
        // The result does not matter: if a Unix signal interrupted it, there is nothing to read.
        await this.#libc.poll(fds);
        this.#readBatch(onPacket, signal, (view.getInt16(6, true) & uapi.POLL_TROUBLE) !== 0);
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  #readBatch(onPacket: PacketHandler, signal: AbortSignal, trouble: boolean): void {
    for (let count = 0; count < batchSize && this.#state === "open" && !signal.aborted; count++) {
      const length = this.#libc.read(this.#fds.socket, this.#packet);
      if (length > 0) {
        void onPacket(this.#packet.subarray(0, length));
        continue;
      }
      const nothing = length === -EAGAIN || length === -EINTR;
      if (nothing && !trouble) return;
      const error = hciError("read from", this.name, length === 0 || nothing ? ENODEV : -length);
      if (error.code === "ENODEV") this.#state = "gone";
      throw error;
    }
  }

  #wake(): void {
    this.#libc.write(this.#fds.alarm, new Uint8Array(BigUint64Array.of(1n).buffer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#wake();
    await this.#receiving?.catch(() => {}); // the caller of receive() learns of it
    this.#resources[Symbol.dispose]();
  }
}
