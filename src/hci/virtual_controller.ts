import * as c from "./constants.ts";
import { commandCompletePacket, commandStatusPacket } from "./packets.ts";

/** A controller that scans. A new object each time scanning is enabled. */
export interface ControllerScanning {
  readonly kind: "scanning";
  /** Whether it sends scan requests, so that scan responses come back. */
  readonly active: boolean;
  readonly intervalMs: number;
  readonly windowMs: number;
  /** Whether it was started with the extended commands and so reports with subevent 0x0D. */
  readonly extended: boolean;
  readonly filterDuplicates: boolean;
  /** Whether it listens on LE 1M as primary PHY. */
  readonly le1mPhy: boolean;
  /** Whether it listens on LE Coded as primary PHY. */
  readonly codedPhy: boolean;
}

/** What a controller's scanner does. */
export type ControllerScan = { readonly kind: "idle" } | ControllerScanning;

/** What a {@linkcode VirtualController} is. */
export interface VirtualControllerOptions {
  /** Whether it knows the extended scan commands (Bluetooth 5); default true. */
  readonly extendedAdvertising?: boolean;
}

type ControllerScanParameters = Pick<ControllerScanning, "active" | "intervalMs" | "windowMs" | "le1mPhy" | "codedPhy">;
type CommandFamily = "legacy" | "extended";

interface Command {
  /** Its bit in Supported_Commands: octet, bit (Vol 4, Part E, 6.27). */
  readonly supported: readonly [octet: number, bit: number];
  /** Length of its parameters; null: `run` looks at it. */
  readonly parameterBytes: number | null;
  /** Executes it; returns the return parameters, status first. */
  run(parameters: DataView): readonly number[];
}

const SUPPORTED_COMMANDS_BYTES = 64;
const SLOT_MS = 0.625;
const MIN_INTERVAL_SLOTS = 0x0004;
const MAX_LEGACY_INTERVAL_SLOTS = 0x4000;
const MAX_EXTENDED_INTERVAL_SLOTS = 0xffff;
const PHY_LE_1M = 0b001;
const PHY_LE_CODED = 0b100;
const FEATURE_OCTET_1 = 0b0001_1000; // bit 11 LE Coded PHY, bit 12 extended advertising
const CORE_5_4 = 0x0d;
const NO_COMPANY = 0xffff;
/** 02:00:00:00:BD:01, least significant first. */
const ADDRESS = [0x01, 0xbd, 0x00, 0x00, 0x00, 0x02];
const IDLE: ControllerScan = { kind: "idle" };
const DEFAULT_PARAMETERS: ControllerScanParameters = {
  active: false,
  intervalMs: 10,
  windowMs: 10,
  le1mPhy: true,
  codedPhy: false,
};

/**
 * Answers HCI commands as the scanning part of a Bluetooth LE controller does, and keeps the state that they set. Event
 * masks are accepted but not applied: reports depend on scanning alone.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 3.1.1 (legacy and extended commands), 7
 */
export class VirtualController {
  #scan: ControllerScan = IDLE;
  #parameters = DEFAULT_PARAMETERS;
  #family: CommandFamily | null = null;
  #leHostSupport = 1;
  readonly #commands: ReadonlyMap<number, Command>;

  constructor(options: VirtualControllerOptions = {}) {
    this.#commands = this.#table(options.extendedAdvertising ?? true);
  }

  /** What it does at this moment. */
  get scan(): ControllerScan {
    return this.#scan;
  }

  /**
   * Executes a command packet and returns the one event that answers it: Command Status if the command is unknown or
   * has the wrong length, otherwise Command Complete. Null if the packet is not a command.
   */
  answer(packet: Uint8Array): Uint8Array | null {
    const [type, low, high, length] = packet;
    if (type !== c.PACKET_COMMAND || low === undefined || high === undefined || length === undefined) return null;
    const opcode = low | (high << 8);
    const parameters = new DataView(packet.buffer, packet.byteOffset + 4, packet.length - 4);
    const command = this.#commands.get(opcode);
    if (command === undefined) return commandStatusPacket(opcode, c.STATUS_UNKNOWN_COMMAND);
    const expected = command.parameterBytes ?? length;
    if (length !== expected || parameters.byteLength !== expected) {
      return commandStatusPacket(opcode, c.STATUS_INVALID_PARAMETERS);
    }
    return commandCompletePacket(opcode, command.run(parameters));
  }

