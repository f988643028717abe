import {
  commandCompletePacket,
  commandStatusPacket,
  hci,
  HciError,
  type HciTransport,
  type KernelDiscovery,
  type PacketHandler,
} from "../../src/hci/mod.ts";

/** How a {@linkcode FakeAdapter} differs from one that works. */
export interface FakeAdapterFaults {
  /** Commands that are never answered. */
  readonly mute?: ReadonlySet<number>;
  /** Commands that are answered with this status and nothing else. */
  readonly refuse?: ReadonlyMap<number, number>;
  /** Refuses with Command Status in place of Command Complete. */
  readonly refuseByStatus?: boolean;
  /** Commands whose writing throws. */
  readonly throwOn?: ReadonlyMap<number, HciError>;
}

/** Which of noble's two worlds it lives in, and what it can do. */
export interface FakeAdapterOptions extends FakeAdapterFaults {
  readonly exclusive?: boolean;
  readonly extended?: boolean;
  readonly codedPhy?: boolean;
  readonly discovery?: KernelDiscovery;
  /** Least significant byte first. */
  readonly address?: readonly number[];
}

const RESULTS: ReadonlyMap<number, readonly number[]> = new Map([
  [hci.CMD_READ_LOCAL_VERSION, [0x09, 0, 0, 0x09, 0xff, 0xff, 0, 0]],
]);

/** An adapter as the kernel's raw channel shows it: answers, other processes' commands, sudden ends. */
export class FakeAdapter implements HciTransport {
  readonly name = "hci0";
  readonly paced = false;
  readonly exclusive: boolean;
  readonly discovery: KernelDiscovery | undefined;
  /** Every command that reached the controller. */
  readonly sent: Uint8Array[] = [];
  closed = false;
  /** How many packets it has lost. */
  dropped = 0;
  readonly #options: FakeAdapterOptions;
  #onPacket: PacketHandler | null = null;
  #fail: (error: Error) => void = () => {};

  constructor(options: FakeAdapterOptions = {}) {
    this.#options = options;
    this.exclusive = options.exclusive ?? false;
    this.discovery = options.discovery;
  }

  /** The opcodes of {@linkcode sent}. */
  get opcodes(): number[] {
    return this.sent.map(opcode);
  }

  isUp(): boolean {
    return !this.closed;
  }

  droppedPackets(): number {
    return this.closed ? 0 : this.dropped;
  }

  send(packet: Uint8Array): void {
    const code = opcode(packet);
    const error = this.#options.throwOn?.get(code);
    if (error !== undefined) throw error;
    this.sent.push(packet.slice());
    if (this.#options.mute?.has(code)) return;
    const refused = this.#options.refuse?.get(code);
    queueMicrotask(() => this.deliver(this.#answer(code, refused)));
  }

  receive(onPacket: PacketHandler, signal: AbortSignal): Promise<void> {
    this.#onPacket = onPacket;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Delivers a packet from the controller. */
  deliver(packet: Uint8Array): void {
    this.#onPacket?.(packet);
  }

  /** Another process sends a command, which the controller carries out. */
  foreign(packet: Uint8Array): void {
    this.deliver(packet);
    this.deliver(commandCompletePacket(opcode(packet), [0]));
  }

  /** Pulls the adapter out. */
  unplug(): void {
    this.#fail(new HciError("ENODEV", "hci0 was unplugged"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #answer(code: number, refused: number | undefined): Uint8Array {
    if (refused === undefined) return commandCompletePacket(code, this.#results(code));
    return this.#options.refuseByStatus ? commandStatusPacket(code, refused) : commandCompletePacket(code, [refused]);
  }

  #results(code: number): number[] {
    if (code === hci.CMD_READ_BD_ADDR) return [0, ...this.#options.address ?? [0x55, 0x44, 0x33, 0x22, 0x11, 0x00]];
    if (code === hci.CMD_LE_READ_LOCAL_FEATURES) return [0, 0, this.#options.codedPhy ? 0x08 : 0, 0, 0, 0, 0, 0, 0];
    if (code === hci.CMD_READ_SUPPORTED_COMMANDS) {
      const commands = new Array<number>(64).fill(0);
      commands[37] = this.#options.extended ? 0x60 : 0;
      return [0, ...commands];
    }
    return [0, ...RESULTS.get(code) ?? []];
  }
}

function opcode(packet: Uint8Array): number {
  return (packet[1] ?? 0) | (packet[2] ?? 0) << 8;
}
