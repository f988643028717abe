import { freePort } from "./free_port.ts";
import { findProgram } from "./programs.ts";
import { TemporaryFolder } from "./temporary_folder.ts";
import { waitFor } from "./wait_for.ts";

/** One series, with its samples in the order of time. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [seconds: number, value: string];
  readonly values?: readonly (readonly [seconds: number, value: string])[];
}

/** A Prometheus of its own, on the loopback interface, its store in a temporary folder. */
export class Prometheus implements AsyncDisposable {
  private constructor(
    private readonly port: number,
    private readonly folder: TemporaryFolder,
    private readonly process: Deno.ChildProcess,
  ) {}

  /** Starts one with this configuration, and resolves once it is ready. */
  static async start(config: string): Promise<Prometheus> {
    const folder = await TemporaryFolder.make();
    const port = freePort();
    await Deno.writeTextFile(`${folder.path}/conf.yml`, config);
    const process = new Deno.Command(findProgram("prometheus") ?? "prometheus", {
      args: [
        `--config.file=${folder.path}/conf.yml`,
        `--storage.tsdb.path=${folder.path}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    const prometheus = new Prometheus(port, folder, process);
    try {
      await waitFor(() => prometheus.#isReady(), "Prometheus to be ready");
      return prometheus;
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What an expression gives now. */
  async query(expression: string): Promise<Series[]> {
    return (await this.get<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result;
  }

  /** What its interface says, below `/api/v1/`. */
  async get<T>(path: string): Promise<T> {
    const answer = await (await fetch(`http://127.0.0.1:${this.port}/api/v1/${path}`)).json();
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/-/ready`).catch(() => null);
    await answer?.body?.cancel();
    return answer?.ok ?? false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.status;
    await this.folder[Symbol.asyncDispose]();
  }
}
