/** Catches what is thrown where nobody waits for it: from callbacks, and by promises that nobody looks at. */
export class StrayErrors implements Disposable {
  #first: Error | null = null;

  constructor() {
    globalThis.addEventListener("error", this.#onError);
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
  }

  /** The first one since this was asked last, or null. */
  take(): Error | null {
    const first = this.#first;
    this.#first = null;
    return first;
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("error", this.#onError);
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
  }

  readonly #onError = (event: ErrorEvent): void => {
    event.preventDefault();
    this.#keep(event.error);
  };

  readonly #onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.#keep(event.reason);
  };

  #keep(error: unknown): void {
    this.#first ??= error instanceof Error ? error : new Error(String(error));
  }
}
