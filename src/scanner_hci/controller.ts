import type { Logger } from "../agent/mod.ts";
import { hci, type HciTransport } from "../hci/mod.ts";
import { abortable, type Clock, timeLimit } from "../time/mod.ts";
import { NobleDriver } from "./driver.ts";
import { HciLink } from "./link.ts";
import { hex, ScanRefused } from "./refusal.ts";
import { type ScanCommandResult, ScanMonitor } from "./scan_monitor.ts";
import { type ScanFeatures, type ScanParameters, scanParametersCommand } from "./scan_parameters.ts";

/** What a {@linkcode Controller} works with. */
export interface ControllerParts {
  readonly transport: HciTransport;
  /** Takes the events with advertising reports; the bytes are valid during the call only. */
  readonly reports: (packet: Uint8Array) => Promise<void> | undefined;
  /** Called when the controller refuses to scan, or reports that it has failed. */
  readonly failed: (reason: Error) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a controller says of itself. */
export interface ControllerClaims {
  /** Its address, least significant byte first; empty where it does not tell. */
  readonly address: Uint8Array;
  /** Return of HCI_Read_Local_Supported_Commands, status first (7.4.2). */
  readonly supportedCommands: Uint8Array;
  /** Return of HCI_LE_Read_Local_Supported_Features, status first (7.8.3). */
  readonly leFeatures: Uint8Array;
}

/** A controller answers within milliseconds; Linux itself gives up on one after 2 s. */
const ANSWER_TIMEOUT_MS = 2_000;
/** An agent must be able to end within 3 s with a mute controller and a dead broker. */
const STOP_TIMEOUT_MS = 500;

/**
 * The controller on one open transport, as a scan talks to it: each step waits for the answer, and for no longer than
 * that may take. What other programs tell it shows here, too.
 */
export class Controller {
  readonly #link: HciLink;
  readonly #monitor: ScanMonitor;
  #features: ScanFeatures = { extended: false, codedPhy: false };
  #onResult: (result: ScanCommandResult) => void = () => {};

  constructor(private readonly parts: ControllerParts) {
    const { transport, reports, failed, log } = parts;
    this.#monitor = new ScanMonitor((result) => this.#take(result));
    this.#link = new HciLink(transport, {
      reports,
      commandSent: (packet, foreign) => this.#monitor.commandSent(packet, foreign),
      commandCompleted: (opcode, status) => this.#monitor.commandCompleted(opcode, status),
      hardwareError: (code) => failed(new Error(`the controller reported a hardware error (${hex(code)})`)),
    }, log);
  }

  /** What it is doing, as far as its answers tell. */
  get activity(): Pick<ScanMonitor, "scanning" | "scansForUs" | "willScanForUs"> {
    return this.#monitor;
  }

  /** Whether it keeps what it hears for itself. */
  get isHidden(): boolean {
    return this.#monitor.unmaskingCommands(this.#features.extended).length > 0;
  }

  /** Whether it scans as this program asked, and reports what it hears. */
  get isHearing(): boolean {
    return this.#monitor.scansForUs && !this.isHidden;
  }

  /** Whether these reports are of the kind that this program's scan brings. */
  isOurs(packet: Uint8Array): boolean {
    const subevent = this.#features.extended
      ? hci.SUBEVENT_EXTENDED_ADVERTISING_REPORT
      : hci.SUBEVENT_ADVERTISING_REPORT;
    return this.#monitor.scansForUs && packet[3] === subevent;
  }

  /** Takes what it sends, until `signal` aborts or a recording ends; see {@linkcode HciTransport.receive}. */
  receive(signal: AbortSignal): Promise<void> {
    return this.#link.receive(signal);
  }

  /** Asks what it is and can do. */
  claims(running: AbortSignal): Promise<ControllerClaims> {
    return this.#answered("when asked what it supports", running, async (signal) => {
      const supportedCommands = await this.#link.ask(hci.CMD_READ_SUPPORTED_COMMANDS, signal);
      const leFeatures = await this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal);
      const address = await this.#link.ask(hci.CMD_READ_BD_ADDR, signal);
      return { supportedCommands, leFeatures, address: address.subarray(1) };
    });
  }

  /** Has noble initialise it, to scan in this way. */
  async powerOn(parameters: ScanParameters, features: ScanFeatures, running: AbortSignal): Promise<NobleDriver> {
    this.#features = features;
    this.#link.scanParameters = scanParametersCommand(parameters, features);
    const driver = new NobleDriver(this.#link, features.extended);
    await this.#answered("at power-on", running, (signal) => driver.powerOn(signal));
    return driver;
  }

  /** Lets reports through where somebody has masked them, and begins to scan, anew where it does already. */
  async start(driver: NobleDriver, parameters: ScanParameters, running: AbortSignal): Promise<void> {
    this.#link.scanParameters = scanParametersCommand(parameters, this.#features);
    await this.#answered("the command to start scanning", running, async (signal) => {
      for (const { opcode, parameters } of this.#monitor.unmaskingCommands(this.#features.extended)) {
        const [status = 0] = await this.#link.ask(opcode, signal, parameters);
        if (status !== 0) {
          throw new Error(`${this.parts.transport.name} refused to unmask advertising reports (status ${hex(status)})`);
        }
      }
      const started = ({ command, foreign }: ScanCommandResult) => command === "enable" && !foreign;
      await this.nextResult(signal, started, () => driver.startScanning());
    });
  }

  /** Ends the scan. Takes half a second at most. */
  async stop(driver: NobleDriver): Promise<void> {
    using limit = timeLimit(this.parts.clock, STOP_TIMEOUT_MS);
    const stopped = ({ command, foreign }: ScanCommandResult) => command === "disable" && !foreign;
    await this.nextResult(limit.signal, stopped, () => driver.stopScanning());
  }

  /** Throws where it does not answer. */
  async checkLiveness(running: AbortSignal): Promise<void> {
    const ask = (signal: AbortSignal) => this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal);
    await this.#answered("a liveness check", running, ask);
  }

  /** Acts, and resolves to the next result that is wanted, of this program's commands or of others'. */
  nextResult(
    signal: AbortSignal,
    wanted: (result: ScanCommandResult) => boolean,
    act: () => void = () => {},
  ): Promise<ScanCommandResult> {
    return abortable<ScanCommandResult>(signal, (resolve) => {
      this.#onResult = (result) => {
        if (wanted(result)) resolve(result);
      };
      act();
    });
  }

  /** Runs a step that waits for the controller, and bounds it. */
  async #answered<T>(step: string, running: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, transport } = this.parts;
    const reason = () => new Error(`${transport.name} did not answer ${step}`);
    using limit = timeLimit(clock, ANSWER_TIMEOUT_MS, { signal: running, reason });
    return await run(limit.signal);
  }

  #take(result: ScanCommandResult): void {
    const { command, foreign, status } = result;
    const isNeeded = command === "parameters" || command === "enable";
    if (isNeeded && !foreign && status !== hci.STATUS_SUCCESS) {
      this.parts.failed(new ScanRefused(this.parts.transport.name, command, status));
    } else this.#onResult(result);
  }
}
