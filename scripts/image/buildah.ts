import { command } from "./command.ts";
import { type Architecture, CACHE, type Rootfs } from "./rootfs.ts";

/** Who the program is in a container: nobody in particular. */
const USER = "65532:65532";

/** As the unit sets it (config/bt-scanner.service), and where Deno's memory of the program is. */
const ENVIRONMENT: Readonly<Record<string, string>> = { DENO_DIR: CACHE, DENO_NO_UPDATE_CHECK: "1" };

/** What the image says of itself. */
export interface ImageFacts {
  readonly version: string;
  readonly revision: string;
  readonly license: string;
  /** When it was made, in seconds since 1970. */
  readonly epochS: number;
}

/** buildah with a store of its own, which goes with it. */
export class Buildah implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async open(): Promise<Buildah> {
    return new Buildah(await Deno.makeTempDir({ prefix: "bt-scanner-buildah-" }));
  }

  /** Makes an image of a folder, and returns its name in the store. */
  async commit(architecture: Architecture, { root, entrypoint }: Rootfs, facts: ImageFacts): Promise<string> {
    const container = await this.run("from", "--arch", architecture, "scratch");
    const mounted = await this.run("mount", container);
    await command("cp", "-a", `${root}/.`, mounted);
    // Not before: a copy leaves them out.
    await command("setcap", "cap_net_raw,cap_net_admin+ep", `${mounted}/usr/bin/bt-scanner`);
    await this.run("config", ...settings(architecture, entrypoint, facts), container);
    const image = `localhost/bt-scanner:${facts.version}-${architecture}`;
    await this.run("commit", "--quiet", "--rm", "--timestamp", String(facts.epochS), container, image);
    return image;
  }

  /** Writes images as one OCI archive, from which each machine takes the one for it. */
  async archive(images: readonly string[], version: string, file: string): Promise<void> {
    const list = `localhost/bt-scanner:${version}`;
    await this.run("manifest", "create", list, ...images);
    await this.run("manifest", "push", "--all", "--quiet", list, `oci-archive:${file}:${version}`);
  }

  async run(...args: readonly string[]): Promise<string> {
    const store = ["--root", `${this.folder}/root`, "--runroot", `${this.folder}/run`, "--storage-driver", "vfs"];
    return (await command("buildah", ...store, ...args)).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("umount", "--all");
    await Deno.remove(this.folder, { recursive: true });
  }
}

function settings(
  architecture: Architecture,
  entrypoint: readonly string[],
  { version, revision, license }: ImageFacts,
): string[] {
  const labels = { title: "bt-scanner", description: "Bluetooth LE advertisements to MQTT", version, revision };
  return [
    ...["--arch", architecture, "--os", "linux", "--user", USER, "--workingdir", "/", "--stop-signal", "SIGTERM"],
    ...["--entrypoint", JSON.stringify(entrypoint), "--cmd", "run"],
    ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...Object.entries({ ...labels, licenses: license }).flatMap(([name, value]) => {
      return ["--label", `org.opencontainers.image.${name}=${value}`];
    }),
  ];
}
