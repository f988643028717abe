import { commandPacket, hci, type HciTransport, type PacketHandler } from "../../src/hci/mod.ts";

/** How a controller answered a command. */
export interface Answer {
  readonly opcode: number;
  /** 0x0e Command Complete, 0x0f Command Status. */
  readonly event: number;
  readonly status: number;
  /** Return parameters after the status. */
  readonly results: readonly number[];
}

interface Waiter {
  readonly condition: () => boolean;
  readonly resolve: () => void;
}

const PATIENCE_MS = 10_000;

/** A host for tests: receives from a transport, keeps a copy of every packet, sends commands and waits for answers. */
export class TestHost implements AsyncDisposable {
  readonly packets: Uint8Array[] = [];
  /** The LE Meta events among them. */
  readonly reports: Uint8Array[] = [];
  /** The Command Complete and Command Status events among them. */
  readonly answers: Answer[] = [];
  readonly #received: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiters = new Set<Waiter>();

  /** @param onPacket what `receive` calls after the packet was kept */
  constructor(readonly transport: HciTransport, onPacket: PacketHandler = () => undefined) {
    this.#received = transport.receive((packet) => {
      this.#keep(packet.slice());
      const patience = onPacket(packet);
      this.#wake();
      return patience;
    }, this.#stop.signal);
    // Who waits learns of a failure from `finished`.
    this.#received.catch(() => {});
  }

  /** Sends a command and waits for its answer. */
  async command(opcode: number, parameters: ArrayLike<number> = []): Promise<Omit<Answer, "opcode">> {
    const known = this.answers.length;
    const find = () => this.answers.slice(known).find((one) => one.opcode === opcode);
    this.transport.send(commandPacket(opcode, parameters));
    await this.until(() => find() !== undefined, `an answer to command 0x${opcode.toString(16)}`);
    const { event = -1, status = -1, results = [] } = find() ?? {};
    return { event, status, results };
  }

  /** Resets the controller, and lets it report advertisements, which a reset hides (7.3.1). */
  async reset(): Promise<void> {
    await this.#succeed(hci.CMD_RESET, []);
    await this.#succeed(hci.CMD_SET_EVENT_MASK, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]);
  }

  /** Starts scanning with the legacy commands. */
  async startScan({ active = true, filterDuplicates = false } = {}): Promise<void> {
    await this.#succeed(hci.CMD_LE_SET_SCAN_PARAMETERS, [Number(active), 0x60, 0, 0x30, 0, 0, 0]);
    await this.#succeed(hci.CMD_LE_SET_SCAN_ENABLE, [1, Number(filterDuplicates)]);
  }

  /** Starts scanning with the extended commands, on LE 1M and, if asked, LE Coded. */
  async startExtendedScan({ active = true, coded = true } = {}): Promise<void> {
    const phy = [Number(active), 0x60, 0, 0x30, 0];
    const phys = coded ? [0b101, ...phy, ...phy] : [0b001, ...phy];
    await this.#succeed(hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, [0, 0, ...phys]);
    await this.#succeed(hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0]);
  }

  /** Resolves once `condition` holds; looked at after every packet. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { condition, resolve };
    this.#waiters.add(waiter);
    await withPatience(promise, what).finally(() => this.#waiters.delete(waiter));
  }

  /** Settles as `receive` does. */
  finished(): Promise<void> {
    return withPatience(this.#received, "the end of receive()");
  }

  /** Ends receiving. */
  stop(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.finished().catch(() => {});
    await withPatience(this.transport[Symbol.asyncDispose](), "the transport to close");
  }

  async #succeed(opcode: number, parameters: ArrayLike<number>): Promise<void> {
    const { status } = await this.command(opcode, parameters);
    if (status !== 0) throw new Error(`Command 0x${opcode.toString(16)} was answered with status ${status}`);
  }

  #keep(packet: Uint8Array): void {
    this.packets.push(packet);
    const [, event, , ...parameters] = packet;
    if (event === hci.EVENT_LE_META) this.reports.push(packet);
    if (event === hci.EVENT_COMMAND_COMPLETE) {
      const [, low = 0, high = 0, status = -1, ...results] = parameters;
      this.answers.push({ event, opcode: low | (high << 8), status, results });
    }
    if (event === hci.EVENT_COMMAND_STATUS) {
      const [status = -1, , low = 0, high = 0] = parameters;
      this.answers.push({ event, opcode: low | (high << 8), status, results: [] });
    }
  }

  #wake(): void {
    for (const { condition, resolve } of this.#waiters) if (condition()) resolve();
  }
}

/** Lets everything that is ready to run, run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Settles as `promise` does, unless that takes too long. */
export async function withPatience<T>(promise: PromiseLike<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited ${PATIENCE_MS} ms in vain for ${what}`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
