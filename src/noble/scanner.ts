import { type Logger, type ScanCure, ScanError, type Scanner, type ScanSink } from "../agent/mod.ts";
import { hci, HciError, type HciErrorCode, type HciSource, type HciTransport } from "../hci/mod.ts";
import { abortable, type Clock, untilAborted } from "../time/mod.ts";
import { NobleDriver } from "./driver.ts";
import { HciLink } from "./link.ts";
import { type ScanCommandResult, ScanMonitor } from "./scan_monitor.ts";
import { readScanFeatures, type ScanFeatures, type ScanParameters, scanParametersCommand } from "./scan_parameters.ts";

/** What a {@linkcode NobleScanner} scans with. */
export interface NobleScannerOptions extends ScanParameters {
  /** Opens the controller, anew for each run. */
  readonly source: HciSource;
  /** Whether `source` yields paced transports. */
  readonly paced: boolean;
  /** Extended advertising: where the controller has it, always, or never. */
  readonly extended: "auto" | boolean;
}

/** A controller answers within milliseconds; Linux itself gives up on one after 2 s. */
const ANSWER_TIMEOUT_MS = 2_000;
/** An agent must be able to end within 3 s with a mute controller and a dead broker. */
const STOP_TIMEOUT_MS = 500;
/** How often a scan is looked after in which nothing is heard. */
const LOOK_INTERVAL_MS = 3_000;
/** Whoever ends our scan often begins one of their own right after. */
const FOREIGN_SCAN_GRACE_MS = 1_000;
/** Unknown HCI Command (Vol 1, Part F, 2.1). */
const STATUS_UNKNOWN_COMMAND = 0x01;

/** What else fails is the controller: it does not answer, refuses, or reports that it has failed. */
const CURES: Readonly<Record<HciErrorCode, ScanCure>> = {
  EPERM: "person",
  EAFNOSUPPORT: "person",
  ENODEV: "time",
  EBUSY: "time",
  ERFKILL: "time",
  ENETDOWN: "time", // it is powered up when it is opened
  EIO: "reset",
};

/** Scans through noble over any transport; the reports themselves bypass noble. */
export class NobleScanner implements Scanner {
  #transport: HciTransport | null = null;
  #missedBefore = 0;

  /** Prepares; {@linkcode run} opens the controller. */
  constructor(
    private readonly options: NobleScannerOptions,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Whether the source waits for the sink. */
  get paced(): boolean {
    return this.options.paced;
  }

  /** How many packets were lost since the start before they could be read. */
  get missed(): number {
    return this.#missedBefore + (this.#transport?.droppedPackets() ?? 0);
  }

  /**
   * Opens the controller and scans until `signal` aborts or a recording ends; see {@linkcode Scanner.run}.
   *
   * @throws {ScanError} where the scan cannot start, or ends without being asked to
   */
  async run(sink: ScanSink, signal: AbortSignal): Promise<void> {
    sink.state({ kind: "starting" });
    let reason = "stopped";
    try {
      await using transport = await this.#open(signal);
      await this.#scan(transport, sink, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = toScanError(error);
      reason = failure.message;
      throw failure;
    } finally {
      sink.state({ kind: "stopped", reason });
    }
  }

  /** Switches the adapter off and on. */
  reset(): Promise<void> {
    return this.options.source.reset();
  }

  /** Powering an adapter up can take the kernel many seconds, which the end does not wait for. */
  async #open(signal: AbortSignal): Promise<HciTransport> {
    const opening = this.options.source.open();
    try {
      return await untilAborted(opening, signal);
    } catch (error) {
      opening.then((late) => late[Symbol.asyncDispose](), () => {});
      throw error;
    }
  }

  async #scan(transport: HciTransport, sink: ScanSink, signal: AbortSignal): Promise<void> {
    this.#transport = transport;
    try {
      await new Scan(transport, this.options, this.clock, this.log, sink).run(signal);
    } finally {
      this.#missedBefore = this.missed;
      this.#transport = null;
    }
  }
}

/** One scan on one open transport. */
class Scan {
  readonly #link: HciLink;
  readonly #monitor: ScanMonitor;
  readonly #failed = new AbortController();
  /** The transport delivers no more: the recording is over, or this scan is. */
  readonly #ended = new AbortController();
  #onResult: (result: ScanCommandResult) => void = () => {};
  #heard = false;
  #watching: Promise<void> = Promise.resolve();

