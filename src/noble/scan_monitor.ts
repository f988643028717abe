import { hci } from "../hci/mod.ts";

/** How a command to begin or end scanning came out. */
export interface ScanCommandResult {
  /** Scanning was switched on (or off). */
  readonly enable: boolean;
  /** Another process sent it. */
  readonly foreign: boolean;
  /** 0: done; else the controller's error code (Vol 1, Part F). */
  readonly status: number;
}

/**
 * Follows whether the controller scans, from the scan-enable commands that anybody sends and the
 * controller's answers. The answers name only the command's opcode, so commands wait in line for them.
 */
export class ScanMonitor {
  readonly #waiting: { readonly enable: boolean; readonly foreign: boolean }[] = [];
  #scanning = false;
  #isOurs = false;

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
    const last = this.#waiting.at(-1);
    return last === undefined ? this.scansForUs : last.enable && !last.foreign;
  }

  /** Notes a command on its way to the controller; ones that are no scan-enable are passed over. */
  commandSent(packet: Uint8Array, foreign: boolean): void {
    if (!isScanEnable(opcodeOf(packet, 1))) return;
    this.#waiting.push({ enable: packet[4] === 1, foreign });
    // A controller that answers nothing must not make this line grow.
    if (this.#waiting.length > 16) this.#waiting.shift();
  }

  /** Notes a Command Complete event. */
  commandCompleted(opcode: number, status: number): void {
    if (!isScanEnable(opcode)) return;
    const command = this.#waiting.shift();
    if (command === undefined) return;
    if (status === 0) {
      this.#scanning = command.enable;
      this.#isOurs = !command.foreign;
    }
    this.onResult({ ...command, status });
  }
}

/** The opcode that stands at `offset`, or -1 where the packet is too short. */
export function opcodeOf(packet: Uint8Array, offset: number): number {
  const low = packet[offset];
  const high = packet[offset + 1];
  return low === undefined || high === undefined ? -1 : low | high << 8;
}

function isScanEnable(opcode: number): boolean {
  return opcode === hci.CMD_LE_SET_SCAN_ENABLE || opcode === hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE;
}
