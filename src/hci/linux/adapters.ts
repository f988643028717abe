import { type Clock, systemClock } from "../../time/mod.ts";
import { HciError } from "../transport.ts";
import { EALREADY, EBUSY, EIO, ENODEV, EPERM, ERFKILL, ETIMEDOUT, hciError } from "./errors.ts";
import { type Libc, type OpenLibc, openLibc } from "./libc.ts";
import { rfkillBlockedNames } from "./rfkill.ts";
import {
  AF_BLUETOOTH,
  BTPROTO_HCI,
  HCIDEVDOWN,
  HCIDEVUP,
  HCIGETDEVINFO,
  HCIGETDEVLIST,
  SO_RCVBUFFORCE,
  SOCKET_TYPE,
  SOL_SOCKET,
} from "./uapi.ts";

/** A Bluetooth adapter as the kernel describes it. */
export interface AdapterInfo {
  /** The kernel's number for it. It may change when the adapter is plugged in again; the address does not. */
  readonly index: number;
  /** `hci0`. */
  readonly name: string;
  /** `AA:BB:CC:DD:EE:FF`, or null if the controller has not reported it yet. */
  readonly address: string | null;
  /** Whether it is powered. */
  readonly state: "up" | "down";
  /** `usb`, `uart`, …, or `bus 99` for one that this program does not know. */
  readonly bus: string;
  /** Whether rfkill keeps it from being powered up; null: not known. */
  readonly rfkillBlocked: boolean | null;
}

/** Which adapter: `hci0`, `0`, or an address, which is followed when the numbers change. */
export type AdapterSelector = string;

/**
 * Chooses among the adapters present at one moment: a moment later, a name may mean another one.
 *
 * @throws {HciError} `ENODEV` if the wanted one is not among them
 */
export type AdapterChoice = (adapters: readonly AdapterInfo[]) => AdapterInfo;

/** What the functions in this folder need from the machine. */
export interface LinuxHost {
  /** Opens the C library. */
  readonly openLibc: () => OpenLibc;
  /** Measures how long the kernel takes. */
  readonly clock: Clock;
}

/** The machine this program runs on. */
export const linuxHost: LinuxHost = { openLibc: () => openLibc(), clock: systemClock };

/**
 * Lists the Bluetooth adapters, by index. No capability is needed.
 *
 * @throws {HciError} `EAFNOSUPPORT` if the system has no Bluetooth
 */
export function listAdapters(host: LinuxHost = linuxHost): AdapterInfo[] {
  using libc = host.openLibc();
  using control = openControl(libc);
  return readAdapters(libc, control.fd);
}

/**
 * Powers an adapter down and up again, which brings back a controller that has stopped answering. Needs CAP_NET_ADMIN.
 * Sockets stay open; a scan has to be started again.
 *
 * @throws {HciError} `EPERM`, `ENODEV`, `ERFKILL`, or `EIO` if the controller does not come up
 */
export async function resetAdapter(selector: AdapterSelector | null, host: LinuxHost = linuxHost): Promise<void> {
  using libc = host.openLibc();
  await resetChosenAdapter(libc, (adapters) => selectAdapter(adapters, selector), host.clock);
}

/** The same, through a library that is open. */
export async function resetChosenAdapter(libc: Libc, choose: AdapterChoice, clock: Clock): Promise<void> {
  using control = openControl(libc);
  const adapter = choose(readAdapters(libc, control.fd));
  await setPower("down", adapter, libc, control.fd, clock);
  await setPower("up", adapter, libc, control.fd, clock);
}

/** A socket that is not bound to an adapter: for requests about adapters, never for packets. */
export function openControl(libc: Libc): Disposable & { readonly fd: number } {
  const fd = libc.socket(AF_BLUETOOTH, SOCKET_TYPE, BTPROTO_HCI);
  if (fd < 0) throw hciError("open", "a Bluetooth socket", -fd);
  return { fd, [Symbol.dispose]: () => void libc.close(fd) };
}

/** The adapters, by index. */
export function readAdapters(libc: Libc, control: number): AdapterInfo[] {
  const maxAdapters = 64;
  const list = new DataView(new ArrayBuffer(4 + maxAdapters * 8)); // struct hci_dev_list_req
  list.setUint16(0, maxAdapters, true);
  const result = libc.ioctl(control, HCIGETDEVLIST, new Uint8Array(list.buffer));
  if (result < 0) throw hciError("list", "the Bluetooth adapters", -result);
  const blocked = rfkillBlockedNames(libc);
  return Array.from({ length: list.getUint16(0, true) }, (_, i) => list.getUint16(4 + i * 8, true))
    .sort((a, b) => a - b)
    .map((index) => readAdapter(libc, control, index, blocked))
    .filter((adapter) => adapter !== null);
}

const busNames = ["virtual", "usb", "pccard", "uart", "rs232", "pci", "sdio", "spi", "i2c", "smd", "virtio"];

