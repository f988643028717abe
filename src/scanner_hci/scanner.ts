import { ReportReader, type ReportSink } from "../advertisement/mod.ts";
import { type Logger, type ScanCure, ScanError, type ScanMode, type Scanner, type ScanSink } from "../agent/mod.ts";
import { hci, HciError, type HciErrorCode, type HciSource, type HciTransport } from "../hci/mod.ts";
import { type Clock, untilAborted } from "../time/mod.ts";
import type { ControllerClaims } from "./controller.ts";
import { NameRequests } from "./name_requests.ts";
import { ScanRefused } from "./refusal.ts";
import { Scan, type ScanParts } from "./scan.ts";
import { readScanFeatures, type ScanFeatures, type ScanParameters } from "./scan_parameters.ts";
import { ScanPlan } from "./scan_plan.ts";

/** What a {@linkcode HciScanner} scans with. */
export interface HciScannerOptions extends Omit<ScanParameters, "mode"> {
  /** Whether devices are asked for their scan response. */
  readonly mode: ScanMode;
  /** The largest share of the time in which they are, in the mode `auto`; above 0, below 1. */
  readonly autoActiveShare: number;
  /** Opens the controller, anew for each run. */
  readonly source: HciSource;
  /** Whether `source` yields paced transports. */
  readonly paced: boolean;
  /** Extended advertising: where the controller has it and does it, always, or never. */
  readonly extended: "auto" | boolean;
}

/**
 * A controller that initiates a connection may refuse to scan meanwhile; Linux gives a connection up
 * after 20 s.
 */
const MAY_INITIATE_MS = 25_000;

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

type Hearing = Pick<ScanParts, "reports" | "state">;

/** Scans through noble over any transport; the reports themselves bypass noble. */
export class HciScanner implements Scanner {
  /** Who was asked is known from one run to the next. A recording cannot be asked. */
  readonly #names: NameRequests | null;
  #transport: HciTransport | null = null;
  #missedBefore = 0;
  /** Of the controller that was open last. */
  #known: { readonly controller: string; readonly plan: ScanPlan } | null = null;
  /** The last run has heard nothing, so that the next one uses the other commands. */
  #hasTurned = false;
  #isDeniedTold = false;
  /** Since when it will not begin, though it may only be busy; monotonic. */
  #busySinceMs: number | null = null;

  /** Prepares; {@linkcode run} opens the controller. */
  constructor(
    private readonly options: HciScannerOptions,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    const { mode, paced, autoActiveShare } = options;
    this.#names = mode === "auto" && !paced ? new NameRequests(autoActiveShare, clock) : null;
  }

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
    const hearing = this.#hear(sink);
    hearing.state({ kind: "starting" });
    let reason = "stopped";
    try {
      while (await this.#attempt(hearing, signal) === "once more");
    } catch (error) {
      if (signal.aborted) return;
      const failure = toScanError(error);
      reason = failure.message;
      throw failure;
    } finally {
      hearing.state({ kind: "stopped", reason });
    }
  }

