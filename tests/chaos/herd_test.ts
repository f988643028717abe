import { equal, ok } from "node:assert/strict";
import { Random } from "../../src/hci/simulated/random.ts";
import { test } from "../support/test.ts";
import { busiestSecond, DEFAULT_POLICY, type Outage, simulateHerd } from "./herd.ts";

const AGENTS = 200;

/** Two hundred agents that lose their broker at the same moment, the same each time. */
function herd(awayMs: number, kind: Outage["kind"] = "unreachable", policy = DEFAULT_POLICY) {
  const random = new Random(7);
  return simulateHerd({ agents: AGENTS, awayMs, kind, policy, random: () => random.below(2 ** 32) / 2 ** 32 });
}

for (const kind of ["unreachable", "unresponsive", "unfit"] as const) {
  test(`BrokerConnection brings 200 agents back from a long loss within 10 s, spread over seconds: ${kind}`, async () => {
    for (const awayS of [15, 60, 600]) {
      const { backMs } = await herd(awayS * 1_000, kind);
      equal(backMs.length, AGENTS);
      ok(Math.max(...backMs) <= awayS * 1_000 + 10_000);
      ok(busiestSecond(backMs) <= AGENTS / 2, `${busiestSecond(backMs)} in one second after ${awayS} s`);
    }
  });
}

test("BrokerConnection spreads 200 agents also where the broker restarts at once", async () => {
  for (
    const [awayMs, share] of [[0, 0.6], [300, 0.6], [1_000, 0.7], [2_000, 0.85], [3_000, 0.7], [5_000, 0.55]] as const
  ) {
    const { backMs } = await herd(awayMs);
    equal(backMs.length, AGENTS);
    ok(Math.max(...backMs) <= awayMs + 5_000);
    ok(busiestSecond(backMs) <= share * AGENTS, `${busiestSecond(backMs)} in one second after ${awayMs} ms`);
  }
});

test("BrokerConnection spreads the probes of 200 agents whose waits are long from the first on", async () => {
  const { backMs, probesMs } = await herd(60_000, "unreachable", { ...DEFAULT_POLICY, initialDelayMs: 60_000 });
  ok(busiestSecond(probesMs) <= 0.6 * AGENTS, `${busiestSecond(probesMs)} probes in one second`);
  ok(busiestSecond(backMs) <= AGENTS / 2, `${busiestSecond(backMs)} back in one second`);
  ok(Math.max(...backMs) <= 70_000);
});

test("BrokerConnection does not ask a broker that refuses 200 agents more than a few times a second", async () => {
  const { attemptsMs, backMs } = await herd(600_000, "rejected");
  ok(busiestSecond(attemptsMs.filter((timeMs) => timeMs > 120_000)) <= AGENTS / 10);
  equal(backMs.length, AGENTS);
});

test("busiestSecond() counts the most in any second", () => {
  equal(busiestSecond([0, 900, 1_000, 1_800, 1_899, 5_000]), 4);
  equal(busiestSecond([]), 0);
});
