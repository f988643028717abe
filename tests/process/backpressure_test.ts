import assert from "node:assert/strict";
import { startAedes } from "../support/aedes.ts";
import { type Counts, countsOf, lawHolds } from "../support/counts.ts";
import { readMemory } from "../support/memory.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATE = ["--source", "simulate", "--simulate-devices", "1000", "--simulate-rate", "5000"];
const FROZEN_STATISTICS = 4;
/** QoS 0: 1 MiB of messages that have 200 bytes and more; QoS 1: max_in_flight. */
const MOST_IN_FLIGHT = { 0: 5_300, 1: 100 };
const MOST_GROWTH_KIB = 65_536;

for (const qos of [0, 1] as const) {
  mosquittoTest(`a broker that stops reading holds up neither the scan nor memory, with QoS ${qos}`, async () => {
    await using broker = await Mosquitto.start();
    await using agent = new Program(agentArgs(broker.port, "--qos", String(qos), ...SIMULATE), {
      BT_SCANNER_STATS_INTERVAL_S: "1",
      BT_SCANNER_MQTT_CLIENT_KEEP_ALIVE: "0",
    });
    const counts = () => countsOf(agent.log, 0);
    const last = (): Counts | undefined => counts().at(-1);
    const more = async (statistics: number) => {
      const before = counts().length;
      await waitFor(() => counts().length >= before + statistics, `${statistics} statistics`);
      return counts().slice(before - 1);
    };
    await waitFor(() => (last()?.published ?? 0) > 0, "published messages");
    const usual = await more(3);
    const { privateKiB: privateBeforeKiB } = await readMemory(agent.pid);

    broker.signal("SIGSTOP");
    await waitFor(() => dropped(last()) > dropped(usual.at(-1)) + 5_000, "messages dropped by backpressure", 60_000);
    const frozen = await more(FROZEN_STATISTICS);
    const { privateKiB } = await readMemory(agent.pid);
    broker.signal("SIGCONT");

    assert.ok(rate(frozen) > rate(usual) / 2, `${rate(frozen)} reports a second were read, ${rate(usual)} before`);
    assert.equal(increase(frozen, "dropped_offline"), 0);
    assert.ok(increase(frozen, "dropped_backpressure") > 0);
    for (const { in_flight } of frozen) assert.ok(in_flight <= MOST_IN_FLIGHT[qos], `${in_flight} in flight`);
    assert.ok(privateKiB < privateBeforeKiB + MOST_GROWTH_KIB, `from ${privateBeforeKiB} to ${privateKiB} KiB`);

    const { published: publishedBefore = 0 } = last() ?? {};
    await waitFor(() => (last()?.published ?? 0) > publishedBefore + 5_000, "messages published again");
    agent.kill("SIGTERM");
    assert.equal((await agent.ended()).code, 0);
    assert.deepEqual(counts().filter((each) => !lawHolds(each)), []);
  });
}

function dropped(counts: Counts | undefined): number {
  return counts?.dropped_backpressure ?? 0;
}

function increase(counts: readonly Counts[], of: Exclude<keyof Counts, "filtered_by">): number {
  return (counts.at(-1)?.[of] ?? 0) - (counts[0]?.[of] ?? 0);
}

function rate(counts: readonly Counts[]): number {
  return increase(counts, "received") / increase(counts, "atS");
}

test("run says in the statistics that max_in_flight holds messages back, and how long acknowledgements take", async () => {
  await using broker = await startAedes({
    authorizePublish: (_client, _packet, done) => void setTimeout(done, 50),
  });
  await using program = new Program(
    agentArgs(broker.port, "--qos", "1", "--source", "simulate", "--simulate-rate", "2000"),
    {
      BT_SCANNER_MQTT_CLIENT_MAX_IN_FLIGHT: "20",
      BT_SCANNER_STATS_INTERVAL_S: "2",
    },
  );
  let said = "";
  await waitFor(() => {
    said = String(program.log.findLast(({ event }) => event === "statistics")?.fields["limited_by"]);
    return said.startsWith("max_in_flight");
  }, "what holds messages back");
  const [, waitMs] = /^max_in_flight: 20 ÷ (\d+) ms per acknowledgement$/.exec(said) ?? [];
  assert.ok(Number(waitMs) >= 50, said);
  program.kill("SIGTERM");
  await program.ended();
});
