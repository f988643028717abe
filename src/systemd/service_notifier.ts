import type { ConnectionState, Logger, ScanState, Vitals } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";

/** How a {@linkcode ServiceNotifier} watches; looked up each time, so that it may change. */
export interface ServiceNotifierOptions {
  /** The service manager's patience, in milliseconds; null: it does not watch. */
  readonly watchdogMs: number | null;
  /** Silence after which the agent itself begins the scan afresh, in milliseconds; Infinity: a recording, which waits. */
  readonly stallTimeoutMs: number;
}

/** What a {@linkcode ServiceNotifier} works with. */
export interface ServiceNotifierParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** Sends a notification without waiting; the error number, negated, where it cannot. */
  readonly send: (message: string) => number;
  /** The kernel's CLOCK_MONOTONIC, in microseconds. */
  readonly monotonicUs: () => bigint;
  /** Times the signs of life. */
  readonly clock: Clock;
  /** Where it is written that the scan is stuck, or that nobody listens. */
  readonly log: Logger;
}

/** For status and start-up where no watchdog asks for more. */
const UNWATCHED_INTERVAL_MS = 30_000;
/** What ending a scan, waiting and beginning it again take at most, with a controller that does not answer. */
export const RESTART_MARGIN_MS = 30_000;

/**
 * Tells the service manager what the agent does: ready once it has scanned and been connected, a
 * line of status, that it reads its configuration anew and is done with that, signs of life, and that it ends.
 *
 * A sign of life is given while the event loop turns and the scan moves: an event came, or its state
 * changed, within the time in which the agent begins a silent scan afresh. An adapter that is away,
 * a quiet room and a broker that is away are no reasons to be killed; a scan that cannot even be
 * begun afresh is one.
 */
export class ServiceNotifier {
  #isEnding = false;
  #wasAlive = true;
  #wasHeard = true;

  /** Prepares; {@linkcode start} begins. */
  constructor(private readonly options: ServiceNotifierOptions, private readonly parts: ServiceNotifierParts) {}

  /** Gives signs of life until `signal` aborts or it is disposed of, then says that the agent ends. */
  start(signal: AbortSignal): AsyncDisposable {
    const ended = new AbortController();
    const watching = this.parts.vitals.onChange((change) => {
      if (change === "reload") this.#notify(...this.#reloading());
      else if (change === "scan" || change === "connection" || change === "warning") this.#notify();
    });
    const running = this.#run(AbortSignal.any([signal, ended.signal]));
    return {
      async [Symbol.asyncDispose]() {
        watching[Symbol.dispose]();
        ended.abort();
        await running;
      },
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    const intervalMs = this.options.watchdogMs === null ? UNWATCHED_INTERVAL_MS : this.options.watchdogMs / 2;
    while (!signal.aborted) {
      this.#notify(...(this.#checkLife() ? this.#signsOfLife(intervalMs) : []));
      await this.parts.clock.sleep(intervalMs, signal).catch(() => {});
    }
    this.#notify("STOPPING=1");
    this.#isEnding = true;
  }

  #signsOfLife(intervalMs: number): string[] {
    const signs = this.options.watchdogMs === null ? [] : ["WATCHDOG=1"];
    // The watchdog sleeps until the start is over; until then the time-out of the start stands in.
    if (!this.#isReady) signs.push(`EXTEND_TIMEOUT_USEC=${Math.round(intervalMs * 2_000)}`);
    return signs;
  }

  get #isReady(): boolean {
    return this.parts.vitals.hasScanned && this.parts.vitals.hasConnected;
  }

  /**
   * A service manager whose request this is waits for READY=1 after it, and takes an earlier time for an earlier reload.
   * Before it has been ready there is nothing to be told: its start is not over.
   */
  #reloading(): string[] {
    if (!this.parts.vitals.isReloading || !this.#isReady) return [];
    return ["RELOADING=1", `MONOTONIC_USEC=${this.parts.monotonicUs()}`];
  }

  #checkLife(): boolean {
    const { clock, log, vitals } = this.parts;
    const silentMs = clock.monotonicMs() - vitals.movedMs;
    const isAlive = silentMs <= this.options.stallTimeoutMs + RESTART_MARGIN_MS;
    if (!isAlive && this.#wasAlive) {
      const action = this.options.watchdogMs === null ? "none: no watchdog is set" : "the watchdog restarts the agent";
      log.error("scan is stuck", { silent_s: Math.round(silentMs / 1000), action });
    }
    this.#wasAlive = isAlive;
    return isAlive;
  }

  /** Tells the whole state each time, for what a busy service manager has no room for is lost. */
  #notify(...more: string[]): void {
    if (this.#isEnding) return;
    const ready = this.#isReady && !this.parts.vitals.isReloading ? ["READY=1"] : [];
    const result = this.parts.send([...ready, `STATUS=${this.#status()}`, ...more].join("\n"));
    if (result < 0 && this.#wasHeard) this.parts.log.warn("service manager is not listening", { errno: -result });
    this.#wasHeard = result >= 0;
  }

  #status(): string {
    const { scan, connection, warning, counter, isReloading } = this.parts.vitals;
    const reloading = isReloading ? "reloading the configuration; " : "";
    const warned = warning === null ? "" : ` (${warning})`;
    const status = `${reloading}${scanText(scan)}; ${
      connectionText(connection)
    }${warned}; ${counter.published} published`;
    // A line break would begin another assignment.
    return status.replace(/\p{Cc}+/gu, " ");
  }
}

function scanText(state: ScanState): string {
  switch (state.kind) {
    case "starting":
      return "starting to scan";
    case "scanning":
      return `scanning with ${state.adapter}`;
    case "silent":
      return `nothing heard with ${state.adapter} for ${state.silentMs / 1000} s`;
    case "stopped":
      return `not scanning: ${state.reason}`;
    default:
      return state satisfies never;
  }
}

function connectionText(state: ConnectionState): string {
  switch (state.kind) {
    case "online":
      return "connected";
    case "waiting":
      return `not connected: ${state.reason}`;
    case "idle":
    case "connecting":
    case "closing":
    case "closed":
      return `not connected: ${state.kind}`;
    default:
      return state satisfies never;
  }
}
