import { setImmediate } from "node:timers";
import type { Clock } from "../time/mod.ts";
import { HciError, type HciTransport, type PacketHandler } from "./transport.ts";
import type { ControllerScanning, VirtualController } from "./virtual_controller.ts";

/**
 * What a {@linkcode ReportSource} does next: a packet to deliver, its bytes valid until the next step; a pause in
 * milliseconds (0: let others run); a promise to wait for; null: it has ended.
 */
export type ReportStep = Uint8Array | number | Promise<void> | null;

/** Where the advertising reports of a {@linkcode VirtualTransport} come from. */
export interface ReportSource extends AsyncDisposable {
  /** The next step; asked for only while `scan` is on. After an interrupted pause it is asked again. */
  next(scan: ControllerScanning): ReportStep;
}

/** What makes up a {@linkcode VirtualTransport}. */
export interface VirtualTransportOptions {
  readonly name: string;
  readonly paced: boolean;
  readonly controller: VirtualController;
  readonly source: ReportSource;
  readonly clock: Clock;
}

/** After this many packets without a pause others may run, whatever the source. */
const PACKETS_IN_A_ROW = 256;

/**
 * A transport without hardware: a {@linkcode VirtualController} answers commands, and while it scans, a {@linkcode
 * ReportSource} provides reports. One loop delivers both, one packet at a time; answers go first, and never from within
 * `send`.
 */
export class VirtualTransport implements HciTransport {
  readonly name: string;
  readonly paced: boolean;
  readonly exclusive = true;
  readonly #controller: VirtualController;
  readonly #source: ReportSource;
  readonly #clock: Clock;
  readonly #answers: Uint8Array[] = [];
  readonly #closed = new AbortController();
  /** Ends a pause. */
  #nudge = new AbortController();
  /** Ends the wait for a promise. */
  #abandon = (): void => {};
  #receiving: Promise<void> | null = null;
  #disposal: Promise<void> | null = null;

  constructor(options: VirtualTransportOptions) {
    this.name = options.name;
    this.paced = options.paced;
    this.#controller = options.controller;
    this.#source = options.source;
    this.#clock = options.clock;
  }

  isUp(): boolean {
    return !this.#closed.signal.aborted;
  }

  droppedPackets(): number {
    return 0;
  }

  send(packet: Uint8Array): void {
    if (!this.isUp()) throw this.#closedError("send to");
    const answer = this.#controller.answer(packet);
    if (answer === null) return;
    this.#answers.push(answer);
    this.#nudge.abort();
  }

  receive(onPacket: PacketHandler, signal: AbortSignal): Promise<void> {
    if (!this.isUp()) return Promise.reject(this.#closedError("receive from"));
    if (this.#receiving !== null) {
      return Promise.reject(new HciError("EBUSY", `Cannot receive from ${this.name}: receive() was called before`));
    }
    this.#receiving = this.#deliver(onPacket, AbortSignal.any([signal, this.#closed.signal]));
    return this.#receiving;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#close();
    return this.#disposal;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled([this.#receiving]);
    await this.#source[Symbol.asyncDispose]();
  }

  async #deliver(onPacket: PacketHandler, stop: AbortSignal): Promise<void> {
    const wake = () => {
      this.#nudge.abort();
      this.#abandon();
    };
    stop.addEventListener("abort", wake);
    try {
      // The first packet must not be delivered before the caller has the promise.
      await Promise.resolve();
      let inARow = 0;
      while (!stop.aborted) {
        const scan = this.#controller.scan;
        const step = this.#answers.shift() ?? (scan.kind === "scanning" ? this.#source.next(scan) : Infinity);
        if (step === null) return;
        if (step instanceof Promise) {
          await this.#waitFor(step, stop);
        } else if (typeof step === "number") {
          await this.#pause(step);
        } else {
          const patience = onPacket(step);
          if (this.paced && patience !== undefined) await this.#waitFor(patience, stop);
          if (++inARow % PACKETS_IN_A_ROW === 0) await this.#pause(0);
        }
      }
    } finally {
      stop.removeEventListener("abort", wake);
    }
  }

  /** Waits for a promise, but only until `stop` aborts. */
  #waitFor(promise: Promise<void>, stop: AbortSignal): Promise<void> {
    const { promise: settled, resolve, reject } = Promise.withResolvers<void>();
    promise.then(resolve, reject);
    this.#abandon = resolve;
    if (stop.aborted) resolve();
    return settled;
  }

  /** Waits until `pauseMs` have passed or something happens. */
  async #pause(pauseMs: number): Promise<void> {
    // A timer of 0 ms takes more than 1 ms (measured 2.4 ms, setImmediate 12 µs).
    if (pauseMs === 0) return await new Promise((resolve) => void setImmediate(resolve));
    this.#nudge = new AbortController();
    const { signal } = this.#nudge;
    if (pauseMs === Infinity) {
      return await new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
    try {
      await this.#clock.sleep(pauseMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #closedError(action: string): HciError {
    return new HciError("ENODEV", `Cannot ${action} ${this.name}: it is closed`);
  }
}
