import { fileURLToPath } from "node:url";
import { type ProgramEnd, programEnd } from "../../support/programs.ts";
import { Sshd, SSHD_HOSTS } from "../../support/sshd.ts";

const DEPLOY = fileURLToPath(new URL("../../../scripts/deploy", import.meta.url));

/** What a stand-in for bt-scanner does. */
export interface StandIn {
  /** Whether `run` becomes ready; null: it takes for ever. */
  readonly ready?: boolean | null;
  /** Whether it goes on once it is. */
  readonly stays?: boolean;
  /** Makes it this large. */
  readonly bytes?: number;
}

const UNIT = "[Service]\nExecStart=/usr/bin/bt-scanner run\n[Install]\nWantedBy=multi-user.target\n";

/** A machine without systemd: starts what is installed in the foreground, and remembers how that ended. */
const SYSTEMCTL = `#!/bin/sh
set -- "$@"
host=$(echo "$SSH_CONNECTION" | cut -d ' ' -f 3)
cd "{folder}/$host" || exit 1
echo "$*" >>calls
case $1 in
  restart)
    rm -f active
    if ! usr/bin/bt-scanner run; then echo "Job for bt-scanner.service failed." >&2; exit 1; fi
    echo $$ >active ;;
  stop) rm -f active ;;
  enable) : >enabled ;;
  disable) rm -f enabled ;;
  is-active) test -e active ;;
  is-enabled) test -e enabled ;;
  show) if [ "$3" = ActiveState ]; then test -e active && echo active || echo inactive
    elif grep -q restless usr/bin/bt-scanner; then echo $$
    else cat active; fi ;;
esac
`;

/** Does to large files what the file "upload" asks for. */
const HEAD = `#!/bin/sh
case $2 in [0-9]|[0-9][0-9]|[0-9][0-9][0-9]|[0-9][0-9][0-9][0-9]|[0-9][0-9][0-9][0-9][0-9]) exec /usr/bin/head "$@" ;; esac
cd "{folder}" || exit 1
case $(cat upload 2>/dev/null) in
  damage) /usr/bin/head "$@" | tr x y ;;
  stall)
    : >stalled
    while [ ! -e go-on ]; do sleep 0.02; done
    exec /usr/bin/head "$@" ;;
  *) exec /usr/bin/head "$@" ;;
esac
`;

/** Hosts that are one machine, each with a root folder of its own, to which deployments go. */
export class Fleet implements AsyncDisposable {
  private constructor(private readonly sshd: Sshd, readonly folder: string) {}

  static async start(): Promise<Fleet> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-fleet-" });
    const sshd = await Sshd.start();
    for (const host of SSHD_HOSTS) await Deno.mkdir(`${folder}/${host}`);
    await sshd.stub("systemctl", SYSTEMCTL.replace("{folder}", folder));
    await sshd.stub("head", HEAD.replace("{folder}", folder));
    await Deno.writeTextFile(`${folder}/unit`, UNIT);
    await Deno.writeTextFile(`${folder}/config`, "scanner:\n  id: '{host}'\n");
    return new Fleet(sshd, folder);
  }

  /** Writes a stand-in for bt-scanner and returns its path. */
  async program(version: string, { ready = true, stays = true, bytes = 0 }: StandIn = {}): Promise<string> {
    const path = `${this.folder}/program-${version}`;
    const script = `#!/bin/sh
# ${version}${stays ? "" : ", restless"}
case $1 in
  --version) echo ${version} ;;
  check) grep -q '^scanner:' "$3" || { echo "$3: scanner.id: expects a name" >&2; exit 2; } ;;
  run) ${ready === null ? "exec sleep 1000" : `exit ${ready ? 0 : 1}`} ;;
esac
exit
`;
    await Deno.writeTextFile(path, script + "x".repeat(Math.max(0, bytes - script.length)));
    return path;
  }

  /** A program that the hosts find before their own. */
  async stub(name: string, script: string): Promise<void> {
    await this.sshd.stub(name, script);
  }

  /** Starts a deployment. */
  spawn(...args: readonly string[]): Deno.ChildProcess {
    const { port, options } = this.sshd;
    return new Deno.Command(DEPLOY, {
      args: [
        ...["--port", String(port), ...options, "-o", "ConnectTimeout=5", "--root", `${this.folder}/{host}`],
        ...["--unit", `${this.folder}/unit`, "--wait", "3", "--settle", "0", ...args],
      ],
      env: { PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Deploys, to the end. */
  async deploy(...args: readonly string[]): Promise<ProgramEnd> {
    return programEnd(await this.spawn(...args).output());
  }

  /** Deploys this version, with a configuration, to the first host. */
  async deployFirst(version: string, standIn: StandIn = {}): Promise<ProgramEnd> {
    const program = await this.program(version, standIn);
    return await this.deploy("--file", program, "--config", `${this.folder}/config`, SSHD_HOSTS[0]);
  }

  /** A path on a host. */
  path(path: string, host: string = SSHD_HOSTS[0]): string {
    return `${this.folder}/${host}/${path}`;
  }

  /** The version that is installed on a host; null: none. */
  async version(host: string = SSHD_HOSTS[0]): Promise<string | null> {
    const text = await Deno.readTextFile(this.path("usr/bin/bt-scanner", host)).catch(() => null);
    return text === null ? null : /^# ([^,\n]*)/m.exec(text)?.[1] ?? "unknown";
  }

  /** All that matters on a host: files with their content, mode and time of change, and whether the service runs. */
  async snapshot(host: string = SSHD_HOSTS[0]): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const path of files(`${this.folder}/${host}`)) {
      const relative = path.slice(this.folder.length + host.length + 2);
      if (relative === "calls" || relative.endsWith("/lock")) continue;
      const { mode, mtime } = await Deno.stat(path);
      const stamp = `${mode?.toString(8)} ${mtime?.toISOString()}`;
      found[relative] = ["active", "enabled"].includes(relative) ? "yes" : `${stamp} ${await Deno.readTextFile(path)}`;
    }
    return found;
  }

  /** What systemctl was called for since this was asked last, questions left out. */
  async systemctlCalls(host: string = SSHD_HOSTS[0]): Promise<string[]> {
    const text = await Deno.readTextFile(this.path("calls", host)).catch(() => "");
    await Deno.remove(this.path("calls", host)).catch(() => {});
    return text.split("\n").map((line) => line.split(" ", 1)[0] ?? "")
      .filter((verb) => verb !== "" && !["is-active", "is-enabled", "show"].includes(verb));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sshd[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
