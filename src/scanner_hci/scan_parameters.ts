import { commandPacket, hci } from "../hci/mod.ts";

/** How to scan. */
export interface ScanParameters {
  /** Active scanning asks scannable advertisers for their scan response; passive only listens. */
  readonly mode: "active" | "passive";
  /** From the start of one scan window to the next, in milliseconds: 2.5 to 10,240 (legacy), 40,959 (extended). */
  readonly intervalMs: number;
  /** How long of each interval the receiver is on, in milliseconds: 2.5 to `intervalMs`. */
  readonly windowMs: number;
}

/** What of the controller's abilities a scan uses. */
export interface ScanFeatures {
  /** Extended advertising is received, through the extended scan commands. */
  readonly extended: boolean;
  /** Advertising on the LE Coded PHY is received too. */
  readonly codedPhy: boolean;
}

/** Scan interval and window are counted in units of 0.625 ms (7.8.10). */
const UNIT_MS = 0.625;
const PHY_1M = 0x01;
const PHY_CODED = 0x04;

/**
 * The command that sets these parameters: public own address, all advertisers accepted.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7.8.10 (legacy), 7.8.64 (extended)
 */
export function scanParametersCommand(parameters: ScanParameters, features: ScanFeatures): Uint8Array {
  const perPhy = [
    parameters.mode === "active" ? 1 : 0,
    ...uint16(parameters.intervalMs / UNIT_MS),
    ...uint16(parameters.windowMs / UNIT_MS),
  ];
  const ownAddressPublic = 0;
  const acceptAll = 0;
  if (!features.extended) {
    return commandPacket(hci.CMD_LE_SET_SCAN_PARAMETERS, [...perPhy, ownAddressPublic, acceptAll]);
  }
  const phys = PHY_1M | (features.codedPhy ? PHY_CODED : 0);
  return commandPacket(hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS, [
    ownAddressPublic,
    acceptAll,
    phys,
    ...perPhy,
    ...(features.codedPhy ? perPhy : []),
  ]);
}

/**
 * What a controller can do, from what it says of itself.
 *
 * Extended scanning goes by the supported commands, as Linux decides it: a controller must not be
 * sent legacy commands after extended ones (Vol 4, Part E, 3.1.1), and the kernel was there first.
 *
 * @param supportedCommands return of HCI_Read_Local_Supported_Commands, status first (7.4.2)
 * @param leFeatures return of HCI_LE_Read_Local_Supported_Features, status first (7.8.3)
 */
export function readScanFeatures(supportedCommands: Uint8Array, leFeatures: Uint8Array): ScanFeatures {
  const setExtendedParametersAndEnable = 0b0110_0000;
  const codedPhyBit = 0b0000_1000;
  return {
    extended: ((supportedCommands[1 + 37] ?? 0) & setExtendedParametersAndEnable) === setExtendedParametersAndEnable,
    codedPhy: ((leFeatures[1 + 1] ?? 0) & codedPhyBit) !== 0,
  };
}

function uint16(value: number): [number, number] {
  const whole = Math.round(value);
  return [whole & 0xff, whole >> 8];
}
