import type { EventEmitter } from "node:events";
import process from "node:process";
import Bindings from "@abandonware/noble/lib/hci-socket/bindings.js";
import withBindings from "@abandonware/noble/with-bindings.js";
import { abortable } from "../time/mod.ts";
import type { HciLink } from "./link.ts";

/** The part of noble that is used; it has no types of its own below its front door. */
interface Noble extends EventEmitter {
  readonly state: string;
  readonly address: string;
  startScanning(serviceUuids: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
}

interface HciBindings {
  readonly _hci: {
    readonly _socket: EventEmitter & { attach(link: HciLink): void };
    _userChannel: boolean;
  };
}

/** noble on a link: brings the controller to poweredOn, starts and stops its scan. */
export class NobleDriver {
  readonly #noble: Noble;

  /**
   * @param extended whether noble uses the extended scan commands
   */
  constructor(link: HciLink, extended: boolean) {
    const bindings = new Bindings({ extended }) as HciBindings;
    // In user-channel mode noble begins with a reset and has no timer that polls the adapter for
    // ever, with no way to stop it; the link keeps that reset from a controller that is not ours alone.
    bindings._hci._userChannel = true;
    bindings._hci._socket.attach(link);
    link.attach(bindings._hci._socket);
    this.#noble = withBindings(bindings) as Noble;
  }

  /** The controller's address, upper-case, or null until it has told. */
  get address(): string | null {
    return this.#noble.address === "unknown" ? null : this.#noble.address.toUpperCase();
  }

  /**
   * Initialises the controller and waits until noble calls it powered on.
   *
   * @throws the signal's reason if it aborts first
   * @throws {Error} where the controller does not support Bluetooth LE
   */
  powerOn(signal: AbortSignal): Promise<void> {
    let onState: ((state: string) => void) | undefined;
    return abortable<void>(signal, (resolve, reject) => {
      onState = (state) => {
        if (state === "poweredOn") resolve();
        if (state === "unsupported") reject(new Error("the controller does not support Bluetooth LE"));
      };
      // Reading the state for the first time is what initialises noble, and it does so at once.
      keepingProcessListeners(() => void this.#noble.state);
      this.#noble.on("stateChange", onState);
    }).finally(() => onState && this.#noble.removeListener("stateChange", onState));
  }

  /** Sends the commands that start a scan in which every advertisement is reported. */
  startScanning(): void {
    this.#noble.startScanning([], true);
  }

  /** Sends the command that stops the scan. */
  stopScanning(): void {
    this.#noble.stopScanning();
  }
}

/** Takes off again what `act` adds to the process: noble's listeners exit on SIGINT and at exit write to a socket that is gone. */
function keepingProcessListeners(act: () => void): void {
  const events = ["SIGINT", "exit"] as const;
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit") as unknown[]));
  try {
    act();
  } finally {
    for (const event of events) {
      for (const listener of process.listeners(event as "exit")) {
        if (!before.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}
