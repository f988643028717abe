import type { Publisher, PublishOutcome, Settled } from "../../src/agent/mod.ts";

/** A message as the publisher was given it. */
export interface TakenMessage {
  readonly topic: string;
  readonly payload: string;
  readonly settle: Settled;
}

/** A publisher whose broker is the test: it says what is taken, and when it is settled. */
export class FakePublisher implements Publisher {
  readonly taken: TakenMessage[] = [];
  readonly announced: { readonly topic: string; readonly payload: string; readonly retain: boolean }[] = [];
  /** Settles each message as soon as it is taken. */
  settlesAtOnce = true;
  #outcome: PublishOutcome = "accepted";
  readonly #waiting = new Set<() => void>();

  /** What `publish` answers from now on. */
  set outcome(outcome: PublishOutcome) {
    this.#outcome = outcome;
    if (outcome === "accepted") {
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }

  publish(topic: string, payload: string, settled: Settled): PublishOutcome {
    if (this.#outcome !== "accepted") return this.#outcome;
    this.taken.push({ topic, payload, settle: settled });
    if (this.settlesAtOnce) settled(null);
    return "accepted";
  }

  ready(signal: AbortSignal): Promise<void> {
    if (this.#outcome === "accepted") return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#waiting.add(resolve);
    });
  }

  announce(topic: string, payload: string, options: { readonly retain: boolean }): void {
    this.announced.push({ topic, payload, retain: options.retain });
  }
}
