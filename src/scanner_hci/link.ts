import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { Logger } from "../agent/mod.ts";
import { commandCompletePacket, commandPacket, hci, type HciTransport } from "../hci/mod.ts";
import { abortable } from "../time/mod.ts";
import { opcodeOf } from "./scan_monitor.ts";

/** What a link tells about the packets that pass through it. */
export interface LinkObserver {
  /** An LE Meta event with advertising reports; the bytes are valid during the call only. */
  reports(packet: Uint8Array): Promise<void> | undefined;
  /** A command is on its way to the controller, ours or (seen on a raw channel) another process's. */
  commandSent(packet: Uint8Array, foreign: boolean): void;
  /** The controller answered a command. */
  commandCompleted(opcode: number, status: number): void;
  /** The controller reported a hardware error (7.7.16). */
  hardwareError(code: number): void;
}

/** Commands that noble may send on a channel which the kernel initialised: asking, and scanning. */
const SHARED_COMMANDS: ReadonlySet<number> = new Set([
  hci.CMD_READ_LOCAL_VERSION,
  hci.CMD_READ_SUPPORTED_COMMANDS,
  hci.CMD_READ_BD_ADDR,
  hci.CMD_LE_READ_LOCAL_FEATURES,
  hci.CMD_LE_SET_SCAN_PARAMETERS,
  hci.CMD_LE_SET_SCAN_ENABLE,
  hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS,
  hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE,
]);

const EMPTY_META_EVENT_LENGTH = 4;

/**
 * Stands between noble and the transport: advertising reports go past noble, noble gets the answers
 * to commands, and its own commands are put right on the way down.
 */
export class HciLink {
  readonly #answers = new Map<number, (result: Uint8Array) => void>();
  /** Opcodes of the commands that noble has sent. */
  readonly #asked = new Set<number>();
  #socket: EventEmitter | null = null;
  /** Replaces noble's fixed scan parameters. */
  scanParameters: Uint8Array | null = null;

  constructor(
    private readonly transport: HciTransport,
    private readonly observer: LinkObserver,
    private readonly log: Logger,
  ) {}

  /** Makes noble's socket the receiver of command answers. */
  attach(socket: EventEmitter): void {
    this.#socket = socket;
  }

  /** What noble asks of its socket. */
  isUp(): boolean {
    return this.transport.isUp();
  }

  /**
   * Sends noble's command, unless it would reconfigure a controller that the kernel looks after:
   * noble resets it and narrows its event masks, which breaks other users' connections.
   */
  send(packet: Uint8Array): void {
    const opcode = opcodeOf(packet, 1);
    if (!this.transport.exclusive && !SHARED_COMMANDS.has(opcode)) {
      if (opcode === hci.CMD_RESET) queueMicrotask(() => this.#handOver(commandCompletePacket(opcode, [0])));
      return;
    }
    this.#asked.add(opcode);
    const isParameters = opcode === hci.CMD_LE_SET_SCAN_PARAMETERS ||
      opcode === hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS;
    this.#send(isParameters ? this.scanParameters ?? packet : packet);
  }

  /**
   * Sends a command of our own and resolves to its return parameters, status first.
   *
   * @throws the signal's reason if it aborts first
   */
  ask(opcode: number, signal: AbortSignal, parameters?: Uint8Array): Promise<Uint8Array> {
    return abortable<Uint8Array>(signal, (resolve) => {
      this.#answers.set(opcode, resolve);
      this.#send(commandPacket(opcode, parameters));
    }).finally(() => this.#answers.delete(opcode));
  }

  /** Passes on what the transport delivers, until it ends; see {@linkcode HciTransport.receive}. */
  receive(signal: AbortSignal): Promise<void> {
    return this.transport.receive((packet) => this.#take(packet), signal);
  }

  #send(packet: Uint8Array): void {
    this.observer.commandSent(packet, false);
    this.transport.send(packet);
  }

  #take(packet: Uint8Array): Promise<void> | undefined {
    switch (packet[0]) {
      case hci.PACKET_EVENT:
        return this.#takeEvent(packet);
      case hci.PACKET_COMMAND:
        this.observer.commandSent(packet, true);
        return undefined;
      default:
        return undefined;
    }
  }

  #takeEvent(packet: Uint8Array): Promise<void> | undefined {
    switch (packet[1]) {
      case hci.EVENT_LE_META:
        return isAboutReports(packet) ? this.observer.reports(packet) : undefined;
      case hci.EVENT_COMMAND_COMPLETE:
        this.#takeAnswer(packet, opcodeOf(packet, 4), packet.subarray(6));
        return undefined;
      case hci.EVENT_COMMAND_STATUS:
        // 0: it is being carried out, and the answer is yet to come (7.7.15).
        if (packet[3] !== hci.STATUS_SUCCESS) this.#takeAnswer(packet, opcodeOf(packet, 5), packet.subarray(3, 4));
        return undefined;
      case hci.EVENT_HARDWARE_ERROR:
        this.observer.hardwareError(packet[3] ?? 0);
        return undefined;
      default:
        return undefined;
    }
  }

  #takeAnswer(packet: Uint8Array, opcode: number, result: Uint8Array): void {
    const status = result[0];
    if (opcode === -1 || status === undefined) return;
    this.#answers.get(opcode)?.(result.slice());
    // Answers to others' commands, such as to connect, make noble believe that they are its own.
    if (this.#asked.has(opcode)) this.#handOver(packet);
    this.observer.commandCompleted(opcode, status);
  }

  #handOver(packet: Uint8Array): void {
    try {
      this.#socket?.emit("data", Buffer.from(packet));
    } catch (error) {
      // noble reads return parameters without looking at their length or at the status.
      this.log.debug("noble could not read an event", { error });
    }
  }
}

function isAboutReports(packet: Uint8Array): boolean {
  return packet.length < EMPTY_META_EVENT_LENGTH || packet[3] === hci.SUBEVENT_ADVERTISING_REPORT ||
    packet[3] === hci.SUBEVENT_EXTENDED_ADVERTISING_REPORT;
}
