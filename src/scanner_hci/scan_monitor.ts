import { hci } from "../hci/mod.ts";

/** A command that matters to a scan, whoever sends it. */
export type ScanCommand = "enable" | "disable" | "parameters" | "reset" | "event mask" | "LE event mask";

/** How such a command came out. */
export interface ScanCommandResult {
  readonly command: ScanCommand;
  /** Another process sent it, or the kernel. */
  readonly foreign: boolean;
  /** 0: done; else the controller's error code (Vol 1, Part F). */
  readonly status: number;
}

interface Sent {
  readonly opcode: number;
  readonly command: ScanCommand;
  readonly foreign: boolean;
  /** What an event mask lets through; 0 for other commands. */
  readonly mask: bigint;
}

/** A controller that answers nothing must not make the line of commands grow. */
const MAX_WAITING = 32;
/** Where the parameters of a command packet begin. */
const PARAMETERS = 4;

/** What a reset leaves of the masks: no LE Meta event, no extended advertising report (7.3.1, 7.8.1). */
const MASK_AFTER_RESET = 0x1fff_ffff_ffffn;
const LE_MASK_AFTER_RESET = 0x1fn;
const LE_META_BIT = 1n << 61n;
const ADVERTISING_REPORT_BIT = 1n << 1n;
const EXTENDED_ADVERTISING_REPORT_BIT = 1n << 12n;

/**
 * Follows whether the controller scans, and lets its reports through, from the commands that anybody
 * sends and the controller's answers. The answers name only the command's opcode, so commands wait in
 * line for them. Linux gives the controller one command at a time, and shows another process's when it does:
 * that one is answered next, before any of ours, however early those were written. What was set before
 * this program looked is taken to be right.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.3.1, 7.3.2, 7.8.1, 7.8.10, 7.8.11, 7.8.64, 7.8.65
 */
export class ScanMonitor {
  readonly #waiting: Sent[] = [];
  #scanning = false;
  #isOurs = false;
  /** Null: as the kernel set it. */
  #mask: bigint | null = null;
  #leMask: bigint | null = null;

  constructor(private readonly onResult: (result: ScanCommandResult) => void) {}

  /** Whether the controller scans, as far as its answers tell. */
  get scanning(): boolean {
    return this.#scanning;
  }

  /**
   * Whether it scans as this program asked. A scan that another process has begun filters duplicates,
   * and may hear that process's own devices alone.
   */
  get scansForUs(): boolean {
    return this.#scanning && this.#isOurs;
  }

  /** The same, once the commands that are on their way have been carried out. */
  get willScanForUs(): boolean {
    const last = this.#waiting.findLast(({ command }) => command === "enable" || command === "disable");
    return last === undefined ? this.scansForUs : last.command === "enable" && !last.foreign;
  }

  /** The commands that let advertising reports through again; none where nothing is known to hide them. */
  unmaskingCommands(extended: boolean): { readonly opcode: number; readonly parameters: Uint8Array }[] {
    const report = extended ? EXTENDED_ADVERTISING_REPORT_BIT : ADVERTISING_REPORT_BIT;
    return [
      ...unmasking(hci.CMD_SET_EVENT_MASK, this.#mask, LE_META_BIT),
      ...unmasking(hci.CMD_LE_SET_EVENT_MASK, this.#leMask, report),
    ];
  }

  /** Notes a command on its way to the controller; ones that do not matter to a scan are passed over. */
  commandSent(packet: Uint8Array, foreign: boolean): void {
    const opcode = opcodeOf(packet, 1);
    const command = commandOf(opcode, packet);
    if (command === null) return;
    const sent = { opcode, command, foreign, mask: maskOf(command, packet) };
    if (foreign) this.#waiting.unshift(sent);
    else this.#waiting.push(sent);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.splice(foreign ? -1 : 0, 1);
  }

  /** Notes the controller's answer. */
  commandCompleted(opcode: number, status: number): void {
    const index = this.#waiting.findIndex((sent) => sent.opcode === opcode);
    const [sent] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (sent === undefined) return;
    if (sent.command === "reset" && status === 0) this.#forgetForeign();
    if (status === 0) this.#done(sent);
    this.onResult({ command: sent.command, foreign: sent.foreign, status });
  }

  /** What others sent before a reset is answered no more; ours may be on the way to the controller still. */
  #forgetForeign(): void {
    this.#waiting.splice(0, Infinity, ...this.#waiting.filter(({ foreign }) => !foreign));
  }

  #done({ command, foreign, mask }: Sent): void {
    switch (command) {
      case "enable":
      case "disable":
        this.#scanning = command === "enable";
        this.#isOurs = !foreign;
        return;
      case "reset":
        this.#scanning = false;
        this.#mask = MASK_AFTER_RESET;
        this.#leMask = LE_MASK_AFTER_RESET;
        return;
      case "event mask":
        this.#mask = mask;
        return;
      case "LE event mask":
        this.#leMask = mask;
        return;
      case "parameters":
        return;
      default:
        return command satisfies never;
    }
  }
}

/** The opcode that stands at `offset`, or -1 where the packet is too short. */
export function opcodeOf(packet: Uint8Array, offset: number): number {
  const low = packet[offset];
  const high = packet[offset + 1];
  return low === undefined || high === undefined ? -1 : low | high << 8;
}

function commandOf(opcode: number, packet: Uint8Array): ScanCommand | null {
  switch (opcode) {
    case hci.CMD_LE_SET_SCAN_ENABLE:
    case hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE:
      return packet[PARAMETERS] === 1 ? "enable" : "disable";
    case hci.CMD_LE_SET_SCAN_PARAMETERS:
    case hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS:
      return "parameters";
    case hci.CMD_RESET:
      return "reset";
    case hci.CMD_SET_EVENT_MASK:
      return "event mask";
    case hci.CMD_LE_SET_EVENT_MASK:
      return "LE event mask";
    default:
      return null;
  }
}

function maskOf(command: ScanCommand, packet: Uint8Array): bigint {
  const isMask = command === "event mask" || command === "LE event mask";
  if (!isMask || packet.length < PARAMETERS + 8) return 0n;
  return new DataView(packet.buffer, packet.byteOffset).getBigUint64(PARAMETERS, true);
}

/** The command that adds the bit to the mask, where it is known to lack it. */
function unmasking(opcode: number, mask: bigint | null, bit: bigint) {
  if (mask === null || (mask & bit) !== 0n) return [];
  return [{ opcode, parameters: new Uint8Array(BigUint64Array.of(mask | bit).buffer) }];
}
