import { freePort } from "./free_port.ts";
import { findProgram } from "./programs.ts";
import { waitFor } from "./wait_for.ts";

/** A NATS server of its own with its MQTT side, on the loopback interface, its store in a temporary folder. */
export class Nats implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly process: Deno.ChildProcess,
  ) {}

  /** Starts one, and resolves once it listens. */
  static async start(): Promise<Nats> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-nats-" });
    const port = freePort();
    const config = `
      host: 127.0.0.1
      port: ${freePort()}
      server_name: trial
      logfile: "${folder}/log"
      jetstream { store_dir: "${folder}" } # its MQTT sessions are kept there
      mqtt { host: 127.0.0.1, port: ${port} }
    `;
    await Deno.writeTextFile(`${folder}/conf`, config);
    const process = new Deno.Command(findProgram("nats-server") ?? "nats-server", {
      args: ["-c", `${folder}/conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const nats = new Nats(port, folder, process);
    try {
      await waitFor(async () => (await nats.log()).includes("Server is ready"), "NATS to be ready");
      return nats;
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Everything it has logged. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.folder}/log`).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}
