import { type Browser, chromium } from "playwright-core";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import { Vitals } from "../../src/agent/mod.ts";
import { HttpListener, type Routes } from "../../src/http/mod.ts";
import { RecentWarnings } from "../../src/log/mod.ts";
import { type PageFacts, pageRoutes } from "../../src/page/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { freePort } from "../support/free_port.ts";
import { findProgram } from "../support/programs.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { waitFor } from "../support/wait_for.ts";

/** Who and where, on the pages of tests. */
export const FACTS: PageFacts = {
  scanner: { id: "attic", version: "1.2.3", hostname: "raspberrypi" },
  broker: { names: ["broker.local:8883"], isEncrypted: true, qos: 1, topic: "ble/raw/attic/{mac_address}" },
};

/** The browser that pages are tried in, as Debian has it. */
export const BROWSER = "chromium-headless-shell";

/** Starts it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findProgram(BROWSER) ?? BROWSER, args: ["--no-sandbox"] });
}

/** A scanner of which only the page is real. */
export class PlayedScanner implements AsyncDisposable {
  readonly log = new RecordingLog();
  readonly warnings = new RecentWarnings(systemClock);
  readonly vitals = new Vitals({ clock: systemClock, missed: () => 0, log: this.log });
  readonly #parts = { clock: systemClock, random: Math.random, log: this.log };
  readonly #ended = new AbortController();
  #routes: Routes = {};
  #listening: AsyncDisposable | null = null;

  constructor(readonly port = freePort()) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Serves its page, on which all is well. */
  async start(): Promise<this> {
    const parts = { ...this.#parts, vitals: this.vitals, warnings: this.warnings };
    this.#routes = await pageRoutes(() => FACTS, parts, this.#ended.signal);
    await this.plugIn();
    return this;
  }

  /** It scans, and is connected. */
  allWell(): void {
    const adapter = { adapter: "hci0", adapterAddress: "00:11:22:33:44:55" };
    this.vitals.setScan({ kind: "scanning", ...adapter, mode: "active", extended: true });
    this.vitals.setConnection({
      kind: "online",
      sinceMs: systemClock.monotonicMs(),
      broker: "broker.local:8883",
      address: "192.0.2.7",
    });
  }

  /** It hears this, and publishes it. */
  hears(heard: Partial<Advertisement>): void {
    this.vitals.heard();
    this.vitals.advertisementHeard(someAdvertisement(heard));
    this.vitals.counter.received();
    this.vitals.counter.ended("published");
  }

  /** Its network is there. */
  async plugIn(): Promise<void> {
    const options = { listen: `127.0.0.1:${this.port}`, allowedHosts: [], routes: this.#routes };
    const before = this.log.of("http listening").length;
    this.#listening = new HttpListener(options, this.#parts).start();
    await waitFor(() => this.log.of("http listening").length > before, "the listener");
  }

  /** Its network is away. */
  async unplug(): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]();
    this.#listening = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** It ends. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.unplug();
  }
}
