import type { Logger, ScanMode, ScanState } from "../agent/mod.ts";
import { type DiscoveryEnd, hci, HciError, type HciTransport, type KernelDiscovery } from "../hci/mod.ts";
import { type Clock, timeLimit } from "../time/mod.ts";
import { Controller, type ControllerClaims } from "./controller.ts";
import type { NobleDriver } from "./driver.ts";
import type { NameRequests } from "./name_requests.ts";
import type { ScanCommand, ScanCommandResult } from "./scan_monitor.ts";
import { readScanFeatures, type ScanFeatures, type ScanParameters } from "./scan_parameters.ts";

/** What a {@linkcode Scan} works with. */
export interface ScanParts {
  readonly transport: HciTransport;
  readonly parameters: Omit<ScanParameters, "mode">;
  readonly mode: ScanMode;
  /** Says when a scan in the mode `auto` is to be active; null: never. */
  readonly names: NameRequests | null;
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

/** How often a scan is looked after in which nothing is heard. */
const LOOK_INTERVAL_MS = 3_000;
/** Whoever ends our scan often begins one of their own right after; who resets sets up anew. */
const FOREIGN_SCAN_GRACE_MS = 1_000;
/** How often it is looked whether somebody is to be asked, or all have answered. */
const NAMES_INTERVAL_MS = 250;

/** Why a scan has to begin anew: it is to be active or passive, was taken over by another one, or was lost, and why. */
type Turn =
  | { readonly kind: "due" }
  | { readonly kind: "taken over" }
  | { readonly kind: "ended"; readonly reason: string };

/** One scan on one open transport. */
export class Scan {
  readonly #controller: Controller;
  /** Whether devices are asked at the moment. */
  #mode: ScanParameters["mode"];
  readonly #failed = new AbortController();
  /** The transport delivers no more: the recording is over, or this scan is. */
  readonly #ended = new AbortController();
  /** Since it was looked after last. */
  #heardLately = false;
  #heard = false;
  #watching: Promise<void> = Promise.resolve();
  /** It is about to be ended so that it can be begun anew, for others to be told of it. */
  #isAnnouncing = false;

  constructor(private readonly parts: ScanParts) {
    const { transport, clock, log, mode } = parts;
    this.#mode = mode === "auto" ? "passive" : mode;
    const failed = (reason: Error) => this.#failed.abort(reason);
    this.#controller = new Controller({ transport, reports: (packet) => this.#hear(packet), failed, clock, log });
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
    const receiving = this.#controller.receive(this.#ended.signal);
    receiving.then(() => this.#ended.abort(), (error) => this.#failed.abort(error));
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
    const { transport, mode, state, log } = this.parts;
    const claims = await this.#controller.claims(running);
    const features = this.parts.choose(claims);
    const driver = await this.#controller.powerOn(this.#parameters, features, running);
    if (!transport.paced) this.#watching = this.#watch(running);
    // Of a run that was killed, perhaps; from here on, who uses Bluetooth is told of this one. The kernel
    // goes by what is claimed: after its extended commands, the controller may refuse our legacy ones.
    const { extended } = readScanFeatures(claims.supportedCommands, claims.leFeatures);
    if (mode !== "passive") {
      await this.#discovery(extended === features.extended ? (it) => it.begin(running) : (it) => it.end());
    }
    try {
      while (true) {
        await this.#controller.start(driver, this.#parameters, running);
        this.parts.accepted();
        state({
          kind: "scanning",
          adapter: transport.name,
          adapterAddress: driver.address,
          mode,
          extended: features.extended,
        });
        const reason = await this.#untilLost(driver, running);
        log.warn("scan ended", { adapter: transport.name, reason, action: "restarting it" });
        state({ kind: "stopped", reason });
      }
    } finally {
      await this.#stop(driver, running);
      this.parts.names?.end();
    }
  }

  get #parameters(): ScanParameters {
    return { ...this.parts.parameters, mode: this.#mode };
  }

  /** Resolves to why the scan was lost for longer than the moment that it takes to begin it anew. */
  async #untilLost(driver: NobleDriver, running: AbortSignal): Promise<string> {
    const { transport, log } = this.parts;
    while (true) {
      const turn = await this.#turn(running);
      switch (turn.kind) {
        case "ended":
          return turn.reason;
        case "taken over":
          log.debug("scan taken over", { adapter: transport.name, action: "restarting it" });
          await this.#controller.start(driver, this.#parameters, running);
          break;
        case "due":
          await this.#changeMode(driver, running);
          break;
        default:
          return turn satisfies never;
      }
    }
  }

