/**
 * Inflicts one fault once, and prints the result as a line that `chaos.ts` reads:
 * `inflict.ts NAME HOLD_S [--network]`. Called in namespaces of its own where there is to be a network.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { countsOf, lawHolds } from "../support/counts.ts";
import { readMemory } from "../support/memory.ts";
import { waitFor } from "../support/wait_for.ts";
import { ALL_FAULTS } from "./all_faults.ts";
import type { Fault, Scenario } from "./faults.ts";
import { Network } from "./network.ts";
import { formatLine, type Result } from "./result.ts";
import { MAX_IN_FLIGHT, Rig, type Setup, USUAL } from "./rig.ts";

const CALM_MS = 2_000;
/** How much longer than allowed a recovery is waited for. */
const PATIENCE_MS = 20_000;
const MAX_GROWTH_KIB = 32 * 1_024;

/** Inflicts a fault that lasts so long. */
export async function inflict(fault: Fault, holdS: number, hasNetwork: boolean): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const network = hasNetwork ? stack.use(await Network.open()) : null;
  const scenario = await fault.prepare(stack);
  const setup = { ...USUAL, ...scenario.setup };
  if (setup.isSlow) await network?.slowLink({});
  const rig = stack.use(await Rig.start(setup, network));
  await sleep(CALM_MS);
  const before = await readMemory(rig.agent.pid);
  await scenario.begin(rig);
  await sleep(holdS * 1_000);
  const growthKiB = (await readMemory(rig.agent.pid).catch(() => before)).privateKiB - before.privateKiB;
  const recoveryMs = await recover(rig, scenario, fault);
  await sleep(CALM_MS);
  const problems = [
    ...growthKiB > MAX_GROWTH_KIB ? [`${growthKiB} KiB more memory`] : [],
    ...recoveryMs === null ? [] : await statusProblems(rig, scenario),
    ...await endProblems(rig),
    ...lawProblems(rig),
    ...fault.lasts && wasLost(rig) ? ["the connection was lost"] : [],
  ];
  const { lost, problem } = account(rig, setup, scenario.swallowed?.() ?? 0);
  return { fault: fault.name, recoveryMs, lost, goalMs: fault.goalMs, growthKiB, problems: [...problems, ...problem] };
}

/** Ends the fault, and measures until a report that was read after that has arrived. */
async function recover(rig: Rig, scenario: Scenario, { goalMs, lasts = false }: Fault): Promise<number | null> {
  const endMs = Date.now();
  await scenario.end(rig);
  try {
    await waitFor(
      () => (lasts ? rig.witness.arrivedMs : rig.witness.newestMs) >= endMs,
      "a message",
      goalMs + PATIENCE_MS,
    );
    return Date.now() - endMs;
  } catch {
    return null;
  }
}

async function statusProblems(rig: Rig, { leavesWill = false, swallowed }: Scenario): Promise<string[]> {
  const { statuses } = rig.witness;
  const { status } = await rig.retainedStatus();
  const connected = rig.agent.log.filter(({ event }) => event === "broker connected").length;
  const online = statuses.filter(({ status }) => status === "online").length;
  const willSeen = statuses.some(({ status, reason }) => status === "offline" && reason === "connection lost");
  return [
    ...status === "online" ? [] : [`status ${status} after the fault`],
    // Who swallows reports has swallowed statuses too.
    ...online >= connected || swallowed !== undefined ? [] : [`${online} times online, after ${connected} connections`],
    ...willSeen || !leavesWill ? [] : ["no will was published"],
  ];
}

async function endProblems(rig: Rig): Promise<string[]> {
  const { code } = await rig.stopAgent();
  const { status, reason } = await rig.retainedStatus();
  return [
    ...code === 0 ? [] : [`exit code ${code}`],
    ...status === "offline" && reason === "stopped" ? [] : [`status ${status}, ${reason} at the end`],
  ];
}

function lawProblems(rig: Rig): string[] {
  const samples = [...countsOf(rig.agent.log, 0), ...rig.witness.stats];
  const wrong = samples.filter((counts) => !lawHolds(counts));
  return wrong.length === 0 ? [] : [`counters do not add up in ${wrong.length} of ${samples.length} samples`];
}

/** Compares what the agent counted in the end with what arrived. */
function account(
  rig: Rig,
  { qos }: Setup,
  swallowed: number,
): { readonly lost: Record<string, number>; readonly problem: string[] } {
  const counts = countsOf(rig.agent.log, 0).at(-1);
  if (counts === undefined) return { lost: {}, problem: ["no counters"] };
  const { published, dropped_offline, dropped_backpressure, dropped_unacknowledged, in_flight } = counts;
  const arrived = rig.arrived + swallowed;
  const lost = wasLost(rig);
  // A lost connection leaves open whether the broker had what was under way: QoS 1 counts it as lost, QoS 0 does not.
  // A killed broker may have acknowledged what it had not passed on yet.
  const least = !lost ? published : qos === 1 ? published - MAX_IN_FLIGHT : 0;
  // A broker that was frozen for longer than the time for its PUBACK passes on what was given up meanwhile.
  const most = published + in_flight + dropped_unacknowledged + (lost && qos === 1 ? dropped_offline : 0);
  const isRight = least <= arrived && arrived <= most;
  const unseen = qos === 0 ? { written_not_arrived: Math.max(0, published - arrived) } : {};
  return {
    lost: { dropped_offline, dropped_backpressure, dropped_unacknowledged, ...unseen },
    problem: isRight ? [] : [`${published} published, ${arrived} arrived`],
  };
}

function wasLost({ agent }: Rig): boolean {
  return agent.log.some(({ event }) => event === "broker connection lost");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const [name, holdS, network] = Deno.args;
  const fault = ALL_FAULTS.find((fault) => fault.name === name);
  if (fault === undefined) throw new Error(`No fault is called ${name}`);
  console.log(formatLine(await inflict(fault, Number(holdS), network === "--network")));
}
