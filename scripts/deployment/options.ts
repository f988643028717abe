import { parseArgs } from "node:util";

/** What to do, and to whom. */
export interface DeployOptions {
  /** As ssh is to be called with them, `user@` included where given. */
  readonly hosts: readonly string[];
  readonly operation: "install" | "rollback";
  readonly dryRun: boolean;
  /** The program; null: the one in `dist/` for the host's architecture. */
  readonly file: string | null;
  /** Configuration, `{host}` in its path standing for the host; null: the host keeps its own. */
  readonly config: string | null;
  /** The systemd unit; null: the one of the project. */
  readonly unit: string | null;
  /** How long the service may take until it is ready, in seconds. */
  readonly waitS: number;
  /** How long the service must stay up after it was ready, in seconds. */
  readonly settleS: number;
  /** How many hosts at a time. */
  readonly parallel: number;
  /** Options of ssh itself. */
  readonly ssh: readonly string[];
  /** Instead of `/` on the host, `{host}` standing for its name: for trials. */
  readonly root: string;
}

/** Wrong usage. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const USAGE = `Usage: scripts/deploy [options] [user@]host …

Puts bt-scanner onto hosts over ssh, each as a whole or not at all: what does not become ready is rolled back.

  --hosts FILE        hosts, one a line, # for comments
  --file FILE         the program (default: dist/bt-scanner-linux-arm64 or -x64, as the host is)
  --config FILE       configuration; {host} in it and in FILE stands for the host as named here
  --unit FILE         systemd unit (default: config/bt-scanner.service)
  --user NAME         user at the hosts: root, or one who may use sudo without a password
  --port N            port of ssh
  -o OPTION           option of ssh, may be repeated
  --parallel N        how many hosts at a time (default 8)
  --wait SECONDS      how long the service may take until it is ready (default 90)
  --settle SECONDS    how long the service must stay up once it is ready (default 5)
  --dry-run           look, and say what would be done
  --rollback          go back to what was there before the last deployment
  --help              this text

The exit code is the number of hosts that failed, at most 63; 64 is wrong usage.
`;

/** Also keeps options of ssh from being smuggled in as a host. */
const HOST = /^(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9_][\w.:%-]*$/;

/**
 * Reads the command line.
 *
 * @param readTextFile reads the file of hosts
 * @returns null where help is wanted
 * @throws {UsageError} where something is wrong with it
 */
export async function parseOptions(
  args: readonly string[],
  readTextFile: (path: string) => Promise<string>,
): Promise<DeployOptions | null> {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const listed = values.hosts === undefined ? [] : hostsOf(await readTextFile(values.hosts));
  const hosts = [...new Set([...positionals, ...listed])];
  if (hosts.length === 0) throw new UsageError("no host is named");
  for (const host of hosts) if (!HOST.test(host)) throw new UsageError(`not a host: ${JSON.stringify(host)}`);
  return {
    hosts,
    operation: values.rollback ? "rollback" : "install",
    dryRun: values["dry-run"],
    file: values.file ?? null,
    config: values.config ?? null,
    unit: values.unit ?? null,
    waitS: number("--wait", values.wait, 1, 3600),
    settleS: number("--settle", values.settle, 0, 3600),
    parallel: number("--parallel", values.parallel, 1, 1000),
    ssh: [
      ...values.o.flatMap((option) => ["-o", option]),
      ...(values.user === undefined ? [] : ["-o", `User=${values.user}`]),
      ...(values.port === undefined ? [] : ["-p", String(number("--port", values.port, 1, 65_535))]),
    ],
    root: values.root,
  };
}

/** The name of a host without the user. */
export function hostName(host: string): string {
  return host.slice(host.lastIndexOf("@") + 1);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        hosts: { type: "string" },
        file: { type: "string" },
        config: { type: "string" },
        wait: { type: "string", default: "90" },
        unit: { type: "string" },
        user: { type: "string" },
        port: { type: "string" },
        o: { type: "string", short: "o", multiple: true, default: [] },
        parallel: { type: "string", default: "8" },
        settle: { type: "string", default: "5" },
        "dry-run": { type: "boolean", default: false },
        rollback: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        root: { type: "string", default: "" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function hostsOf(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "");
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${name} expects a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}
