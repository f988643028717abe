import { freePort } from "./free_port.ts";
import { listens } from "./listens.ts";
import { findProgram, run, testWith } from "./programs.ts";
import { waitFor } from "./wait_for.ts";

/** A test against the real Mosquitto; left out, with the reason, as {@linkcode testWith} does. */
export function mosquittoTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  testWith(["mosquitto", "mosquitto_sub", "openssl"], name, fn);
}

/** The same of a program that uses TLS: not for an executable of an older Deno, with whose node:tls it does not work. */
export const tlsTest: typeof mosquittoTest = Deno.env.has("TEST_WITHOUT_TLS") ? () => {} : mosquittoTest;

/** A broker of its own, on the loopback interface, with its configuration in a temporary folder. */
export class Mosquitto implements AsyncDisposable {
  #process: Deno.ChildProcess | null = null;

  /** @param folder holds its configuration, and is removed in the end */
  private constructor(readonly port: number, readonly folder: string) {}

  /**
   * Starts one.
   *
   * @param config further lines for its configuration; `{port}` stands for its port, `{folder}` for its folder
   */
  static async start(config = "allow_anonymous true\nlistener {port} 127.0.0.1"): Promise<Mosquitto> {
    const mosquitto = await Mosquitto.prepare(config);
    try {
      await mosquitto.start();
      return mosquitto;
    } catch (error) {
      await mosquitto[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The same without starting it: a broker that is absent. */
  static async prepare(config = "allow_anonymous true\nlistener {port} 127.0.0.1"): Promise<Mosquitto> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-mosquitto-" });
    const port = freePort();
    // As root it would become another user, who may not read the keys.
    const lines = ["user root", "persistence false", `log_dest file ${folder}/log`];
    await Deno.writeTextFile(
      `${folder}/conf`,
      [...lines, config.replaceAll("{port}", String(port)).replaceAll("{folder}", folder), ""].join("\n"),
    );
    return new Mosquitto(port, folder);
  }

  /** Starts it, or starts it again, on the same port, and resolves once it listens. */
  async start(): Promise<void> {
    const process = new Deno.Command(findProgram("mosquitto") ?? "mosquitto", {
      args: ["-c", `${this.folder}/conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#process = process;
    let ended = false;
    process.status.then(() => ended = true);
    await waitFor(async () => {
      if (ended) throw new Error(`Mosquitto ended at once: ${await this.log()}`);
      return await listens(this.port);
    }, "Mosquitto to listen");
  }

  /** @throws {Error} while it does not run */
  get pid(): number {
    if (this.#process === null) throw new Error("Mosquitto does not run");
    return this.#process.pid;
  }

  /** Sends it a signal: `SIGSTOP` freezes it, `SIGCONT` lets it go on, `SIGHUP` reloads. */
  signal(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  /** Ends it: politely, or with `SIGKILL`. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    process.kill(signal);
    process.kill("SIGCONT");
    await process.status;
  }

  /** Adds a user to `{folder}/passwords`, or changes their password; the broker reads it at its start and at `SIGHUP`. */
  async setPassword(user: string, password: string): Promise<void> {
    const file = `${this.folder}/passwords`;
    await Deno.writeTextFile(file, "", { append: true });
    await run("mosquitto_passwd", "-b", file, user, password);
  }

  /** Everything it has logged. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.folder}/log`).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.folder, { recursive: true });
  }
}
