/**
 * The programs beside Deno that tests call, and how they get onto a Debian machine.
 * As a command: installs them all.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { resolve } from "node:path";

interface Tool {
  /** Its name, or where it lies if it is none that is found by name. */
  readonly program: string;
  readonly debianPackage: string;
}

/** What the integration tests run against: a broker and independent clients. */
export const BROKER_TOOLS = [
  { program: "mosquitto", debianPackage: "mosquitto" },
  { program: "mosquitto_sub", debianPackage: "mosquitto-clients" },
  { program: "openssl", debianPackage: "openssl" },
] as const satisfies readonly Tool[];

const ALL_TOOLS = [
  ...BROKER_TOOLS,
  { program: "nats-server", debianPackage: "nats-server" }, // a broker that closes where others answer
  { program: "rabbitmq-server", debianPackage: "rabbitmq-server" }, // a broker that closes where a topic is forbidden
  { program: "epmd", debianPackage: "erlang-base" }, // which that one needs to run
  { program: "tshark", debianPackage: "tshark" }, // the independent decoder
  { program: "ssh", debianPackage: "openssh-client" },
  { program: "ssh-keygen", debianPackage: "openssh-client" },
  { program: "sshd", debianPackage: "openssh-server" }, // what deployments are tested against
  { program: "busybox", debianPackage: "busybox" }, // the least that a system may have
  { program: "bash", debianPackage: "bash" },
  { program: "python3", debianPackage: "python3" }, // a link that loses packets
  { program: "/usr/lib/python3/dist-packages/jinja2/__init__.py", debianPackage: "python3-jinja2" }, // Home Assistant's templates
  { program: "dash", debianPackage: "dash" },
  { program: "shellcheck", debianPackage: "shellcheck" },
  { program: "script", debianPackage: "bsdutils" }, // a terminal
  { program: "buildah", debianPackage: "buildah" }, // what images are made with, without a daemon
  { program: "runc", debianPackage: "runc" }, // what containers are started with
  { program: "skopeo", debianPackage: "skopeo" }, // what images are looked at with
  { program: "prometheus", debianPackage: "prometheus" },
  { program: "promtool", debianPackage: "prometheus" },
  { program: "prometheus-node-exporter", debianPackage: "prometheus-node-exporter" }, // what takes a text file along
  { program: "setcap", debianPackage: "libcap2-bin" },
  { program: "unshare", debianPackage: "util-linux" },
  { program: "aptly", debianPackage: "aptly" },
  { program: "gpg", debianPackage: "gpg" },
  { program: "gpg-agent", debianPackage: "gpg-agent" },
  { program: "gpgconf", debianPackage: "gpgconf" },
  { program: "gpgv", debianPackage: "gpgv" }, // what apt looks at signatures with
  { program: "dpkg", debianPackage: "dpkg" },
  { program: "dpkg-deb", debianPackage: "dpkg" },
  { program: "lintian", debianPackage: "lintian" },
  { program: "groff", debianPackage: "groff" },
  { program: "ip", debianPackage: "iproute2" }, // networks in which packets get lost
  { program: "chromium-headless-shell", debianPackage: "chromium-headless-shell" }, // what the page is tried in
  { program: "faketime", debianPackage: "faketime" },
  { program: "strace", debianPackage: "strace" }, // how often the program wakes
  { program: "zsh", debianPackage: "zsh" }, // what completion is tested in, besides bash
  { program: "fish", debianPackage: "fish" },
] as const satisfies readonly Tool[];

/** A program that `deno task tools` installs. */
export type ToolName = (typeof ALL_TOOLS)[number]["program"];

/** Where programs are looked for: Debian keeps brokers in `/usr/sbin`, which a user's PATH lacks. */
export function searchPath(): string {
  return `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin`;
}

/**
 * Makes sure of `tools`: what is missing is installed where this is root on a Debian system.
 *
 * @returns the tools still missing
 * @throws {Error} where the installation fails
 */
export async function ensureTools(tools: readonly Tool[]): Promise<readonly Tool[]> {
  const missing = tools.filter((tool) => !isInstalled(tool.program));
  if (missing.length === 0 || Deno.uid() !== 0 || !isInstalled("apt-get")) return missing;
  const packages = [...new Set(missing.map((tool) => tool.debianPackage))];
  console.log(`Installing ${packages.join(", ")} …`);
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", ...packages);
  return tools.filter((tool) => !isInstalled(tool.program));
}

async function aptGet(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command("apt-get", {
    args: ["--quiet", "--quiet", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).output();
  if (code === 0) return;
  const output = new TextDecoder().decode(new Uint8Array([...stdout, ...stderr]));
  throw new Error(`Cannot install tools: apt-get ${args.join(" ")} ended with ${code}\n${output}`);
}

function isInstalled(program: string): boolean {
  return searchPath().split(":").some((folder) => {
    try {
      return Deno.statSync(resolve(folder, program)).isFile;
    } catch {
      return false;
    }
  });
}

if (import.meta.main) {
  const missing = await ensureTools(ALL_TOOLS);
  if (missing.length > 0) {
    console.error(
      `Missing: install ${missing.map((tool) => tool.debianPackage).join(", ")} (as root this command does)`,
    );
    Deno.exit(1);
  }
}