/** Null if the adapter is gone. */
function readAdapter(
  libc: Libc,
  control: number,
  index: number,
  blocked: ReadonlySet<string> | null,
): AdapterInfo | null {
  const info = readDeviceInfo(libc, control, index);
  if (info === null) return null;
  const name = `hci${index}`;
  const address = Array.from(info.subarray(10, 16)).reverse().map((byte) => byte.toString(16).padStart(2, "0"))
    .join(":").toUpperCase();
  const bus = (info[20] ?? 0) & 0x0f;
  return {
    index,
    name,
    address: address === "00:00:00:00:00:00" ? null : address,
    state: isUp(info) ? "up" : "down",
    bus: busNames[bus] ?? `bus ${bus}`,
    rfkillBlocked: blocked?.has(name) ?? null,
  };
}

/** Whether the adapter is powered up; false if it is gone. */
export function readIsUp(libc: Libc, control: number, index: number): boolean {
  const info = readDeviceInfo(libc, control, index);
  return info !== null && isUp(info);
}

/** The kernel's `struct hci_dev_info`; null if the adapter is gone. */
export function readDeviceInfo(libc: Libc, control: number, index: number): Uint8Array | null {
  const info = new Uint8Array(92);
  new DataView(info.buffer).setUint16(0, index, true);
  return libc.ioctl(control, HCIGETDEVINFO, info) < 0 ? null : info;
}

function isUp(deviceInfo: Uint8Array): boolean {
  return ((deviceInfo[16] ?? 0) & 1) === 1;
}

/** Whether the selector names this adapter. */
export function isSelected({ name, index, address }: AdapterInfo, selector: AdapterSelector): boolean {
  const wanted = selector.toUpperCase();
  return name.toUpperCase() === wanted || String(index) === wanted || address === wanted;
}

/**
 * The adapter that the selector means; without one, the first that is up, otherwise the first.
 *
 * @throws {HciError} `ENODEV`, listing the adapters that are present
 */
export function selectAdapter<A extends AdapterInfo>(adapters: readonly A[], selector: AdapterSelector | null): A {
  const found = selector === null
    ? adapters.find((adapter) => adapter.state === "up") ?? adapters[0]
    : adapters.find((adapter) => isSelected(adapter, selector));
  if (found !== undefined) return found;
  if (adapters.length === 0) {
    const remedy = "plug one in, or see `dmesg | grep -i bluetooth` for why its driver does not load";
    throw new HciError(
      "ENODEV",
      `Cannot find ${
        selector === null ? "a Bluetooth adapter" : `Bluetooth adapter ${selector}`
      }: there is none; ${remedy}`,
    );
  }
  const present = adapters.map((a) => `${a.name} (${a.address ?? "no address"}, ${a.state})`).join(", ");
  throw new HciError("ENODEV", `Cannot find Bluetooth adapter ${selector}: choose one of ${present}`);
}

/**
 * A request that fails sooner than this was refused by the kernel itself: it waits two seconds or more for a controller
 * that does not answer.
 */
const refusalMs = 1_000;

/**
 * Powers an adapter up or down, off the main thread, because it can take a controller several seconds.
 *
 * @throws {HciError} `EPERM`, `ENODEV`, `ERFKILL`, `EBUSY`, or `EIO` if the controller fails to
 */
export async function setPower(
  power: "up" | "down",
  adapter: AdapterInfo,
  libc: Libc,
  control: number,
  clock: Clock,
): Promise<void> {
  const request = power === "up" ? HCIDEVUP : HCIDEVDOWN;
  const startMs = clock.monotonicMs();
  if (await libc.ioctlInBackground(control, request, adapter.index) >= 0) return;
  const errno = powerErrno(power, adapter, libc, control) ??
    (clock.monotonicMs() - startMs < refusalMs ? power === "up" ? EIO : EBUSY : ETIMEDOUT);
  if (errno === EALREADY) return;
  const remedy = errno === EPERM
    ? `grant CAP_NET_ADMIN, or power it ${power} with \`bluetoothctl power ${power === "up" ? "on" : "off"}\` ` +
      `or \`sudo hciconfig ${adapter.name} ${power}\``
    : undefined;
  throw hciError(`power ${power}`, adapter.name, errno, remedy);
}

/**
 * Why the kernel refused to power the adapter; null: it tried. The background call's errno stayed on its thread, and
 * repeating the call on this one might take seconds.
 */
function powerErrno(power: "up" | "down", { index }: AdapterInfo, libc: Libc, control: number): number | null {
  const now = readAdapter(libc, control, index, rfkillBlockedNames(libc));
  if (now === null) return ENODEV;
  if (now.state === power) return EALREADY;
  if (!mayAdminister(libc, control)) return EPERM;
  return power === "up" && now.rfkillBlocked ? ERFKILL : null;
}

/**
 * Whether this process has CAP_NET_ADMIN, tested with something harmless that requires it: a larger buffer for this
 * socket.
 */
export function mayAdminister(libc: Libc, socket: number): boolean {
  const size = new Uint8Array(Uint32Array.of(1 << 16).buffer);
  return libc.setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, size) >= 0;
}
