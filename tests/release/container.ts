/** Containers of an image, started by runc as an engine would, without an engine. */
import { programEnd, run } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** What an engine grants where nobody says otherwise. buildah takes `--cap-drop ALL` for the last word, before additions. */
const DEFAULTS =
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP " +
  "SETUID SYS_CHROOT";

/** An image for this machine, in a store of its own. */
export class Image implements AsyncDisposable {
  private constructor(readonly folder: TemporaryFolder, readonly entrypoint: readonly string[]) {}

  /** @param archive in which it is, maybe beside those for other machines */
  static async open(archive: string): Promise<Image> {
    const { config } = JSON.parse(await run("skopeo", "inspect", "--config", `oci-archive:${archive}`));
    const image = new Image(await TemporaryFolder.make(), [...config.Entrypoint]);
    await image.buildah("pull", "--quiet", `oci-archive:${archive}`);
    return image;
  }

  /** The files of a container that has not been started. */
  async mount(): Promise<string> {
    return await this.buildah("mount", await this.container());
  }

  async container(): Promise<string> {
    const [image = ""] = (await this.buildah("images", "--quiet")).split("\n");
    return await this.buildah("from", image);
  }

  /** Starts the program in the host's network, as uid of the image, with these capabilities within reach. */
  async start(capabilities: readonly string[], ...args: readonly string[]): Promise<Deno.ChildProcess> {
    const container = await this.container();
    const options = ["--isolation", "oci", "--runtime", "runc", "--network", "host"];
    const dropped = DEFAULTS.split(" ").map((name) => `CAP_${name}`).filter((name) => !capabilities.includes(name));
    const granted = [
      ...capabilities.flatMap((capability) => ["--cap-add", capability]),
      ...dropped.flatMap((capability) => ["--cap-drop", capability]),
    ];
    return new Deno.Command("buildah", {
      args: [...this.#store(), "run", ...options, ...granted, container, "--", ...this.entrypoint, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async runToEnd(capabilities: readonly string[], ...args: readonly string[]): Promise<ReturnType<typeof programEnd>> {
    return programEnd(await (await this.start(capabilities, ...args)).output());
  }

  async buildah(...args: readonly string[]): Promise<string> {
    return (await run("buildah", ...this.#store(), ...args)).trim();
  }

  #store(): string[] {
    const { path } = this.folder;
    return ["--root", `${path}/root`, "--runroot", `${path}/run`, "--storage-driver", "vfs"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.buildah("rm", "--all");
    await this.folder[Symbol.asyncDispose]();
  }
}
