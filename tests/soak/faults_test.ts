import assert from "node:assert/strict";
import { systemClock as clock } from "../../src/time/mod.ts";
import { countsOf, lawHolds } from "../support/counts.ts";
import { readMemory } from "../support/memory.ts";
import { mosquittoTest } from "../support/mosquitto.ts";
import { waitFor } from "../support/wait_for.ts";
import { FAULT_KINDS, inflict } from "./faults.ts";
import { Rig } from "./rig.ts";

mosquittoTest("inflict() does every kind of fault to an agent, which comes back from each", async () => {
  await using rig = await Rig.start({ seed: 1, reportsPerSecond: 200, devices: 100 });
  await waitFor(() => rig.tally.messages > 0, "messages");
  for (const kind of FAULT_KINDS) {
    const fault = await inflict({ kind, afterS: 0, lastsS: 0.5 }, rig, clock, clock.monotonicMs());
    assert.ok(fault.lastedS >= 0.5 && fault.recoveredAfterS !== null, JSON.stringify(fault));
  }
  const { rssKiB, privateKiB } = await readMemory(rig.agent.pid);
  assert.ok(rssKiB > privateKiB && privateKiB > 0);
  rig.agent.kill("SIGTERM");
  assert.equal((await rig.agent.ended()).code, 0);
  const counts = countsOf(rig.agent.log, 0);
  assert.ok(counts.length > 0 && counts.every(lawHolds));
  assert.ok(rig.agent.log.filter(({ event }) => event === "broker connection lost").length > 0);
  assert.deepEqual(rig.tally.examples, []);
});
