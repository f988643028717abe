import assert from "node:assert/strict";
import type { Libc, OpenLibc } from "../../../src/hci/linux/libc.ts";
import { HciError, type HciErrorCode } from "../../../src/hci/mod.ts";

/** An adapter of the fake kernel. */
export interface FakeAdapter {
  readonly index: number;
  /** Least significant byte first, as the kernel has it. */
  readonly addressBytes?: readonly number[];
  up: boolean;
  readonly bus?: number;
  readonly rfkill?: "soft" | "hard";
  /** LMP features, page 0. */
  readonly features?: readonly number[];
}

/** A system call whose result a test can choose. */
export type FakeCall = Exclude<keyof Libc, symbol>;

type Descriptor =
  | { readonly kind: "hci"; index: number | null; filter: Uint8Array; readonly management?: Uint8Array[] }
  | { readonly kind: "alarm"; set: boolean }
  | { readonly kind: "file"; readonly chunks: Uint8Array[] };

const EPERM = 1, EAGAIN = 11, ENODEV = 19, ENOENT = 2, ENETDOWN = 100;

/**
 * The part of Linux that HCI sockets touch, in memory. Numbers are typed again from the kernel's
 * headers, so that a wrong one in the sources is found.
 */
export class FakeLibc implements OpenLibc {
  /** What sockets deliver, in order: packets, or what `read` returns instead (0, an error negated). */
  readonly incoming: (Uint8Array | number)[] = [];
  readonly written: Uint8Array[] = [];
  /** Commands to the kernel's management interface, and what it answers. */
  readonly managed: Uint8Array[] = [];
  manage: (command: Uint8Array) => readonly Uint8Array[] = () => [];
  /** The next results of calls, by name; used up first, then the call does its work. */
  readonly results: Partial<Record<FakeCall, number[]>> = {};
  /** What the process may do. */
  capNetRaw = true;
  capNetAdmin = true;
  /** `/dev/rfkill` is there. */
  hasDevices = true;
  /** `revents` of the socket beside POLLIN. */
  trouble = 0;
  polls = 0;
  disposed = false;
  receiveBuffer = 0;
  bound: Uint8Array | null = null;
  /** `/proc/net/hci`, where there is one. */
  procNetHci: string | null = null;
  readonly #descriptors = new Map<number, Descriptor>();
  #nextFd = 10;
  #wakePoll: (() => void) | null = null;

  constructor(readonly adapters: FakeAdapter[] = [{ index: 0, addressBytes: [1, 2, 3, 4, 5, 6], up: true }]) {}

  get openDescriptors(): number {
    return this.#descriptors.size;
  }

  /** The event filter of the socket that is bound to an adapter. */
  get filter(): Uint8Array | undefined {
    return this.#boundSocket?.filter;
  }

  /** Makes a packet, or a failure, arrive. */
  deliver(...arrivals: (Uint8Array | number)[]): void {
    this.incoming.push(...arrivals);
    this.#wakePoll?.();
  }

  /** Makes the management interface tell something by itself, such as an answer that took long. */
  deliverManagement(packet: Uint8Array): void {
    for (const descriptor of this.#descriptors.values()) {
      if (descriptor.kind === "hci") descriptor.management?.push(packet);
    }
  }

  socket(domain: number, type: number, protocol: number): number {
    assert.deepEqual([domain, type, protocol], [31, 0o2004003, 1]);
    return this.#scripted("socket") ?? this.#add({ kind: "hci", index: null, filter: new Uint8Array(16) });
  }

  bind(fd: number, address: Uint8Array): number {
    const scripted = this.#scripted("bind");
    if (scripted !== undefined) return scripted;
    const socket = this.#hci(fd);
    if (view(address).getUint16(4, true) === 3) {
      assert.equal(view(address).getUint16(2, true), 0xffff);
      this.#descriptors.set(fd, { ...socket, management: [] });
      return 0;
    }
    this.bound = address.slice();
    socket.index = view(address).getUint16(2, true);
    return 0;
  }

