import { findProgram } from "../support/programs.ts";
import { waitFor } from "../support/wait_for.ts";

const READY = "ready";
/** Emulated machines lag far behind. */
const PATIENCE_MS = 120_000;

/** Keeps the payloads that `mosquitto_sub` prints. */
export class MosquittoSub implements AsyncDisposable {
  readonly payloads: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #isReady = false;

  private constructor(args: readonly string[]) {
    this.#process = new Deno.Command(findProgram("mosquitto_sub") ?? "mosquitto_sub", {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read(this.#process.stdout);
  }

  /** Subscribes with QoS 1 on the loopback interface; resolves once a message to it arrives. */
  static async start(port: number, ...topics: string[]): Promise<MosquittoSub> {
    const where = ["-p", String(port), "-q", "1"];
    const subscriber = new MosquittoSub([...where, ...[...topics, READY].flatMap((topic) => ["-t", topic])]);
    await using stack = new AsyncDisposableStack();
    stack.use(subscriber);
    const publish = findProgram("mosquitto_pub") ?? "mosquitto_pub";
    await waitFor(
      async () => {
        await new Deno.Command(publish, { args: [...where, "-t", READY, "-m", READY] }).output();
        return subscriber.#isReady;
      },
      "mosquitto_sub to subscribe",
      PATIENCE_MS,
    );
    stack.move();
    return subscriber;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await this.#reading;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === READY) this.#isReady = true;
        else this.payloads.push(line);
      }
    }
  }
}
