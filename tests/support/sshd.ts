import { freePort } from "./free_port.ts";
import { findProgram, run, testWith } from "./programs.ts";
import { test } from "./test.ts";
import { waitFor } from "./wait_for.ts";

/** Addresses of the loopback interface at which one server is found, as if it were several. */
export const SSHD_HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const;

/** A test against a real OpenSSH server, which needs root: left out, with the reason, as `testWith()` does. */
export function sshdTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  if (Deno.uid() !== 0) return test(`${name} [only root can run sshd]`, fn, { ignore: true });
  testWith(["sshd", "ssh", "ssh-keygen"], name, fn);
}

/**
 * An OpenSSH server with keys of its own, on the loopback interface. The programs that it is given
 * come before the system's in its sessions.
 */
export class Sshd implements AsyncDisposable {
  private constructor(
    readonly port: number,
    /** Holds its keys and its configuration, and is removed in the end. */
    readonly folder: string,
    private readonly process: Deno.ChildProcess,
  ) {}

  static async start(): Promise<Sshd> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-sshd-" });
    const port = freePort();
    await Deno.mkdir(`${folder}/bin`);
    await Promise.all([makeKey(`${folder}/host_key`), makeKey(`${folder}/key`)]);
    await Deno.mkdir("/run/sshd", { recursive: true }); // it insists on this one
    await Deno.writeTextFile(`${folder}/conf`, configuration(folder, port));
    const process = new Deno.Command(findProgram("sshd") ?? "/usr/sbin/sshd", {
      args: ["-f", `${folder}/conf`, "-D", "-E", `${folder}/log`],
      stdin: "null",
    }).spawn();
    const sshd = new Sshd(port, folder, process);
    let ended = false;
    process.status.then(() => ended = true);
    await waitFor(async () => {
      const log = await Deno.readTextFile(`${folder}/log`).catch(() => "");
      if (ended) throw new Error(`sshd ended at once: ${log}`);
      return SSHD_HOSTS.every((host) => log.includes(`listening on ${host} `));
    }, "sshd to listen");
    return sshd;
  }

  /** What ssh has to be told to get in. */
  get options(): string[] {
    const { folder } = this;
    return [
      "IdentitiesOnly=yes",
      `IdentityFile=${folder}/key`,
      `UserKnownHostsFile=${folder}/known_hosts`,
      "StrictHostKeyChecking=accept-new",
      "LogLevel=ERROR",
    ].flatMap((option) => ["-o", option]);
  }

  /** A program that its sessions find before the system's. */
  async stub(name: string, script: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/bin/${name}`, script, { mode: 0o755 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGTERM");
    await this.process.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

function configuration(folder: string, port: number): string {
  return [
    `Port ${port}`,
    ...SSHD_HOSTS.map((host) => `ListenAddress ${host}`),
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/key.pub`,
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "StrictModes no",
    "PidFile none",
    // A home of its own: bash runs what this machine's user has in .bashrc, which may take seconds, and change the path.
    `SetEnv PATH=${folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=${folder}`,
    "",
  ].join("\n");
}

async function makeKey(path: string): Promise<void> {
  await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path);
}
