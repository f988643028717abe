import { Mosquitto } from "../../support/mosquitto.ts";
import { findProgram } from "../../support/programs.ts";
import { numberOf, writeRecording } from "./air.ts";
import type { Subject } from "./options.ts";
import { type Figure, quantile } from "./result.ts";
import { anchorPath, Running } from "./running.ts";

/** As it arrived at a subscriber. */
export interface Arrival {
  readonly atMs: number;
  /** When its report was read, by the publisher: whole milliseconds, so what follows is up to 1 ms too long. */
  readonly readMs: number;
  /** When the report was due, since the recording's beginning. */
  readonly dueMs: number;
}

const RATE = 1_000;
/** What comes so soon after the start is not looked at: the connection is made while reports are due. */
const WARM_UP_MS = 3_000;
/** When the executables collect (src/app/giving_back.ts), and how long after its time by the start of the process. */
const COLLECTING = { firstMs: 10_000, everyMs: 20_000, withinMs: 1_500 };
const WHILE_COLLECTING = "p99 while collecting";

/**
 * From the report read to another process that subscribes, at 1,000 reports a second: of the program, and of plain mqtt.js
 * that paces itself.
 */
export async function measureLatency(subjects: readonly Subject[], folder: string, seconds: number): Promise<Figure[]> {
  const recording = `${folder}/paced.btsnoop`;
  const reports = RATE * seconds;
  writeRecording(recording, { reports, reportsPerS: RATE, devices: 100, newAddressesPerS: 0 });
  const replay = ["--source", "replay", "--replay", recording];
  const mqttJs = [Deno.execPath(), "run", "--quiet", "-A", anchorPath("paced_mqtt_js.js")];
  const figures: Figure[] = [];
  for (const qos of ["0", "1"]) {
    const publishers = [
      ...subjects.map((subject) => ({
        name: subject.name,
        collects: true,
        start: (port: number) => Running.agent(subject, port, "--qos", qos, ...replay),
      })),
      {
        name: "plain mqtt.js",
        collects: false,
        start: (port: number) => new Running([...mqttJs, String(port), qos, String(RATE), String(reports)]),
      },
    ];
    for (const { name, collects, start } of publishers) {
      await using broker = await Mosquitto.start();
      const log = `${folder}/${name}-${qos}`;
      await using _subscriber = subscriber(broker.port, qos, log);
      const startMs = Date.now();
      await using process = start(broker.port);
      await process.ended();
      const arrivals = readArrivals(await Deno.readTextFile(log), RATE);
      if (arrivals.length < reports * 0.9) throw new Error(`Of ${reports} messages ${arrivals.length} arrived`);
      const told = describe(`${name}, QoS ${qos}`, arrivals, startMs);
      figures.push(...told.filter(({ name }) => collects || !name.endsWith(WHILE_COLLECTING)));
    }
  }
  return figures;
}

/** Writes to `path` each message behind the moment of its arrival. */
function subscriber(port: number, qos: string, path: string): Running {
  const program = findProgram("mosquitto_sub") ?? "mosquitto_sub";
  const options = ["-p", String(port), "-q", qos, "-t", "ble/raw/#", "-F", "%U %p"];
  return new Running(["sh", "-c", `exec "$@" >"$0"`, path, program, ...options]);
}

/** @param text lines of seconds since 1970 with their fraction, and the message */
export function readArrivals(text: string, reportsPerS: number): Arrival[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const space = line.indexOf(" ");
    const message = JSON.parse(line.slice(space + 1));
    return {
      atMs: Number(line.slice(0, space)) * 1000,
      readMs: Date.parse(message.timestamp),
      dueMs: numberOf(message) * 1000 / reportsPerS,
    };
  });
}

/** @param startMs when the publisher's process began, since 1970 */
export function describe(name: string, arrivals: readonly Arrival[], startMs: number): Figure[] {
  const usual = arrivals.filter(({ atMs }) => atMs >= startMs + WARM_UP_MS);
  const collecting = usual.filter(({ atMs }) => {
    const sinceMs = atMs - startMs - COLLECTING.firstMs;
    return sinceMs >= 0 && sinceMs % COLLECTING.everyMs < COLLECTING.withinMs;
  });
  const latencies = (some: readonly Arrival[]) => some.map(({ atMs, readMs }) => atMs - readMs);
  const delays = usual.map(({ atMs, dueMs }) => atMs - dueMs);
  const earliest = delays.reduce((least, delay) => Math.min(least, delay), Infinity);
  const figure = (what: string, value: number): Figure => ({ name: `${name}: ${what}`, value, unit: "ms" });
  return [
    figure("read to subscriber, p50", quantile(latencies(usual), 0.5)),
    figure("read to subscriber, p99", quantile(latencies(usual), 0.99)),
    figure(`read to subscriber, ${WHILE_COLLECTING}`, quantile(latencies(collecting), 0.99)),
    figure("behind the recording, p99", quantile(delays, 0.99) - earliest),
    figure("behind the recording, most", quantile(delays, 1) - earliest),
  ];
}