  /** Reads what a scan brings. */
  #hear(sink: ScanSink): Hearing {
    const missedBefore = this.missed;
    const names = this.#names;
    const heard: ReportSink = names === null ? sink : {
      advertisement(advertisement) {
        names.heard(advertisement);
        sink.advertisement(advertisement);
      },
      invalid: (reason) => sink.invalid(reason),
    };
    const reader = new ReportReader({ clock: this.clock, sink: heard, missed: () => this.missed - missedBefore });
    return {
      reports(packet) {
        reader.read(packet);
        return sink.delivered();
      },
      state(state) {
        if (state.kind === "stopped") reader.end();
        sink.state(state);
      },
    };
  }

  /** Switches the adapter off and on. */
  async reset(): Promise<void> {
    await this.options.source.reset();
    this.#known?.plan.reset();
  }

  async #attempt(hearing: Hearing, signal: AbortSignal): Promise<"over" | "once more"> {
    try {
      await using transport = await this.#open(signal);
      return await this.#scan(transport, hearing, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ScanRefused)) throw error;
      await this.#afterRefusal(error, signal);
      return "once more";
    }
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

  async #scan(transport: HciTransport, hearing: Hearing, signal: AbortSignal): Promise<"over" | "once more"> {
    this.#transport = transport;
    const { clock, log } = this;
    let scanningSinceMs: number | null = null;
    const quietIsOver = new AbortController();
    const scan = new Scan({
      transport,
      parameters: this.options,
      mode: this.options.mode,
      names: this.#names,
      ...hearing,
      clock,
      log,
      choose: (claims) => this.#choose(transport.name, claims),
      accepted: () => {
        scanningSinceMs ??= clock.monotonicMs();
        this.#busySinceMs = null;
        this.#known?.plan.accepted();
      },
      heard: () => {
        const afterMs = clock.monotonicMs() - (scanningSinceMs ?? clock.monotonicMs());
        if (!transport.paced && this.#known?.plan.endsQuiet(afterMs)) quietIsOver.abort();
      },
      discoveryDenied: () => this.#tellDenied(transport.name),
    });
    try {
      await scan.run(AbortSignal.any([signal, quietIsOver.signal]));
      const isSilent = scanningSinceMs !== null && !scan.heard && !transport.paced;
      if (isSilent) this.#hasTurned = this.#known?.plan.silent() ?? false;
    } finally {
      if (scan.heard) this.#known?.plan.heard();
      this.#missedBefore = this.missed;
      this.#transport = null;
    }
    if (!quietIsOver.signal.aborted || signal.aborted) return "over";
    this.#known?.plan.tryExtended();
    this.log.info("reports after a long silence", {
      adapter: transport.name,
      action: "trying the extended scan commands",
    });
    return "once more";
  }

  #choose(adapter: string, { address, supportedCommands, leFeatures }: ControllerClaims): ScanFeatures {
    if (leFeatures[0] === hci.STATUS_UNKNOWN_COMMAND) {
      throw new ScanError(`${adapter} does not support Bluetooth LE; set scanner.adapter to one that does`, "person");
    }
    const claimed = readScanFeatures(supportedCommands, leFeatures);
    const { extended } = this.options;
    if (extended === true && !claimed.extended) {
      throw new ScanError(
        `${adapter} does not support extended advertising; set scanner.extended to auto or false`,
        "person",
      );
    }
    const controller = address.toHex();
    if (this.#known?.controller !== controller) this.#known = { controller, plan: new ScanPlan(extended, claimed) };
    const { plan } = this.#known;
    if (this.#hasTurned) {
      this.log.info("nothing heard, switching scan commands", { adapter, action: `trying ${describe(plan.current)}` });
    }
    this.#hasTurned = false;
    return plan.current;
  }

  /** Prepares another attempt, or throws: trying again is for later. */
  async #afterRefusal(refused: ScanRefused, signal: AbortSignal): Promise<void> {
    const { plan } = this.#known ?? {};
    if (plan === undefined) throw refused;
    const { message: reason, command, status } = refused;
    // The parameters were accepted, so it is hardly the commands that it does not want.
    if (command === "enable" && status === hci.STATUS_COMMAND_DISALLOWED) {
      this.#busySinceMs ??= this.clock.monotonicMs();
      const isBusy = this.clock.monotonicMs() - this.#busySinceMs < MAY_INITIATE_MS;
      if (isBusy) throw new ScanError(reason, "time", { cause: refused });
    }
    const afterwards = plan.refused(status);
    switch (afterwards) {
      case "next":
        return this.log.warn("scan refused", { reason, action: `trying ${describe(plan.current)}` });
      case "reset":
        this.log.warn("resetting the adapter", { reason });
        return await untilAborted(this.options.source.reset(), signal).catch((error) => {
          if (!signal.aborted) this.log.warn("adapter reset failed", { error });
        });
      case "again":
        throw new ScanError(reason, "time", { cause: refused });
      case "give up":
        if (this.options.extended !== true) throw refused;
        throw new ScanError(`${reason}; set scanner.extended to auto or false`, "reset", { cause: refused });
      default:
        return afterwards satisfies never;
    }
  }

  #tellDenied(adapter: string): void {
    if (this.#isDeniedTold) return;
    this.#isDeniedTold = true;
    this.log.info("other programs may be unable to discover devices", {
      adapter,
      reason: "current kernels treat an active scan as a discovery, which takes CAP_NET_ADMIN to end",
      action: "if bluetoothd reports InProgress, grant CAP_NET_ADMIN or set scanner.mode to passive",
    });
  }
}

function describe({ extended, codedPhy }: ScanFeatures): string {
  if (!extended) return "the legacy scan commands";
  return codedPhy ? "the extended scan commands" : "the extended scan commands without the coded PHY";
}

function toScanError(error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ScanError(message, error instanceof HciError ? CURES[error.code] : "reset", { cause: error });
}
