/**
 * `deno task bench:cpu [--rounds N] [--seconds N] [--limit WAKE_UPS] [--out FILE] [NAME=COMMAND …]`: processor time at a
 * hundred reports a second, against a bare loop on the same runtime that wakes and writes as often; and how often the event
 * loop wakes for a report. Fails where it does so more often than the limit.
 *
 * @module
 */
import { Mosquitto } from "../support/mosquitto.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { writeRecording } from "./measuring/air.ts";
import { readOptions } from "./measuring/options.ts";
import { type Figure, holdTo, median, report } from "./measuring/result.ts";
import { assertNobodyLeft, pause, prepare, Running } from "./measuring/running.ts";
import { countWakeUps } from "./measuring/wake_ups.ts";

const RATE = 100;
/** The start is not looked at. */
const WARM_UP_MS = 5_000;
const TRACED_S = 10;
const [WAKE_UPS, BARE_LOOP] = ["wake-ups a report", "bare loop"];

/** Of one process in one round. */
interface Round {
  readonly cpuMsPerS: number;
  readonly sleepsPerReport: number;
  readonly wakeUpsPerReport: number;
}

const { subjects, rounds, seconds, limit, out } = readOptions({ rounds: 3, seconds: 60 }, ["mosquitto", "strace"]);
await using _unpacked = await prepare(subjects);
await using folder = await TemporaryFolder.make();
const recording = `${folder.path}/air.btsnoop`;
writeRecording(recording, { reports: 60 * RATE, reportsPerS: RATE, devices: 100, newAddressesPerS: 0 });

/** Side by side, so that what else the machine does is the same for all. */
async function measure(): Promise<Round[]> {
  await using broker = await Mosquitto.start();
  await using processes = new AsyncDisposableStack();
  const replay = ["--source", "replay", "--replay", recording, "--replay-loop"];
  const all = [
    ...subjects.map((subject) => Running.agent(subject, broker.port, ...replay)),
    Running.anchor("bare_loop.js", String(broker.port), String(RATE)),
  ].map((process) => processes.use(process));
  await pause(WARM_UP_MS);
  const before = await Promise.all(all.map((process) => process.use()));
  const startMs = performance.now();
  await pause(1000 * seconds);
  const after = await Promise.all(all.map((process) => process.use()));
  const measuredS = (performance.now() - startMs) / 1000;
  const measured: Round[] = [];
  for (const [i, process] of all.entries()) {
    process.assertRuns();
    const used = (what: "cpuMs" | "sleeps") => (after[i]?.[what] ?? NaN) - (before[i]?.[what] ?? NaN);
    measured.push({
      cpuMsPerS: used("cpuMs") / measuredS,
      sleepsPerReport: used("sleeps") / measuredS / RATE,
      wakeUpsPerReport: await countWakeUps(process.pid, TRACED_S) / TRACED_S / RATE,
    });
  }
  await assertNobodyLeft(broker);
  return measured;
}

const measured: (readonly Round[])[] = [];
for (let round = 0; round < rounds; round++) measured.push(await measure());
const names = [...subjects.map(({ name }) => name), BARE_LOOP];
const figures = names.flatMap((name, i): Figure[] => {
  const over = (value: (own: Round, bare: Round) => number) =>
    median(measured.flatMap((all) => {
      const [own, bare] = [all[i], all.at(-1)];
      return own && bare ? [value(own, bare)] : [];
    }));
  return [
    { name: `${name}: CPU`, value: over(({ cpuMsPerS }) => cpuMsPerS / 10), unit: "%" },
    {
      name: `${name}: CPU against the bare loop`,
      value: over((own, bare) => own.cpuMsPerS / bare.cpuMsPerS),
      unit: "",
    },
    { name: `${name}: ${WAKE_UPS}`, value: over(({ wakeUpsPerReport }) => wakeUpsPerReport), unit: "" },
    { name: `${name}: sleeps a report`, value: over(({ sleepsPerReport }) => sleepsPerReport), unit: "" },
  ];
});
await report("cpu", figures, out);
holdTo(figures.filter(({ name }) => !name.startsWith(BARE_LOOP)), WAKE_UPS, "at most", limit);