  connect(): number {
    throw new Error("HCI sockets are not connected");
  }

  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    const socket = this.#hci(fd);
    if (level === 1) {
      const scripted = this.#scripted("setsockopt");
      if (scripted !== undefined) return scripted;
      if (name === 33 && !this.capNetAdmin) return -EPERM;
      this.receiveBuffer = view(value).getUint32(0, true);
      return 0;
    }
    assert.deepEqual([level, name, value.length], [0, 2, 16]);
    socket.filter = value.slice();
    // What the kernel leaves to a process without CAP_NET_RAW (`hci_sec_filter`).
    if (!this.capNetRaw) [0x10, 0x1000d9fe, 0x0000b00c].forEach((mask, i) => and(socket.filter, i * 4, mask));
    return 0;
  }

  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    const socket = this.#hci(fd);
    if (level === 0 && name === 2) value.set(socket.filter);
    else if (level === 1 && name === 55) view(value).setUint32(32, 7, true);
    else assert.fail(`getsockopt ${level} ${name}`);
    return this.#scripted("getsockopt") ?? 0;
  }

  ioctl(fd: number, request: number, argument: number | Uint8Array): number {
    this.#hci(fd);
    const scripted = this.#scripted("ioctl");
    if (scripted !== undefined) return scripted;
    if (typeof argument === "number") return this.#power(request, argument);
    if (request === 0x800448d2) return this.#list(view(argument));
    assert.equal(request, 0x800448d3);
    return this.#describe(argument);
  }

  // deno-lint-ignore require-await -- the real one is asynchronous
  async ioctlInBackground(fd: number, request: number, argument: number): Promise<number> {
    this.#hci(fd);
    return this.#scripted("ioctlInBackground") ?? (this.#power(request, argument) < 0 ? -1 : 0);
  }

  async poll(fds: Uint8Array): Promise<number> {
    this.polls++;
    const socketFd = view(fds).getInt32(0, true), alarmFd = view(fds).getInt32(8, true);
    assert.deepEqual([view(fds).getInt16(4, true), view(fds).getInt16(12, true)], [1, 1], "POLLIN");
    this.#hci(socketFd);
    const alarm = this.#descriptors.get(alarmFd);
    assert(alarm?.kind === "alarm");
    await Promise.resolve();
    const interrupted = this.#scripted("poll");
    if (interrupted !== undefined) return interrupted;
    while (this.incoming.length === 0 && !alarm.set && this.trouble === 0) {
      await new Promise<void>((resolve) => this.#wakePoll = resolve);
    }
    assert(this.#descriptors.has(socketFd) && this.#descriptors.has(alarmFd), "closed while poll() waits");
    view(fds).setInt16(6, (this.incoming.length > 0 ? 1 : 0) | this.trouble, true);
    return 1;
  }

  eventfd(initial: number, flags: number): number {
    assert.deepEqual([initial, flags], [0, 0o2004000]);
    return this.#scripted("eventfd") ?? this.#add({ kind: "alarm", set: false });
  }

  open(path: string, flags: number): number {
    assert.equal(flags, 0o2004000);
    const scripted = this.#scripted("open");
    if (scripted !== undefined) return scripted;
    if (path === "/dev/rfkill") {
      if (!this.hasDevices) return -ENOENT;
      const events = this.adapters.map(({ index, rfkill }) =>
        Uint8Array.of(index + 3, 0, 0, 0, 2, 0, rfkill === "soft" ? 1 : 0, rfkill === "hard" ? 1 : 0)
      );
      const wifi = Uint8Array.of(99, 0, 0, 0, 1, 0, 1, 1);
      return this.#add({ kind: "file", chunks: [wifi, ...events] });
    }
    if (path === "/proc/net/hci" && this.procNetHci !== null) {
      return this.#add({ kind: "file", chunks: [new TextEncoder().encode(this.procNetHci)] });
    }
    const [, radio, attribute] = /^\/sys\/class\/rfkill\/rfkill(\d+)\/(name|soft|hard)$/.exec(path) ?? [];
    const adapter = this.adapters.find((adapter) => adapter.index === Number(radio) - 3);
    if (adapter === undefined) return -ENOENT;
    const text = attribute === "name" ? `hci${adapter.index}` : adapter.rfkill === attribute ? "1" : "0";
    return this.#add({ kind: "file", chunks: [new TextEncoder().encode(`${text}\n`)] });
  }

  read(fd: number, into: Uint8Array): number {
    const descriptor = this.#descriptors.get(fd);
    assert(descriptor !== undefined && descriptor.kind !== "alarm");
    const queue = descriptor.kind === "file" ? descriptor.chunks : descriptor.management ?? this.incoming;
    const next = queue.shift();
    if (next === undefined) return -EAGAIN;
    if (typeof next === "number") return next;
    into.set(next);
    return next.length;
  }

  write(fd: number, bytes: Uint8Array): number {
    const descriptor = this.#descriptors.get(fd);
    if (descriptor?.kind === "alarm") {
      assert.deepEqual([...bytes], [1, 0, 0, 0, 0, 0, 0, 0]);
      descriptor.set = true;
      this.#wakePoll?.();
      return bytes.length;
    }
    const socket = this.#hci(fd);
    const scripted = this.#scripted("write");
    if (scripted !== undefined) return scripted;
    if (socket.management !== undefined) {
      this.managed.push(bytes.slice());
      socket.management.push(...this.manage(bytes));
      return bytes.length;
    }
    if (this.adapters.find((adapter) => adapter.index === socket.index)?.up !== true) return -ENETDOWN;
    this.written.push(bytes.slice());
    return bytes.length;
  }

  dropPages(): number {
    return 0;
  }

  readlink(): null {
    return null;
  }

  memfdCreate(): number {
    return -38;
  }

  monotonicUs(): bigint {
    return 0n;
  }

  trim(): void {}

  close(fd: number): number {
    assert(this.#descriptors.delete(fd), `close of ${fd}, which is not open`);
    return 0;
  }

  [Symbol.dispose](): void {
    assert.equal(this.#descriptors.size, 0, "library closed before the descriptors");
    this.disposed = true;
  }

  get #boundSocket(): { filter: Uint8Array } | undefined {
    return [...this.#descriptors.values()].filter((d) => d.kind === "hci").find((d) => d.index !== null);
  }

  #scripted(call: FakeCall): number | undefined {
    return this.results[call]?.shift();
  }

  #add(descriptor: Descriptor): number {
    this.#descriptors.set(this.#nextFd, descriptor);
    return this.#nextFd++;
  }

  #hci(fd: number): Descriptor & { kind: "hci" } {
    assert(!this.disposed);
    const descriptor = this.#descriptors.get(fd);
    assert(descriptor?.kind === "hci", `descriptor ${fd} is not an open socket`);
    return descriptor;
  }

  #power(request: number, index: number): number {
    assert(request === 0x400448c9 || request === 0x400448ca);
    if (!this.capNetAdmin) return -EPERM;
    const adapter = this.adapters.find((adapter) => adapter.index === index);
    if (adapter === undefined) return -ENODEV;
    adapter.up = request === 0x400448c9;
    return 0;
  }

  #list(list: DataView): number {
    assert(list.byteLength >= 4 + list.getUint16(0, true) * 8);
    this.adapters.forEach(({ index }, i) => list.setUint16(4 + i * 8, index, true));
    list.setUint16(0, this.adapters.length, true);
    return 0;
  }

  #describe(info: Uint8Array): number {
    assert.equal(info.length, 92);
    const index = view(info).getUint16(0, true);
    const adapter = this.adapters.find((adapter) => adapter.index === index);
    if (adapter === undefined) return -ENODEV;
    info.set(adapter.addressBytes ?? [0, 0, 0, 0, 0, 0], 10);
    view(info).setUint32(16, adapter.up ? 0x5 : 0x4, true);
    info[20] = (adapter.bus ?? 1) | 0x10;
    info.set(adapter.features ?? [], 21);
    return 0;
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function and(bytes: Uint8Array, offset: number, mask: number): void {
  view(bytes).setUint32(offset, view(bytes).getUint32(offset, true) & mask, true);
}

/** Matches an {@linkcode HciError} with this code and a message with these words. */
export function hciError(code: HciErrorCode, words: RegExp): (error: unknown) => true {
  return (error) => {
    assert(error instanceof HciError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}
