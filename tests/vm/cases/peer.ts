// vm: VM_FAKE_ARGS='--fleet 1 --renew --rate 0' VM_PREPARE=tests/vm/prepare/peer.ts VM_MEM=6144 VM_TIMEOUT=5400
// on: demand
// deno-lint-ignore-file no-console
/**
 * The agent beside a program of fifty lines of noble and mqtt.js, on one controller that reports a new address each
 * time: how many reports each hears, what it holds in the end, and how long its processor works. The agent goes first
 * with the adapter; both hear the same. `VM_ENV='ADDRESSES=200000 RATE=500' tests/vm/run amd64 peer`
 */
import { ok } from "node:assert/strict";
import { readMemory } from "../../support/memory.ts";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, Program } from "../../support/program.ts";
import { findProgram } from "../../support/programs.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller, run } from "../guest.ts";

const ADDRESSES = Number(Deno.env.get("ADDRESSES") ?? 200_000);
const RATE = Number(Deno.env.get("RATE") ?? 500);
const PATIENCE_MS = 120_000;
const SAMPLES = 10;
/** sysconf(_SC_CLK_TCK) */
const TICK_MS = 10;

/** One of the two, and a file that grows by a line with each of its messages. */
class Contestant implements AsyncDisposable {
  readonly #lines: string;
  readonly #subscriber: Deno.ChildProcess;

  constructor(readonly name: string, port: number, readonly program: Program) {
    this.#lines = Deno.makeTempFileSync();
    const command = `exec ${findProgram("mosquitto_sub")} -p ${port} -q 0 -t 'ble/raw/${name}/+' -F . >${this.#lines}`;
    this.#subscriber = new Deno.Command("sh", { args: ["-c", command], stdin: "null" }).spawn();
  }

  get messages(): number {
    return Deno.statSync(this.#lines).size / 2;
  }

  /** Processor time so far, in seconds. */
  get cpuS(): number {
    const [user = 0, system = 0] = Deno.readTextFileSync(`/proc/${this.program.pid}/stat`)
      .replace(/^.*\) /, "").split(" ").slice(11, 13).map(Number);
    return (user + system) * TICK_MS / 1_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriber.kill("SIGTERM");
    await this.#subscriber.status;
    await this.program[Symbol.asyncDispose]();
  }
}

async function print(contestants: readonly Contestant[], sent: number): Promise<void> {
  for (const { name, messages, cpuS, program } of contestants) {
    const { privateKiB, rssKiB } = await readMemory(program.pid);
    const mb = (kiB: number) => (kiB / 1_024).toFixed(1);
    console.log(
      `peer: ${name} sent=${sent} messages=${messages} private_mb=${mb(privateKiB)} rss_mb=${mb(rssKiB)} cpu_s=${cpuS}`,
    );
  }
}

/** Sets a rate, and resolves when so many reports more were sent and no message comes any more. */
async function sendMore(count: number, contestants: readonly Contestant[]): Promise<number> {
  const target = await controller.reportsSent() + count;
  controller.control(`rate ${RATE}`);
  while (await controller.reportsSent() < target) await pause(2_000);
  controller.control("rate 0");
  const total = () => contestants.reduce((sum, { messages }) => sum + messages, 0);
  for (let before = -1; before < total();) {
    before = total();
    await pause(5_000);
  }
  return await controller.reportsSent();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test(`the agent and fifty lines of noble and mqtt.js hear ${ADDRESSES} new addresses`, async () => {
  console.log(`peer: Node.js ${(await run("peer/node", "--version")).trim()}, ${RATE} reports/s`);
  await using broker = await Mosquitto.start();
  const fifty = new Program([`mqtt://127.0.0.1:${broker.port}`, "fifty"], {}, [], ["peer/node", "peer/peer.cjs"]);
  await using peer = new Contestant("fifty", broker.port, fifty);
  await waitFor(() => fifty.text.includes("poweredOn"), "the peer's adapter", PATIENCE_MS);
  await using agent = new Contestant("s1", broker.port, new Program(agentArgs(broker.port)));
  await agent.program.logged("scanning", 0, PATIENCE_MS);
  const both = [agent, peer];
  await sendMore(100, both);
  await print(both, await controller.reportsSent());
  for (let i = 0; i < SAMPLES; i++) await print(both, await sendMore(ADDRESSES / SAMPLES, both));
  ok(agent.messages > 0.9 * ADDRESSES, `${agent.messages} messages of the agent`);
  for (const { name, program } of both) {
    const { code } = await program.end("SIGTERM");
    console.log(`peer: ${name} ended with ${code}: ${program.text.split("\n").slice(-3).join(" ")}`);
  }
});
