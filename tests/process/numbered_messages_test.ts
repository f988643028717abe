import assert from "node:assert/strict";
import { statusSchema } from "../../src/status/status_schema.ts";
import { type Counts, countsOf, finalCounts } from "../support/counts.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Program } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

/** A configuration with numbered messages, at the broker of this port. */
function configAt(port: number): string {
  return `scanner: { id: s1, source: simulate, labels: { room: attic } }
simulate: { rate: 200 }
publisher: { fields: full }
stats: { interval_s: 1 }
mqtt: { broker: { host: 127.0.0.1, port: ${port} } }
log: { format: json }
`;
}

interface Numbered {
  readonly run_id: string;
  readonly seq: number;
}

/** What a subscriber has, of one run. */
function numbered({ messages }: Subscriber, runId: string): number[] {
  const said = messages.filter(({ topic }) => topic.startsWith("ble/raw/"))
    .map(({ payload }) => JSON.parse(payload) as Numbered);
  return said.filter(({ run_id }) => run_id === runId).map(({ seq }) => seq);
}

/** Those that are missing of all that a run has numbered. */
function missing(seen: readonly number[], { published, ...counts }: Counts): number[] {
  const all = Array.from({ length: published + dropped(counts) }, (_, index) => index + 1);
  const arrived = new Set(seen);
  assert.deepEqual(
    seen,
    all.filter((each) => arrived.has(each)),
    "in order, none twice, and none beyond what there is",
  );
  return all.filter((each) => !arrived.has(each));
}

function dropped(counts: Omit<Counts, "published">): number {
  return counts.dropped_offline + counts.dropped_backpressure + counts.dropped_rate_limited +
    counts.dropped_unacknowledged;
}

function lastStatus(subscriber: Subscriber): ReturnType<typeof statusSchema.parse> {
  return statusSchema.parse(JSON.parse(subscriber.payloads("ble/status/s1").at(-1) ?? "null"));
}

mosquittoTest(
  "the numbers of messages have gaps where something was dropped, and each of those is counted",
  async () => {
    await using broker = await Mosquitto.start();
    await using proxy = new TcpProxy(broker.port);
    proxy.refuse();
    await using folder = await TemporaryFolder.make();
    const config = await folder.write("config.yaml", configAt(broker.port));
    await using subscriber = await Subscriber.open(broker.port, "ble/#");
    await using program = new Program(["run", "--config", config]);
    await waitFor(() => subscriber.messages.length > 100, "messages");
    const { run_id, config_digest, labels } = lastStatus(subscriber);
    assert.deepEqual(labels, { room: "attic" });

    // It takes its leave of the broker, so that all that was published has arrived, and finds none.
    await folder.write("config.yaml", configAt(proxy.port));
    program.kill("SIGHUP");
    const lost = () => countsOf(program.log, 0).at(-1)?.dropped_offline ?? 0;
    await waitFor(() => lost() > 100, "messages dropped for want of a connection");
    proxy.accept();
    const before = subscriber.messages.length;
    await waitFor(() => subscriber.messages.length > before + 100, "messages again");
    const after = lastStatus(subscriber);
    assert.equal(after.run_id, run_id);
    assert.notEqual(after.config_digest, config_digest, "the port is another one");

    program.kill("SIGTERM");
    assert.equal((await program.ended()).code, 0);
    const counts = finalCounts(program.log);
    await waitFor(() => numbered(subscriber, run_id).at(-1) === counts.published + dropped(counts), "the last message");
    assert.equal(missing(numbered(subscriber, run_id), counts).length, dropped(counts));
  },
);

mosquittoTest(
  "the numbers of messages begin anew with each start, which has another run_id, and have no gaps",
  async () => {
    await using broker = await Mosquitto.start();
    await using folder = await TemporaryFolder.make();
    const config = await folder.write("config.yaml", configAt(broker.port));
    await using subscriber = await Subscriber.open(broker.port, "ble/#");
    const runs = new Set<string>();
    for (const _ of [1, 2]) {
      await using program = new Program(["run", "--config", config]);
      const before = subscriber.messages.length;
      await waitFor(() => subscriber.messages.length > before + 100, "messages");
      const { run_id } = lastStatus(subscriber);
      program.kill("SIGTERM");
      assert.equal((await program.ended()).code, 0);
      const counts = finalCounts(program.log);
      await waitFor(
        () => numbered(subscriber, run_id).at(-1) === counts.published + dropped(counts),
        "the last message",
      );
      // On a slow machine some may be heard before the first connection.
      const start = Array.from({ length: counts.dropped_offline }, (_, index) => index + 1);
      assert.deepEqual(missing(numbered(subscriber, run_id), counts), start);
      runs.add(run_id);
    }
    assert.equal(runs.size, 2);
  },
);
