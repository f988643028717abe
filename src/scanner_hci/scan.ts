import type { Logger, ScanState } from "../agent/mod.ts";
import { type DiscoveryEnd, hci, HciError, type HciTransport, type KernelDiscovery } from "../hci/mod.ts";
import { abortable, type Clock, timeLimit } from "../time/mod.ts";
import { NobleDriver } from "./driver.ts";
import { HciLink } from "./link.ts";
import { hex, ScanRefused } from "./refusal.ts";
import { type ScanCommandResult, ScanMonitor } from "./scan_monitor.ts";
import { readScanFeatures, type ScanFeatures, type ScanParameters, scanParametersCommand } from "./scan_parameters.ts";

/** What a {@linkcode Scan} works with. */
export interface ScanParts {
  readonly transport: HciTransport;
  readonly parameters: ScanParameters;
  /** Takes the events with advertising reports; the bytes are valid during the call only. */
  readonly reports: (packet: Uint8Array) => Promise<void> | undefined;
  /** Hears what the scan does. */
  readonly state: (state: ScanState) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Decides how to scan once the controller has told what it is. */
  readonly choose: (controller: ControllerClaims) => ScanFeatures;
  /** The controller scans. */
  readonly accepted: () => void;
  /** The first report has come that the scan brought. */
  readonly heard: () => void;
  /** This process may not end what the kernel takes for a discovery. */
  readonly discoveryDenied: () => void;
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
/** How often a scan is looked after in which nothing is heard. */
const LOOK_INTERVAL_MS = 3_000;
/** Whoever ends our scan often begins one of their own right after; who resets sets up anew. */
const FOREIGN_SCAN_GRACE_MS = 1_000;

/** What became of a scan: taken over by another one, or why it was lost. */
type Loss = { readonly kind: "taken over" } | { readonly kind: "ended"; readonly reason: string };

/** One scan on one open transport. */
export class Scan {
  readonly #link: HciLink;
  readonly #monitor: ScanMonitor;
  readonly #failed = new AbortController();
  /** The transport delivers no more: the recording is over, or this scan is. */
  readonly #ended = new AbortController();
  #onResult: (result: ScanCommandResult) => void = () => {};
  #extended = false;
  /** Since it was looked after last. */
  #heardLately = false;
  #heard = false;
  #watching: Promise<void> = Promise.resolve();
  /** It is about to be ended so that it can be begun anew, for others to be told of it. */
  #isAnnouncing = false;

  constructor(private readonly parts: ScanParts) {
    const { transport, reports, log } = parts;
    this.#monitor = new ScanMonitor((result) => this.#take(result));
    this.#link = new HciLink(transport, {
      reports: (packet) => {
        this.#heardLately = true;
        if (!this.#heard && this.#isOurs(packet)) this.#hear();
        return reports(packet);
      },
      commandSent: (packet, foreign) => this.#monitor.commandSent(packet, foreign),
      commandCompleted: (opcode, status) => this.#monitor.commandCompleted(opcode, status),
      hardwareError: (code) => this.#fail(new Error(`the controller reported a hardware error (${hex(code)})`)),
    }, log);
  }

  /** Whether anything was heard with its commands; other programs' scans bring reports too. */
  get heard(): boolean {
    return this.#heard;
  }

  /**
   * Scans until `signal` aborts or a recording ends.
   *
   * @throws {ScanRefused} where the controller refuses
   * @throws {Error} where it cannot begin, or ends without being asked to
   */
  async run(signal: AbortSignal): Promise<void> {
    const receiving = this.#link.receive(this.#ended.signal);
    receiving.then(() => this.#ended.abort(), (error) => this.#fail(error));
    const running = AbortSignal.any([signal, this.#ended.signal, this.#failed.signal]);
    try {
      await this.#scan(running);
    } catch (error) {
      // Told to stop, or the recording is over: both are a good end.
      if (!signal.aborted && !this.#ended.signal.aborted) throw error;
    } finally {
      this.#ended.abort();
      await this.#watching;
      await receiving.catch(() => {});
    }
  }

  async #scan(running: AbortSignal): Promise<never> {
    const { transport, parameters, state, log } = this.parts;
    const claims = await this.#askClaims(running);
    const features = this.parts.choose(claims);
    this.#extended = features.extended;
    this.#link.scanParameters = scanParametersCommand(parameters, features);
    const driver = new NobleDriver(this.#link, features.extended);
    await this.#answered("at power-on", running, (signal) => driver.powerOn(signal));
    if (!transport.paced) this.#watching = this.#watch(running);
    // Of a run that was killed, perhaps; from here on, who uses Bluetooth is told of this one. The kernel
    // goes by what is claimed: after its extended commands, the controller may refuse our legacy ones.
    const { extended } = readScanFeatures(claims.supportedCommands, claims.leFeatures);
    await this.#discovery(extended === features.extended ? (it) => it.begin(running) : (it) => it.end());
    try {
      while (true) {
        await this.#start(driver, running);
        this.parts.accepted();
        state({
          kind: "scanning",
          adapter: transport.name,
          adapterAddress: driver.address,
          mode: parameters.mode,
          extended: features.extended,
        });
        const reason = await this.#untilLost(driver, running);
        log.warn("scan ended", { adapter: transport.name, reason, action: "restarting it" });
        state({ kind: "stopped", reason });
      }
    } finally {
      await this.#stop(driver, running);
    }
  }

  #askClaims(running: AbortSignal): Promise<ControllerClaims> {
    return this.#answered("when asked what it supports", running, async (signal) => {
      const supportedCommands = await this.#link.ask(hci.CMD_READ_SUPPORTED_COMMANDS, signal);
      const leFeatures = await this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal);
      const address = await this.#link.ask(hci.CMD_READ_BD_ADDR, signal);
      return { supportedCommands, leFeatures, address: address.subarray(1) };
    });
  }

