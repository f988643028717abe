/** A controller in a crowd of invented advertisers.
 *
 * @module
 */
import type { Clock } from "../../time/mod.ts";
import type { HciTransport } from "../transport.ts";
import { VirtualController } from "../virtual_controller.ts";
import { VirtualTransport } from "../virtual_transport.ts";
import { SimulatedSource } from "./source.ts";

/** What to simulate. */
export interface SimulationOptions {
  /** How many advertisers there are, 0 or more; a hundred thousand cost 0.1 MB. */
  readonly devices: number;
  /** How many reports the controller delivers per second, 0 or more; fragments and scan responses count. */
  readonly reportsPerSecond: number;
  /** The same seed gives the same reports in the same order. */
  readonly seed: number;
  /** How long devices with random addresses keep one, in milliseconds; default 15 min, as recommended to them. */
  readonly addressLifetimeMs?: number;
  /**
   * Share of the reports that arrive damaged, 0 (default) to 1: truncated, altered, or fragments that are never
   * completed.
   */
  readonly malformedShare?: number;
  /** How many extra reports arrive at once, each minute; default 0. */
  readonly burstReports?: number;
  /** Whether the controller knows the extended scan commands (Bluetooth 5); default true. */
  readonly extendedAdvertising?: boolean;
  /** Times the reports. */
  readonly clock: Clock;
}

/** Core Specification 5.4, Vol 3, Part C, Appendix A. */
const ADDRESS_LIFETIME_MS = 15 * 60_000;

/**
 * Opens a simulated controller: phones, beacons and sensors with the data such devices send, addresses that rotate,
 * received signal strengths that wander. Like a real controller, it reports names in scan responses to an active scan
 * only, extended advertisers to an extended scan only, those on LE Coded only if that PHY is scanned, and data above
 * 229 bytes in fragments. It keeps going whatever its receiver does; at most 100 ms' worth of late reports are made up
 * for.
 *
 * @throws {RangeError} if a number is out of range
 */
// deno-lint-ignore require-await -- fails as any other transport: by rejecting
export async function openSimulated(options: SimulationOptions): Promise<HciTransport> {
  const { devices, reportsPerSecond, clock, extendedAdvertising = true } = options;
  const { addressLifetimeMs = ADDRESS_LIFETIME_MS, malformedShare = 0, burstReports = 0 } = options;
  if (!Number.isSafeInteger(devices) || devices < 0) {
    throw new RangeError(`Cannot simulate ${devices} devices: it must be a whole number from 0`);
  }
  if (!Number.isFinite(reportsPerSecond) || reportsPerSecond < 0) {
    throw new RangeError(`Cannot simulate ${reportsPerSecond} reports a second: it must be a number from 0`);
  }
  return new VirtualTransport({
    name: "simulated",
    paced: false,
    controller: new VirtualController({ extendedAdvertising }),
    source: new SimulatedSource({ ...options, addressLifetimeMs, malformedShare, burstReports }),
    clock,
  });
}
