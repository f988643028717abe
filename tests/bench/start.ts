/**
 * `deno task bench:start [--rounds N] [--limit RATIO] [--out FILE] [NAME=COMMAND …]`: from the start of the executable,
 * already unpacked, to its first message at a subscriber, against an empty program on the same Deno from start to end.
 * Fails where the ratio is above the limit.
 *
 * @module
 */
import { connectAsync } from "mqtt";
import { Mosquitto } from "../support/mosquitto.ts";
import { readOptions, type Subject } from "./measuring/options.ts";
import { type Figure, holdTo, median, report } from "./measuring/result.ts";
import { prepare, Running } from "./measuring/running.ts";

const AGAINST = "against an empty program";

async function firstMessageMs(subject: Subject, port: number): Promise<number> {
  const subscriber = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  await subscriber.subscribeAsync("ble/raw/#");
  const first = new Promise((resolve) => subscriber.once("message", resolve));
  const startMs = performance.now();
  await using process = Running.agent(subject, port, "--source", "simulate", "--simulate-rate", "1000");
  const ended = process.ended().then(() => Promise.reject(new Error(`${subject.name} ended without a message`)));
  await Promise.race([first, ended]);
  const ms = performance.now() - startMs;
  ended.catch(() => {});
  await subscriber.endAsync(true);
  return ms;
}

async function emptyMs(): Promise<number> {
  const startMs = performance.now();
  await using process = Running.anchor("empty.js", "once");
  await process.ended();
  return performance.now() - startMs;
}

const { subjects, rounds, limit, out } = readOptions({ rounds: 15, seconds: 0 });
await using _unpacked = await prepare(subjects);
await using broker = await Mosquitto.start();
const starts: { readonly empty: number; readonly first: readonly number[] }[] = [];
for (let round = 0; round < rounds; round++) {
  const first: number[] = [];
  for (const subject of subjects) first.push(await firstMessageMs(subject, broker.port));
  starts.push({ empty: await emptyMs(), first });
}
const figures: Figure[] = [
  { name: "empty program: start and end", value: median(starts.map(({ empty }) => empty)), unit: "ms" },
  ...subjects.flatMap(({ name }, i): Figure[] => [
    { name: `${name}: to the first message`, value: median(starts.map(({ first }) => first[i] ?? NaN)), unit: "ms" },
    {
      name: `${name}: ${AGAINST}`,
      value: median(starts.map(({ first, empty }) => (first[i] ?? NaN) / empty)),
      unit: "",
    },
  ]),
];
await report("start", figures, out);
holdTo(figures, AGAINST, "at most", limit);
