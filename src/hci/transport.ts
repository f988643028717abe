/**
 * Receives one HCI packet, H4 packet type first. The bytes belong to the transport: they are valid during the call
 * only.
 *
 * A returned promise asks the transport to wait. A {@linkcode HciTransport.paced} transport delivers nothing more until
 * it resolves; a live one goes on, because the air does not wait.
 */
export type PacketHandler = (packet: Uint8Array) => Promise<void> | undefined;

/**
 * Carries HCI packets between this host and one Bluetooth controller: the kernel's, a recorded one,
 * a simulated one. Packets are framed as in UART transport H4, one whole packet a call.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part A, 2 (packet types), Part E, 5.4 (formats)
 */
export interface HciTransport extends AsyncDisposable {
  /** What it is, for people: `hci0`, a file name, `simulated`. */
  readonly name: string;
  /** Whether it waits for its receiver (a recording) or not (anything live). */
  readonly paced: boolean;
  /**
   * Whether this host alone drives the controller and so has to initialise it: true for the kernel's
   * user channel, a recording, a simulation; false for the raw channel, where the kernel has
   * initialised it and depends on its settings.
   */
  readonly exclusive: boolean;
  /** If a kernel shares the controller: what it takes the scan for. */
  readonly discovery?: KernelDiscovery | undefined;
  /** Whether the controller is powered up. Also false if it is gone. */
  isUp(): boolean;
  /**
   * How many packets from the controller have been lost since it was opened because this program did not read them in
   * time.
   */
  droppedPackets(): number;
  /**
   * Sends a command or data packet to the controller.
   *
   * @throws {HciError} if the controller is gone, down, or off limits to this process
   */
  send(packet: Uint8Array): void;
  /**
   * Delivers every packet from the controller, in order, to `onPacket`. May be called once. Resolves when `signal`
   * aborts or, for a recording, after its last packet was taken.
   *
   * @throws {HciError} if the controller is gone
   */
  receive(onPacket: PacketHandler, signal: AbortSignal): Promise<void>;
}

/** What came of ending a discovery. `none`: there was none; `denied`: this process lacks CAP_NET_ADMIN. */
export type DiscoveryEnd = "ended" | "none" | "denied";

/**
 * Current Linux kernels (6.12 does, 6.1 does not) mistake an active scan started by any program for one of bluetoothd's
 * discoveries, of which they allow one at a time, and report it to the programs that manage Bluetooth. They do not
 * notice when the scan ends.
 */
export interface KernelDiscovery {
  /**
   * Prepares for an active scan: ends what the kernel takes for a discovery, and makes it treat the scan as one that
   * bluetoothd's discovery joins; otherwise that would end the scan and wait. Takes milliseconds, or seconds if the
   * controller is slow to answer.
   *
   * @throws the signal's reason if it aborts first
   */
  begin(signal: AbortSignal): Promise<DiscoveryEnd>;
  /** Ends what the kernel takes for a discovery, and the scan with it. Takes half a second at most. */
  end(): Promise<DiscoveryEnd>;
  /** Whether a program has started using Bluetooth since the last call: it has not been told of the discovery. */
  hasNewNeighbours(): boolean;
}

/** Where transports come from: the same controller, opened again and again. */
export interface HciSource {
  /**
   * Opens the controller.
   *
   * @throws {HciError} if it cannot be opened
   */
  open(): Promise<HciTransport>;
  /**
   * Switches the controller off and on; does nothing if it is not a real one.
   *
   * @throws {HciError} if it cannot be reset, or does not come up again
   */
  reset(): Promise<void>;
}

/** Why a transport does not work; what the caller does next depends on it. */
export type HciErrorCode =
  | "EPERM" // not allowed: capabilities are missing
  | "ENODEV" // no such adapter, or it was unplugged
  | "EAFNOSUPPORT" // this kernel has no Bluetooth
  | "EBUSY" // somebody else holds it (user channel)
  | "ERFKILL" // blocked by rfkill
  | "ENETDOWN" // the adapter is powered down
  | "EIO"; // anything else

/** A transport failed. The message names the action, the adapter and the remedy. */
export class HciError extends Error {
  /** Tells it from other errors. */
  override readonly name = "HciError";

  /** Says what failed. */
  constructor(readonly code: HciErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
