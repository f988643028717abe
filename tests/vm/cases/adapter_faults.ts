// vm: VM_FAKE_ARGS='--fleet 50 --rate 100' VM_TIMEOUT=1200
// on: amd64/6.1 amd64/6.12
// deno-lint-ignore-file no-console
/**
 * What can happen to an adapter, and how soon advertisements are published again. Prints a line for
 * each fault and repetition, which `deno task chaos --vm` gathers: `chaos: {"fault": …, "recoveryMs": …}`.
 * `VM_ENV=REPETITIONS=N` repeats the faults.
 */
import assert from "node:assert/strict";
import { listAdapters } from "../../../src/hci/mod.ts";
import { Mosquitto } from "../../support/mosquitto.ts";
import { agentArgs, type LogLine, Program } from "../../support/program.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type Controller, controller, power, rfkill, run, startController } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const PATIENCE_MS = 300_000;
const REPETITIONS = Number(Deno.env.get("REPETITIONS") ?? 1);
const HOLD_MS = 3_000;
/** Of the controller that the VM starts with. */
const ADDRESS = "C0:FF:EE:00:00:01";
const SHORT_STALL = { BT_SCANNER_SCANNER_STALL_TIMEOUT_S: "3" };

interface Status {
  readonly scanning: boolean;
  readonly adapter: string | null;
  readonly reason: string | null;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** An agent with its broker, and what independent subscribers see of it. */
class Observed implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    readonly agent: Program,
    readonly messages: MosquittoSub,
    private readonly statusSub: MosquittoSub,
    private readonly statsSub: MosquittoSub,
  ) {
    this.#stack = stack;
  }

  static async start(env: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<Observed> {
    await using stack = new AsyncDisposableStack();
    const broker = stack.use(await Mosquitto.start());
    const subscribe = async (topic: string) => stack.use(await MosquittoSub.start(broker.port, topic));
    const messages = await subscribe("ble/raw/s1/+");
    const statuses = await subscribe("ble/status/s1");
    const stats = await subscribe("ble/stats/s1");
    const everySecond = { BT_SCANNER_STATS_INTERVAL_S: "1", ...env };
    const agent = stack.use(new Program(agentArgs(broker.port, "--qos", "1", ...args), everySecond));
    return new Observed(stack.move(), agent, messages, statuses, stats);
  }

  get statuses(): Status[] {
    return this.statusSub.payloads.map((payload) => JSON.parse(payload));
  }

  get stats(): Record<string, number>[] {
    return this.statsSub.payloads.map((payload) => JSON.parse(payload));
  }

  /** Resolves when a message comes that was not there yet. */
  async untilNextMessage(): Promise<void> {
    const already = this.messages.payloads.length;
    await waitFor(() => this.messages.payloads.length > already, "a message", PATIENCE_MS);
  }

  /** Resolves when the status says so, from the `from`th on. */
  async untilStatus(wanted: (status: Status) => boolean, what: string, from: number): Promise<void> {
    await waitFor(() => this.statuses.slice(from).some(wanted), `the status to say ${what}`, PATIENCE_MS);
  }

  /** Resolves when the last status says that it scans; it comes through another process than the messages. */
  async untilScanning(): Promise<void> {
    await waitFor(() => this.statuses.at(-1)?.scanning === true, "the status to say that it scans", PATIENCE_MS);
  }

  /** How many reports the controller sent and the agent did not receive, so far; the air is still meanwhile. */
  async lost(): Promise<number> {
    controller.control("rate 0");
    const sent = await controller.reportsSent();
    const known = this.stats.length;
    await waitFor(() => this.stats.length >= known + 2, "statistics", PATIENCE_MS);
    controller.control("rate 100");
    return sent - (this.stats.at(-1)?.["received"] ?? NaN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#stack; // whatever fails here, nothing is left to the next test
    const { code, stderr } = await this.agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    for (const counts of this.stats) assertLaw(counts);
  }
}

function assertLaw(counts: Readonly<Record<string, number>>): void {
  const { received, published, filtered, invalid, in_flight } = counts;
  const { dropped_offline, dropped_backpressure, dropped_unacknowledged } = counts;
  const sum = [published, dropped_offline, dropped_backpressure, dropped_unacknowledged, filtered, invalid, in_flight];
  assert.equal(received, sum.reduce((total: number, count) => total + (count ?? NaN), 0), JSON.stringify(counts));
}

/** Prints a line for whoever gathers them. */
function tell(
  fault: string,
  recoveryMs: number,
  more: { readonly noticedMs?: number; readonly lost?: Readonly<Record<string, number>> } = {},
): void {
  console.log(`chaos: ${JSON.stringify({ fault, recoveryMs: Math.round(recoveryMs), lost: {}, ...more })}`);
}

interface Fault {
  readonly name: string;
  readonly strike: () => void | Promise<void>;
  /** Where the agent cannot mend it alone: recovery is counted from here. */
  readonly mend?: () => void | Promise<void>;
}

/** Strikes, waits until the status admits it, mends, and waits for a message. */
async function suffer(observed: Observed, { name, strike, mend }: Fault): Promise<void> {
  await observed.untilScanning();
  const before = observed.statuses.length;
  const lostBefore = await observed.lost();
  let sinceMs = performance.now();
  await strike();
  await observed.untilStatus(({ scanning }) => !scanning, `that it does not scan (${name})`, before);
  const noticedMs = performance.now() - sinceMs;
  if (mend !== undefined) {
    await sleep(HOLD_MS);
    sinceMs = performance.now();
    await mend();
  }
  await observed.untilNextMessage();
  const recoveryMs = performance.now() - sinceMs;
  await observed.untilScanning();
  const reports = await observed.lost() - lostBefore;
  tell(name, recoveryMs, { noticedMs: Math.round(noticedMs), lost: { reports } });
}

/** Another process sends the controller a command: group, command, parameters. */
const foreignCommand = (...words: readonly string[]) => run("hcitool", "-i", "hci0", "cmd", ...words);
const zeros = new Array<string>(8).fill("00");

const FAULTS: readonly Fault[] = [
  {
    name: "adapter pulled out and put back",
    strike: () => controller.control("vanish"),
    mend: () => controller.control("appear"),
  },
  { name: "adapter powered down by another program", strike: () => power("down") },
  { name: "rfkill blocks Bluetooth, and unblocks it", strike: () => rfkill(true), mend: () => rfkill(false) },
  { name: "another process ends the scan", strike: () => void foreignCommand("0x08", "0x000c", "00", "00") },
  { name: "another process resets the controller", strike: () => void foreignCommand("0x03", "0x0003") },
  {
    name: "another process powers the adapter down and up",
    strike: () => void run("sh", "-c", "hciconfig hci0 down; hciconfig hci0 up"),
  },
  {
    name: "another process masks all events (Set Event Mask)",
    strike: () => void foreignCommand("0x03", "0x0001", ...zeros),
  },
  {
    name: "another process masks all LE events (LE Set Event Mask)",
    strike: () => void foreignCommand("0x08", "0x0001", ...zeros),
  },
  { name: "controller reports a hardware error", strike: () => controller.control("hwerr") },
  {
    name: "controller goes mute, and answers again",
    strike: () => {
      controller.control("mute");
      controller.control("rate 0");
    },
    mend: () => {
      controller.control("unmute");
      controller.control("rate 100");
    },
  },
  {
    name: "controller refuses to scan (0x0c), and consents again",
    strike: () => {
      controller.control("fail 200c 0c");
      controller.control("hwerr");
    },
    mend: () => controller.control("fail 200c 00"),
  },
];

test("one agent comes back from every fault of its adapter", async (t) => {
  await using observed = await Observed.start();
  await observed.untilNextMessage();
  for (const fault of FAULTS) {
    await t.step(fault.name, async () => {
      for (let i = 0; i < REPETITIONS; i++) await suffer(observed, fault);
    });
  }
});

/** Another controller beside the usual one: hci1, until this is disposed of. */
async function anotherController(...kind: string[]): Promise<Controller & AsyncDisposable> {
  const other = await startController("hci1", "--addr", "C0:FF:EE:00:00:03", "--fleet", "50", ...kind);
  const quit = async () => {
    other.control("quit");
    await waitFor(() => listAdapters().length === 1, "hci1 to go", PATIENCE_MS);
  };
  return Object.assign(other, { [Symbol.asyncDispose]: quit });
}

/** An agent on a controller of another kind, from its start until it is heard. */
async function startsOn(fault: string, env: Readonly<Record<string, string>>, ...kind: string[]): Promise<void> {
  await using _ = await anotherController("--rate", "100", ...kind);
  await using observed = await Observed.start(env, "--adapter", "hci1");
  await observed.untilNextMessage();
  const messageMs = Date.parse(JSON.parse(observed.messages.payloads[0] ?? "").timestamp);
  tell(fault, messageMs - Date.parse(observed.agent.log[0]?.time ?? ""));
  const isLegacy = ({ event, fields }: LogLine) => event === "scanning" && fields["extended"] === false;
  // The first message may be here before the line is.
  await waitFor(() => observed.agent.log.some(isLegacy), "the legacy scan", PATIENCE_MS);
  // Later, an emulated machine that lags behind may take its own slowness for a silence.
  const steps = observed.agent.log.slice(0, observed.agent.log.findIndex(isLegacy));
  assert.equal(steps.filter(({ event }) => event === "resetting the adapter").length, 0, observed.agent.text);
}

test("run falls back to legacy scanning where extended scanning is claimed and refused", () =>
  startsOn("controller claims extended scanning and refuses it", {}, "--ext", "--lax", "--refuse-ext", "01"));

test("run falls back to legacy scanning where extended scanning is accepted and brings nothing", () =>
  startsOn(
    "controller accepts extended scanning and reports nothing (stall_timeout_s: 3)",
    SHORT_STALL,
    "--ext",
    "--lax",
    "--deaf-ext",
  ));

test("run keeps extended scanning where the controller mixes it with nothing and the room is quiet", async () => {
  await using other = await anotherController("--ext", "--rate", "0");
  await using observed = await Observed.start(SHORT_STALL, "--adapter", "hci1");
  await observed.untilStatus(({ reason }) => /^nothing heard/.test(reason ?? ""), "that it hears nothing", 0);
  await sleep(30_000);
  other.control("rate 100");
  await observed.untilNextMessage();
  const isExtended = () =>
    observed.agent.log.findLast(({ event }) => event === "scanning")?.fields["extended"] === true;
  await waitFor(isExtended, "the extended scan", 60_000);
});

test("run follows an adapter by its address when it comes back under another number", async () => {
  await using observed = await Observed.start({}, "--adapter", "hci0");
  await observed.untilNextMessage();
  controller.control("vanish");
  await observed.agent.logged("scan failed", 0, PATIENCE_MS);
  // Asked for hci0, it would take the stranger while its own is not back: it must not look in between.
  observed.agent.kill("SIGSTOP");
  using stack = new DisposableStack();
  stack.defer(() => observed.agent.kill("SIGCONT")); // whatever fails here: stopped, it would not hear that it is to end
  const other = await startController("hci0", "--addr", "C0:FF:EE:00:00:99");
  controller.control("appear");
  const isBack = async () => {
    const back = listAdapters().find(({ name }) => name === "hci1");
    // A kernel whose controller did not answer within 2 s asks for the address only when it is powered up.
    if (back?.address === null) await power("up", "hci1").catch(() => {});
    return back?.address === ADDRESS;
  };
  await waitFor(isBack, "its adapter", PATIENCE_MS);
  const from = observed.statuses.length;
  observed.agent.kill("SIGCONT");
  await observed.untilStatus(({ adapter }) => adapter === "hci1", "hci1", from);
  await observed.untilNextMessage();
  controller.control("vanish");
  other.control("quit");
  await waitFor(() => listAdapters().length === 0, "both to go", PATIENCE_MS);
  await observed.untilStatus(({ adapter }) => adapter === null, "that it has none", from);
  const gone = observed.statuses.length;
  controller.control("appear"); // as hci0, or as hci1 where the kernel has not given up the other's number yet
  await observed.untilStatus(({ adapter }) => adapter !== null, "an adapter", gone);
  await observed.untilNextMessage();
});

test("run waits for an adapter that is absent at its start", async () => {
  controller.control("vanish");
  using stack = new DisposableStack();
  stack.defer(() => controller.control("appear")); // whatever fails here, the next test has its adapter
  await using observed = await Observed.start();
  await observed.agent.logged("scan failed", 0, PATIENCE_MS);
  // Its subscriber is another process, which may lag behind.
  await observed.untilStatus(({ reason }) => /there is none/.test(reason ?? ""), "that there is none", 0);
  const startMs = performance.now();
  controller.control("appear");
  await observed.untilNextMessage();
  tell("adapter absent at start", performance.now() - startMs);
});

const resets = () => controller.log().filter((line) => / cmd 0c03/.test(line)).length;

test("run resets an adapter that answers but reports nothing any more, and hears again", async () => {
  await using observed = await Observed.start(SHORT_STALL);
  await observed.untilNextMessage();
  const before = observed.statuses.length;
  const startMs = performance.now();
  controller.control("stick");
  await observed.untilStatus(({ reason }) => /^nothing heard/.test(reason ?? ""), "that it hears nothing", before);
  await observed.untilNextMessage();
  tell("controller answers but reports nothing (stall_timeout_s: 3)", performance.now() - startMs);
  assert.equal(observed.agent.log.filter(({ event }) => event === "resetting the adapter").length, 1);
});

test("run does not end in a loop of resets in a quiet room, and hears the first advertiser that comes", async () => {
  await using observed = await Observed.start(SHORT_STALL);
  await observed.untilNextMessage();
  // Its subscriber is another process, which may lag behind.
  await observed.untilStatus(({ scanning }) => scanning, "that it scans", 0);
  controller.control("rate 0");
  const before = resets();
  const from = observed.statuses.length;
  await observed.untilStatus(({ reason }) => /^nothing heard/.test(reason ?? ""), "that it hears nothing", from);
  await sleep(60_000); // twenty times the stall time-out
  const during = resets() - before;
  assert.ok(during >= 2 && during <= 5, `${during} resets`);
  // The status is told again each second: what it said before the silence, and then nothing else.
  const told = observed.statuses.slice(from).map(({ scanning }) => scanning);
  assert.ok(!told.slice(told.indexOf(false)).includes(true), told.join());
  const startMs = performance.now();
  controller.control("rate 100");
  await observed.untilNextMessage();
  tell("quiet room, then an advertiser", performance.now() - startMs);
});
