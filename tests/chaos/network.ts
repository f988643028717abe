import { fileURLToPath } from "node:url";
import { run } from "../support/programs.ts";
import { NameServer } from "./name_server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NOBODY = "02:00:00:00:00:99";

/** Where the broker is at first, and where it moves to. */
export const [BROKER_ADDRESS, OTHER_ADDRESS] = ["10.99.0.1", "10.99.0.2"] as const;
/** A name of the broker, which {@linkcode Network.names} resolves. */
export const BROKER_NAME = "broker.test";

/** Where the broker is at the other end of a {@linkcode Network.slowLink}. */
export const SLOW_ADDRESS = "10.98.0.1";

const SLOW_LINK = fileURLToPath(new URL("./slow_link.py", import.meta.url));

const NAME_SERVER_ADDRESS = "10.99.0.3";
const AGENT_ADDRESS = "10.99.0.9";

/** What a link does to packets, in each direction; what is left out is no hindrance. */
export interface SlowLink {
  /** Seconds. */
  readonly delay?: number;
  /** Share of the packets. */
  readonly loss?: number;
  /** Bits per second. */
  readonly rate?: number;
  /** Bytes that may wait for that. */
  readonly queue?: number;
}

/**
 * A network of its own for the agent, with one cable to where this process and the broker are. Both are network
 * namespaces of Linux, so that real packets get lost in the real TCP, and nothing outside notices. This process must
 * have been started in a namespace of its own, with {@linkcode ISOLATED}.
 */
export class Network implements AsyncDisposable {
  /** Puts a command line into the agent's namespace. */
  readonly wrapper: readonly string[];
  /** What the slow link is told by. */
  #slowLink: string | null = null;

  private constructor(
    private readonly holder: Deno.ChildProcess,
    readonly names: NameServer,
    private readonly stack: AsyncDisposableStack,
  ) {
    this.wrapper = ["nsenter", "--target", String(holder.pid), "--net", "--mount", `--wd=${ROOT}`];
  }

  static async open(): Promise<Network> {
    await using stack = new AsyncDisposableStack();
    const holder = new Deno.Command("unshare", {
      args: ["--net", "--mount", "--propagation", "private", "sh", "-c", "echo ready; exec sleep 86400"],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    stack.defer(() => end(holder));
    await holder.stdout.getReader().read();
    await ip("link", "set", "lo", "up");
    await ip("link", "add", "broker0", "type", "veth", "peer", "name", "agent0", "netns", String(holder.pid));
    // The first one is the one whose loss takes the others with it.
    for (const address of [NAME_SERVER_ADDRESS, BROKER_ADDRESS, OTHER_ADDRESS]) {
      await ip("address", "add", `${address}/24`, "dev", "broker0");
    }
    await ip("link", "set", "broker0", "up");
    const names = stack.use(await NameServer.listen(NAME_SERVER_ADDRESS, { [BROKER_NAME]: BROKER_ADDRESS }));
    const network = new Network(holder, names, stack.move());
    await network.#inside("ip", "link", "set", "lo", "up");
    await network.#inside("ip", "address", "add", `${AGENT_ADDRESS}/24`, "dev", "agent0");
    await network.#inside("ip", "link", "set", "agent0", "up");
    await network.#resolveHere();
    return network;
  }

  /** Loses every packet between agent and broker, in both directions; interfaces and addresses stay. */
  async dropPackets(): Promise<void> {
    for (const address of [BROKER_ADDRESS, OTHER_ADDRESS]) {
      await this.#inside("ip", "neighbour", "replace", address, "lladdr", NOBODY, "dev", "agent0", "nud", "permanent");
    }
    await ip("neighbour", "replace", AGENT_ADDRESS, "lladdr", NOBODY, "dev", "broker0", "nud", "permanent");
  }

  /** Ends {@linkcode dropPackets}. */
  async passPackets(): Promise<void> {
    for (const address of [BROKER_ADDRESS, OTHER_ADDRESS]) {
      await this.#inside("ip", "neighbour", "delete", address, "dev", "agent0");
    }
    await ip("neighbour", "delete", AGENT_ADDRESS, "dev", "broker0");
  }

  /** The agent's interface goes down and loses its address, as when Wi-Fi is gone. */
  async takeLinkDown(): Promise<void> {
    await this.#inside("ip", "link", "set", "agent0", "down");
    await this.#inside("ip", "address", "flush", "dev", "agent0");
  }

  /** Ends {@linkcode takeLinkDown}. */
  async bringLinkUp(): Promise<void> {
    await this.#inside("ip", "address", "add", `${AGENT_ADDRESS}/24`, "dev", "agent0");
    await this.#inside("ip", "link", "set", "agent0", "up");
  }

  /** Nobody has the broker's first address any more. */
  async removeBrokerAddress(): Promise<void> {
    await ip("address", "delete", `${BROKER_ADDRESS}/24`, "dev", "broker0");
  }

  /** A second cable, so slow in both directions; called again, it changes that. */
  async slowLink(both: SlowLink): Promise<void> {
    const isNew = this.#slowLink === null;
    const file = this.#slowLink ??= await Deno.makeTempFile({ prefix: "bt-scanner-link-" });
    await Deno.writeTextFile(file, JSON.stringify({ out: both, in: both }));
    if (!isNew) return;
    this.stack.defer(() => Deno.remove(file));
    const args = [SLOW_LINK, String(this.holder.pid), file];
    const link = new Deno.Command("python3", { args, stdin: "null", stdout: "piped" }).spawn();
    this.stack.defer(() => end(link));
    const { done } = await link.stdout.getReader().read();
    if (done) throw new Error("The slow link did not come up");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }

  /** The agent's resolver asks our name server, and nobody else. */
  async #resolveHere(): Promise<void> {
    const file = await Deno.makeTempFile({ prefix: "bt-scanner-resolv-" });
    this.stack.defer(() => Deno.remove(file));
    await Deno.writeTextFile(file, `nameserver ${NAME_SERVER_ADDRESS}\n`);
    await this.#inside("mount", "--bind", file, "/etc/resolv.conf");
  }

  #inside(...command: readonly string[]): Promise<string> {
    const [program = "", ...args] = [...this.wrapper, ...command];
    return run(program, ...args);
  }
}

/** Starts a command line in namespaces of its own, as root in there; what it leaves running is killed with it. */
export const ISOLATED: readonly string[] = [
  ...["unshare", "--net", "--mount", "--propagation", "private"],
  ...["--pid", "--fork", "--kill-child", "--mount-proc"],
  ...Deno.uid() === 0 ? [] : ["--map-root-user"],
];

function ip(...args: readonly string[]): Promise<string> {
  return run("ip", ...args);
}

async function end(process: Deno.ChildProcess): Promise<void> {
  process.kill("SIGKILL");
  await process.stdout.cancel().catch(() => {});
  await process.status;
}