  async #start(driver: NobleDriver, running: AbortSignal): Promise<void> {
    await this.#answered("the command to start scanning", running, async (signal) => {
      for (const { opcode, parameters } of this.#monitor.unmaskingCommands(this.#extended)) {
        const [status = 0] = await this.#link.ask(opcode, signal, parameters);
        if (status !== 0) {
          throw new Error(`${this.parts.transport.name} refused to unmask advertising reports (status ${hex(status)})`);
        }
      }
      const started = ({ command, foreign }: ScanCommandResult) => command === "enable" && !foreign;
      await this.#nextResult(signal, started, () => driver.startScanning());
    });
  }

  /** Resolves to why the scan was lost for longer than the moment that it takes to begin it anew. */
  async #untilLost(driver: NobleDriver, running: AbortSignal): Promise<string> {
    while (true) {
      const loss = await this.#loss(running);
      if (loss.kind === "ended") return loss.reason;
      this.parts.log.debug("scan taken over", { adapter: this.parts.transport.name, action: "restarting it" });
      await this.#start(driver, running);
    }
  }

  /**
   * Looks after a scan in which nothing is heard: nobody tells that an adapter was powered down, or
   * that its controller answers no more.
   */
  async #watch(running: AbortSignal): Promise<void> {
    const { transport } = this.parts;
    try {
      while (true) {
        this.#heardLately = false;
        await this.parts.clock.sleep(LOOK_INTERVAL_MS, running);
        if (!this.#heardLately) await this.#look(running);
        if (transport.discovery?.hasNewNeighbours() && this.#monitor.scansForUs) await this.#announce();
      }
    } catch (error) {
      if (!running.aborted) this.#fail(error);
    }
  }

  /** A program that came later does not know that the kernel sees a discovery in this scan, and cannot begin its own. */
  async #announce(): Promise<void> {
    this.#isAnnouncing = true; // until that shows
    if (await this.#discovery((it) => it.end()) !== "ended") this.#isAnnouncing = false;
  }

  async #discovery(act: (discovery: KernelDiscovery) => Promise<DiscoveryEnd>): Promise<DiscoveryEnd> {
    const { transport, parameters, discoveryDenied } = this.parts;
    if (transport.discovery === undefined || parameters.mode === "passive") return "none";
    const end = await act(transport.discovery);
    if (end === "denied") discoveryDenied();
    return end;
  }

  async #look(running: AbortSignal): Promise<void> {
    const { transport } = this.parts;
    if (!transport.isUp()) throw new HciError("ENETDOWN", `${transport.name} is powered down`);
    await this.#answered(
      "a liveness check",
      running,
      (signal) => this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal),
    );
  }

  /**
   * Resolves when another process has ended the scan, or put one of its own in its place (the kernel's
   * filters duplicates, and while it waits for paired devices it hears nobody else), or has reset the
   * controller, or made it keep what it hears for itself.
   */
  async #loss(running: AbortSignal): Promise<Loss> {
    let command: ScanCommandResult["command"] | null = null;
    // It may have happened in the same breath as the answer to our own command.
    if (this.#isHearing) ({ command } = await this.#nextResult(running, (result) => this.#isLostBy(result)));
    if (this.#isAnnouncing && command === "disable") {
      this.#isAnnouncing = false;
      return { kind: "taken over" };
    }
    await this.parts.clock.sleep(FOREIGN_SCAN_GRACE_MS, running);
    if (command === "reset") return { kind: "ended", reason: "another process reset the controller" };
    if (this.#isHidden) return { kind: "ended", reason: "another process masked the controller's advertising reports" };
    if (this.#monitor.scanning) return { kind: "taken over" };
    return { kind: "ended", reason: "another process ended the scan" };
  }

  #hear(): void {
    this.#heard = true;
    this.parts.heard();
  }

  #isOurs(packet: Uint8Array): boolean {
    const subevent = this.#extended ? hci.SUBEVENT_EXTENDED_ADVERTISING_REPORT : hci.SUBEVENT_ADVERTISING_REPORT;
    return this.#monitor.scansForUs && packet[3] === subevent;
  }

  get #isHidden(): boolean {
    return this.#monitor.unmaskingCommands(this.#extended).length > 0;
  }

  get #isHearing(): boolean {
    return this.#monitor.scansForUs && !this.#isHidden;
  }

  #isLostBy({ foreign, status }: ScanCommandResult): boolean {
    return foreign && status === hci.STATUS_SUCCESS && !this.#isHearing;
  }

  async #stop(driver: NobleDriver, running: AbortSignal): Promise<void> {
    // Told to end, it may just have begun; a controller that did not answer is not asked again.
    const scans = running.aborted ? this.#monitor.willScanForUs : this.#monitor.scansForUs;
    if (!scans || this.#failed.signal.aborted || this.#ended.signal.aborted) return;
    const { transport, clock, log } = this.parts;
    using limit = timeLimit(clock, STOP_TIMEOUT_MS);
    try {
      const stopped = ({ command, foreign }: ScanCommandResult) => command === "disable" && !foreign;
      await this.#nextResult(limit.signal, stopped, () => driver.stopScanning());
      await this.#discovery((it) => it.end());
    } catch (error) {
      log.warn("scan could not be stopped", { adapter: transport.name, error });
    }
  }

  /** Acts, and resolves to the next result that is wanted. */
  #nextResult(
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
      this.#fail(new ScanRefused(this.parts.transport.name, command, status));
    } else this.#onResult(result);
  }

  #fail(reason: unknown): void {
    this.#failed.abort(reason);
  }
}
