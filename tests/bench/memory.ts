/**
 * `deno task bench:memory [--seconds N] [--limit MB] [--out FILE] [NAME=COMMAND …]`: what the agent holds over time,
 * above an empty program on the same Deno, with few devices and with many that change their addresses. Fails where one
 * ends with more private memory above it than the limit.
 *
 * @module
 */
import { type Memory, readMemory } from "../support/memory.ts";
import { Mosquitto } from "../support/mosquitto.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { writeRecording } from "./measuring/air.ts";
import { readOptions } from "./measuring/options.ts";
import { type Curve, type Figure, holdTo, median, report } from "./measuring/result.ts";
import { assertNobodyLeft, pause, prepare, Running } from "./measuring/running.ts";

const SAMPLE_MS = 500;
/** The end of the measurement, of which the median is told. */
const END_SHARE = 0.1;
/** An empty program holds the same all the time, once it runs. */
const EMPTY_AFTER_MS = 3_000;
const [RATE, FEW, MANY, NEW_PER_S] = [100, 100, 10_000, 10];

/** The figure that has a limit. */
const AT_THE_END = "private above empty, at the end";

class Samples {
  readonly #samples: { readonly second: number; readonly memory: Memory }[] = [];

  constructor(readonly name: string, private readonly process: Running) {}

  async take(second: number): Promise<void> {
    this.process.assertRuns();
    this.#samples.push({ second, memory: await readMemory(this.process.pid) });
  }

  figures(empty: Memory): Figure[] {
    const end = this.#samples.slice(-Math.max(1, Math.floor(END_SHARE * this.#samples.length)));
    const above = (name: string, kiB: number, emptyKiB: number): Figure => ({
      name: `${this.name}: ${name}`,
      value: (kiB - emptyKiB) / 1024,
      unit: "MB",
    });
    const own = (memories: typeof end) => memories.map(({ memory }) => memory.privateKiB);
    return [
      above(AT_THE_END, median(own(end)), empty.privateKiB),
      above("private above empty, most ever", Math.max(...own(this.#samples)), empty.privateKiB),
      above("RSS above empty, at the end", median(end.map(({ memory }) => memory.rssKiB)), empty.rssKiB),
    ];
  }

  curve(empty: Memory): Curve {
    const points = this.#samples.map(({ second, memory }) =>
      [Math.round(second), Math.round((memory.privateKiB - empty.privateKiB) / 102.4) / 10] as const
    );
    return { label: this.name, points };
  }
}

async function measureEmpty(): Promise<Memory> {
  await using empty = Running.anchor("empty.js");
  await pause(EMPTY_AFTER_MS);
  return await readMemory(empty.pid);
}

const { subjects, seconds, limit, out } = readOptions({ seconds: 600, rounds: 1 });
await using _unpacked = await prepare(subjects);
const empty = await measureEmpty();
await using folder = await TemporaryFolder.make();
await using broker = await Mosquitto.start();
await using processes = new AsyncDisposableStack();
const recording = `${folder.path}/many.btsnoop`;
const reports = RATE * Math.max(seconds, MANY / RATE);
writeRecording(recording, { reports, reportsPerS: RATE, devices: MANY, newAddressesPerS: NEW_PER_S });
const simulated = ["--source", "simulate", "--simulate-devices", String(FEW), "--simulate-rate", String(RATE)];
const replayed = ["--source", "replay", "--replay", recording, "--replay-loop"];
const samples = subjects.flatMap((subject) =>
  [[`${FEW} devices`, simulated] as const, [`${MANY} devices`, replayed] as const].map(([load, args]) =>
    new Samples(`${subject.name}, ${load}`, processes.use(Running.agent(subject, broker.port, ...args)))
  )
);
const startMs = performance.now();
for (let second = 0; second < seconds; second = (performance.now() - startMs) / 1000) {
  for (const each of samples) await each.take(second);
  await pause(SAMPLE_MS);
}
await assertNobodyLeft(broker);
const figures = [
  { name: "empty program: private", value: empty.privateKiB / 1024, unit: "MB" },
  { name: "empty program: RSS", value: empty.rssKiB / 1024, unit: "MB" },
  ...samples.flatMap((each) => each.figures(empty)),
];
await report("memory", figures, out, samples.map((each) => each.curve(empty)));
holdTo(figures, AT_THE_END, "at most", limit);