  #table(extendedAdvertising: boolean): ReadonlyMap<number, Command> {
    const done = () => [c.STATUS_SUCCESS];
    const read = (...values: readonly number[]) => () => [c.STATUS_SUCCESS, ...values];
    const commands = new Map<number, Command>([
      [c.CMD_SET_EVENT_MASK, { supported: [5, 6], parameterBytes: 8, run: done }],
      [c.CMD_RESET, { supported: [5, 7], parameterBytes: 0, run: () => this.#reset() }],
      [c.CMD_READ_LOCAL_VERSION, {
        supported: [14, 3],
        parameterBytes: 0,
        run: read(CORE_5_4, ...u16(0), CORE_5_4, ...u16(NO_COMPANY), ...u16(0)),
      }],
      [c.CMD_READ_SUPPORTED_COMMANDS, {
        supported: [14, 4],
        parameterBytes: 0,
        run: () => [c.STATUS_SUCCESS, ...this.#supportedCommands()],
      }],
      [c.CMD_READ_BUFFER_SIZE, {
        supported: [14, 7],
        parameterBytes: 0,
        run: read(...u16(1021), 0, ...u16(8), ...u16(0)),
      }],
      [c.CMD_READ_BD_ADDR, { supported: [15, 1], parameterBytes: 0, run: read(...ADDRESS) }],
      [c.CMD_READ_LE_HOST_SUPPORT, {
        supported: [24, 5],
        parameterBytes: 0,
        run: () => [c.STATUS_SUCCESS, this.#leHostSupport, 0],
      }],
      [c.CMD_WRITE_LE_HOST_SUPPORT, { supported: [24, 6], parameterBytes: 2, run: (p) => this.#writeLeHostSupport(p) }],
      [c.CMD_LE_SET_EVENT_MASK, { supported: [25, 0], parameterBytes: 8, run: done }],
      [c.CMD_LE_READ_BUFFER_SIZE, { supported: [25, 1], parameterBytes: 0, run: read(...u16(251), 8) }],
      [c.CMD_LE_READ_LOCAL_FEATURES, {
        supported: [25, 2],
        parameterBytes: 0,
        run: read(0, extendedAdvertising ? FEATURE_OCTET_1 : 0, 0, 0, 0, 0, 0, 0),
      }],
      [c.CMD_LE_SET_SCAN_PARAMETERS, { supported: [26, 2], parameterBytes: 7, run: (p) => [this.#setParameters(p)] }],
      [c.CMD_LE_SET_SCAN_ENABLE, { supported: [26, 3], parameterBytes: 2, run: (p) => [this.#setEnable(p)] }],
    ]);
    if (!extendedAdvertising) return commands;
    return commands
      .set(c.CMD_LE_SET_DEFAULT_PHY, { supported: [35, 5], parameterBytes: 3, run: done })
      .set(c.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, {
        supported: [37, 5],
        parameterBytes: null,
        run: (p) => [this.#setExtendedParameters(p)],
      })
      .set(c.CMD_LE_SET_EXTENDED_SCAN_ENABLE, {
        supported: [37, 6],
        parameterBytes: 6,
        run: (p) => [this.#setExtendedEnable(p)],
      });
  }

  #supportedCommands(): Uint8Array {
    const bits = new Uint8Array(SUPPORTED_COMMANDS_BYTES);
    for (const { supported: [octet, bit] } of this.#commands.values()) {
      bits[octet] = (bits[octet] ?? 0) | (1 << bit);
    }
    return bits;
  }

  #reset(): readonly number[] {
    this.#scan = IDLE;
    this.#parameters = DEFAULT_PARAMETERS;
    this.#family = null;
    return [c.STATUS_SUCCESS];
  }

  #writeLeHostSupport(parameters: DataView): readonly number[] {
    const support = parameters.getUint8(0);
    if (support > 1) return [c.STATUS_INVALID_PARAMETERS];
    this.#leHostSupport = support;
    return [c.STATUS_SUCCESS];
  }

  /** HCI_LE_Set_Scan_Parameters (7.8.10). */
  #setParameters(parameters: DataView): number {
    if (this.#family === "extended" || this.#scan.kind === "scanning") return c.STATUS_COMMAND_DISALLOWED;
    const own = parameters.getUint8(5);
    const policy = parameters.getUint8(6);
    const scan = scanTiming(parameters, 0, MAX_LEGACY_INTERVAL_SLOTS);
    if (scan === null || own > 3 || policy > 3) return c.STATUS_INVALID_PARAMETERS;
    this.#family = "legacy";
    this.#parameters = { ...scan, le1mPhy: true, codedPhy: false };
    return c.STATUS_SUCCESS;
  }

  /** HCI_LE_Set_Extended_Scan_Parameters (7.8.64); of two PHYs, the first gives type and timing. */
  #setExtendedParameters(parameters: DataView): number {
    if (this.#family === "legacy" || this.#scan.kind === "scanning") return c.STATUS_COMMAND_DISALLOWED;
    if (parameters.byteLength < 3) return c.STATUS_INVALID_PARAMETERS;
    const phys = parameters.getUint8(2);
    if ((phys & ~(PHY_LE_1M | PHY_LE_CODED)) !== 0) return c.STATUS_UNSUPPORTED_VALUE;
    const phyCount = Number((phys & PHY_LE_1M) !== 0) + Number((phys & PHY_LE_CODED) !== 0);
    if (phyCount === 0 || parameters.byteLength !== 3 + 5 * phyCount) return c.STATUS_INVALID_PARAMETERS;
    const scan = scanTiming(parameters, 3, MAX_EXTENDED_INTERVAL_SLOTS);
    const second = phyCount === 2 ? scanTiming(parameters, 8, MAX_EXTENDED_INTERVAL_SLOTS) : scan;
    if (scan === null || second === null || parameters.getUint8(0) > 3 || parameters.getUint8(1) > 3) {
      return c.STATUS_INVALID_PARAMETERS;
    }
    this.#family = "extended";
    this.#parameters = { ...scan, le1mPhy: (phys & PHY_LE_1M) !== 0, codedPhy: (phys & PHY_LE_CODED) !== 0 };
    return c.STATUS_SUCCESS;
  }

  /** HCI_LE_Set_Scan_Enable (7.8.11). */
  #setEnable(parameters: DataView): number {
    if (this.#family === "extended") return c.STATUS_COMMAND_DISALLOWED;
    const [enable, filterDuplicates] = [parameters.getUint8(0), parameters.getUint8(1)];
    if (enable > 1 || (enable === 1 && filterDuplicates > 1)) return c.STATUS_INVALID_PARAMETERS;
    return this.#enable("legacy", enable === 1, filterDuplicates === 1);
  }

  /** HCI_LE_Set_Extended_Scan_Enable (7.8.65); a limited duration is refused as unsupported. */
  #setExtendedEnable(parameters: DataView): number {
    if (this.#family === "legacy") return c.STATUS_COMMAND_DISALLOWED;
    const [enable, filterDuplicates] = [parameters.getUint8(0), parameters.getUint8(1)];
    const [duration, period] = [parameters.getUint16(2, true), parameters.getUint16(4, true)];
    if (enable > 1) return c.STATUS_INVALID_PARAMETERS;
    if (enable === 1) {
      if (filterDuplicates > (duration !== 0 && period !== 0 ? 2 : 1)) return c.STATUS_INVALID_PARAMETERS;
      if (duration !== 0) return c.STATUS_UNSUPPORTED_VALUE;
    }
    return this.#enable("extended", enable === 1, filterDuplicates === 1);
  }

  #enable(family: CommandFamily, enable: boolean, filterDuplicates: boolean): number {
    this.#family = family;
    this.#scan = enable
      ? { kind: "scanning", ...this.#parameters, extended: family === "extended", filterDuplicates }
      : IDLE;
    return c.STATUS_SUCCESS;
  }
}

/** Reads scan type, interval and window at `offset`; null if one is out of range. */
function scanTiming(
  parameters: DataView,
  offset: number,
  maxIntervalSlots: number,
): Pick<ControllerScanParameters, "active" | "intervalMs" | "windowMs"> | null {
  const type = parameters.getUint8(offset);
  const interval = parameters.getUint16(offset + 1, true);
  const window = parameters.getUint16(offset + 3, true);
  if (type > 1 || interval < MIN_INTERVAL_SLOTS || interval > maxIntervalSlots) return null;
  if (window < MIN_INTERVAL_SLOTS || window > interval) return null;
  return { active: type === 1, intervalMs: interval * SLOT_MS, windowMs: window * SLOT_MS };
}

function u16(value: number): readonly [low: number, high: number] {
  return [value & 0xff, value >> 8];
}