  constructor(
    private readonly transport: HciTransport,
    private readonly options: NobleScannerOptions,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly sink: ScanSink,
  ) {
    this.#monitor = new ScanMonitor((result) => this.#onResult(result));
    this.#link = new HciLink(transport, {
      reports: (packet) => {
        this.#heard = true;
        return sink.event(packet);
      },
      commandSent: (packet, foreign) => this.#monitor.commandSent(packet, foreign),
      commandCompleted: (opcode, status) => this.#commandCompleted(opcode, status),
      hardwareError: (code) => this.#fail(`the controller reported a hardware error (${hex(code)})`),
    }, log);
  }

  async run(signal: AbortSignal): Promise<void> {
    const receiving = this.#link.receive(this.#ended.signal);
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
    const features = await this.#features(running);
    this.#link.scanParameters = scanParametersCommand(this.options, features);
    const driver = new NobleDriver(this.#link, features.extended);
    await this.#answered("power on", running, (signal) => driver.powerOn(signal));
    if (!this.transport.paced) this.#watching = this.#watch(running);
    try {
      while (true) {
        await this.#start(driver, running);
        this.sink.state({
          kind: "scanning",
          adapter: this.transport.name,
          adapterAddress: driver.address,
          mode: this.options.mode,
          extended: features.extended,
        });
        while (await this.#lostToOthers(running) === "taken over") {
          this.log.debug("scan taken over", { adapter: this.transport.name, action: "beginning it anew" });
          await this.#start(driver, running);
        }
        const reason = "another process ended the scan";
        this.log.warn("scan ended", { adapter: this.transport.name, reason, action: "starting it again" });
        this.sink.state({ kind: "stopped", reason });
      }
    } finally {
      await this.#stop(driver, running);
    }
  }

  async #features(running: AbortSignal): Promise<ScanFeatures> {
    const { extended } = this.options;
    const features = await this.#answered("say what it supports", running, async (signal) => {
      const commands = await this.#link.ask(hci.CMD_READ_SUPPORTED_COMMANDS, signal);
      const leFeatures = await this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal);
      if (leFeatures[0] !== STATUS_UNKNOWN_COMMAND) return readScanFeatures(commands, leFeatures);
      throw new ScanError(`${this.transport.name} has no Bluetooth LE; set scanner.adapter to one that has`, "person");
    });
    if (extended === true && !features.extended) {
      throw new ScanError(
        `${this.transport.name} has no extended advertising; set scanner.extended to auto or false`,
        "person",
      );
    }
    return { ...features, extended: extended === "auto" ? features.extended : extended };
  }

  async #start(driver: NobleDriver, running: AbortSignal): Promise<void> {
    await this.#answered("start scanning", running, async (signal) => {
      const started = ({ enable, foreign }: ScanCommandResult) => enable && !foreign;
      const { status } = await this.#nextResult(signal, started, () => driver.startScanning());
      if (status !== 0) throw new Error(`${this.transport.name} refused to scan (status ${hex(status)})`);
    });
  }

  /**
   * Looks after a scan in which nothing is heard: nobody tells that an adapter was powered down, or
   * that its controller answers no more.
   */
  async #watch(running: AbortSignal): Promise<void> {
    try {
      while (true) {
        this.#heard = false;
        await this.clock.sleep(LOOK_INTERVAL_MS, running);
        if (!this.#heard) await this.#look(running);
      }
    } catch (error) {
      if (!running.aborted) this.#failed.abort(error);
    }
  }

  async #look(running: AbortSignal): Promise<void> {
    if (!this.transport.isUp()) throw new HciError("ENETDOWN", `${this.transport.name} is powered down`);
    await this.#answered(
      "say that it is there",
      running,
      (signal) => this.#link.ask(hci.CMD_LE_READ_LOCAL_FEATURES, signal),
    );
  }

  /**
   * Resolves when another process has ended the scan, or put one of its own in its place: the kernel's
   * filters duplicates, and while it waits for paired devices it hears nobody else.
   */
  async #lostToOthers(running: AbortSignal): Promise<"ended" | "taken over"> {
    // It may have happened in the same breath as the answer to our own command.
    if (this.#monitor.scansForUs) await this.#nextResult(running, ({ foreign, status }) => foreign && status === 0);
    await this.clock.sleep(FOREIGN_SCAN_GRACE_MS, running);
    return this.#monitor.scanning ? "taken over" : "ended";
  }

  async #stop(driver: NobleDriver, running: AbortSignal): Promise<void> {
    // Told to end, it may just have begun; a controller that did not answer is not asked again.
    const scans = running.aborted ? this.#monitor.willScanForUs : this.#monitor.scansForUs;
    if (!scans || this.#failed.signal.aborted || this.#ended.signal.aborted) return;
    const timeout = new AbortController();
    const timedOut = this.clock.sleep(STOP_TIMEOUT_MS, timeout.signal).then(() => timeout.abort(), () => {});
    try {
      const stopped = ({ enable, foreign }: ScanCommandResult) => !enable && !foreign;
      await this.#nextResult(timeout.signal, stopped, () => driver.stopScanning());
    } catch (error) {
      this.log.warn("scan could not be stopped", { adapter: this.transport.name, error });
    } finally {
      timeout.abort();
      await timedOut;
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
    const timeout = new AbortController();
    const done = new AbortController();
    const timer = this.clock.sleep(ANSWER_TIMEOUT_MS, done.signal).then(
      () => timeout.abort(new Error(`${this.transport.name} does not answer (${step})`)),
      () => {},
    );
    try {
      return await run(AbortSignal.any([running, timeout.signal]));
    } finally {
      done.abort();
      await timer;
    }
  }

  #commandCompleted(opcode: number, status: number): void {
    const isParameters = opcode === hci.CMD_LE_SET_SCAN_PARAMETERS ||
      opcode === hci.CMD_LE_SET_EXTENDED_SCAN_PARAMETERS;
    if (isParameters && status !== 0) {
      this.log.warn("scan parameters refused", { adapter: this.transport.name, status: hex(status) });
    }
    this.#monitor.commandCompleted(opcode, status);
  }

  #fail(message: string): void {
    this.#failed.abort(new Error(message));
  }
}

function toScanError(error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ScanError(message, error instanceof HciError ? CURES[error.code] : "reset", { cause: error });
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