  /** The controller takes other parameters only while it does not scan: what it could hear meanwhile, some milliseconds, is lost. */
  async #changeMode(driver: NobleDriver, running: AbortSignal): Promise<void> {
    const { transport, names, log } = this.parts;
    if (names === null) return;
    const devices = names.waiting;
    if (this.#mode === "passive") {
      names.begin();
      this.#mode = "active";
      log.debug("asking for names", { adapter: transport.name, devices });
      return await this.#controller.start(driver, this.#parameters, running);
    }
    await this.#discovery((it) => it.end()); // which ends the scan, too: before the passive one begins
    this.#mode = "passive";
    await this.#controller.start(driver, this.#parameters, running);
    log.debug("asked for names", { adapter: transport.name, unanswered: devices, active_ms: names.end() });
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
        const isSeen = transport.discovery?.hasNewNeighbours() && this.#mode === "active";
        if (isSeen && this.#controller.activity.scansForUs) await this.#announce();
      }
    } catch (error) {
      if (!running.aborted) this.#failed.abort(error);
    }
  }

  /** A program that came later does not know that the kernel sees a discovery in this scan, and cannot begin its own. */
  async #announce(): Promise<void> {
    this.#isAnnouncing = true; // until that shows
    if (await this.#discovery((it) => it.end()) !== "ended") this.#isAnnouncing = false;
  }

  async #discovery(act: (discovery: KernelDiscovery) => Promise<DiscoveryEnd>): Promise<DiscoveryEnd> {
    const { transport, discoveryDenied } = this.parts;
    if (transport.discovery === undefined) return "none";
    const end = await act(transport.discovery);
    if (end === "denied") discoveryDenied();
    return end;
  }

  async #look(running: AbortSignal): Promise<void> {
    const { transport } = this.parts;
    if (!transport.isUp()) throw new HciError("ENETDOWN", `${transport.name} is powered down`);
    await this.#controller.checkLiveness(running);
  }

  /**
   * Resolves when it is time to change the mode, and when another process has ended the scan, or put one of its own in its place (the kernel's
   * filters duplicates, and while it waits for paired devices it hears nobody else), or has reset the
   * controller, or made it keep what it hears for itself.
   */
  async #turn(running: AbortSignal): Promise<Turn> {
    const controller = this.#controller;
    let command: ScanCommand | null = null;
    // It may have happened in the same breath as the answer to our own command.
    while (controller.isHearing) {
      if (this.parts.names?.isDue) return { kind: "due" };
      command = await this.#foreignCommand(running);
    }
    if (this.#isAnnouncing && command === "disable") {
      this.#isAnnouncing = false;
      return { kind: "taken over" };
    }
    await this.parts.clock.sleep(FOREIGN_SCAN_GRACE_MS, running);
    if (command === "reset") return { kind: "ended", reason: "another process reset the controller" };
    if (controller.isHidden) {
      return { kind: "ended", reason: "another process masked the controller's advertising reports" };
    }
    if (controller.activity.scanning) return { kind: "taken over" };
    return { kind: "ended", reason: "another process ended the scan" };
  }

  /** The one that costs this scan what it hears; null: there was none, and it may be time to change the mode. */
  async #foreignCommand(running: AbortSignal): Promise<ScanCommand | null> {
    const { clock, names } = this.parts;
    using limit = timeLimit(clock, names === null ? null : NAMES_INTERVAL_MS, { signal: running });
    try {
      return (await this.#controller.nextResult(limit.signal, (result) => this.#isLostBy(result))).command;
    } catch (error) {
      if (running.aborted) throw error;
      return null;
    }
  }

  #hear(packet: Uint8Array): Promise<void> | undefined {
    this.#heardLately = true;
    if (!this.#heard && this.#controller.isOurs(packet)) {
      this.#heard = true;
      this.parts.heard();
    }
    return this.parts.reports(packet);
  }

  #isLostBy({ foreign, status }: ScanCommandResult): boolean {
    return foreign && status === hci.STATUS_SUCCESS && !this.#controller.isHearing;
  }

  async #stop(driver: NobleDriver, running: AbortSignal): Promise<void> {
    // Told to end, it may just have begun; a controller that did not answer is not asked again.
    const { willScanForUs, scansForUs } = this.#controller.activity;
    const scans = running.aborted ? willScanForUs : scansForUs;
    if (!scans || this.#failed.signal.aborted || this.#ended.signal.aborted) return;
    const { transport, log } = this.parts;
    try {
      await this.#controller.stop(driver);
      if (this.#mode === "active") await this.#discovery((it) => it.end());
    } catch (error) {
      log.warn("scan could not be stopped", { adapter: transport.name, error });
    }
  }
}
