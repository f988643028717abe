/**
 * `deno task bench:fleet [--scanners N] [--rate R] [--qos Q] [--seconds S] [--out FILE] [NAME=COMMAND]`: what many
 * scanners on one Mosquitto of this machine cost, how old their messages are when they arrive, and what a restart of
 * the broker under all of them does. Fails where a message is lost that the broker had acknowledged.
 *
 * @module
 */
import { busiestSecond } from "../chaos/herd.ts";
import { readMemory } from "../support/memory.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";
import { type Account, Fleet, type FleetSize } from "./fleet/fleet.ts";
import { Load, machineBusyMs } from "./fleet/load.ts";
import { readOptions, type Subject } from "./measuring/options.ts";
import { type Figure, holdTo, median, report } from "./measuring/result.ts";
import { pause, prepare } from "./measuring/running.ts";

/** After the start and after the storm, until things are as they stay. */
const SETTLE_MS = 10_000;
const BACK_TIMEOUT_MS = 120_000;
/** What must not be with QoS 1. */
const LOST = "published and not arrived";

const figure = (name: string, value: number, unit = ""): Figure => ({ name, value, unit });
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The fleet as it is day and night. */
async function measureSteady(subject: Subject, size: FleetSize, seconds: number): Promise<Figure[]> {
  const startMs = performance.now();
  await using fleet = await Fleet.start(subject, size);
  const upMs = performance.now() - startMs;
  await pause(SETTLE_MS);
  const flow = await measureFlow(fleet, seconds);
  const memory = await memoryFigures(fleet, size.scanners);
  const accounts = await fleet.end();
  return [
    figure("start, until each was heard", upMs / 1_000, "s"),
    ...flow,
    ...memory,
    ...accountFigures("all the time", accounts),
  ];
}

async function measureFlow({ broker, arrivals, alone, together }: Fleet, seconds: number): Promise<Figure[]> {
  const loads = {
    broker: await Load.begin([broker.pid]),
    subscriber: await Load.begin([Deno.pid]),
    alone: await Load.begin(alone.map(({ pid }) => pid)),
    together: await Load.begin(together.map(({ pid }) => pid)),
  };
  const [busyMs, before] = [await machineBusyMs(), arrivals.total];
  arrivals.watch();
  const startMs = performance.now();
  await pause(seconds * 1_000);
  const elapsedMs = performance.now() - startMs;
  const ofBroker = sum(await loads.broker.percents());
  const ofSubscriber = sum(await loads.subscriber.percents());
  const ofAlone = await loads.alone.percents();
  const ofTogether = sum(await loads.together.percents());
  const ofMachine = 100 * (await machineBusyMs() - busyMs) / elapsedMs;
  const ages = [["median", 0.5], ["p99", 0.99], ["p99.9", 0.999], ["most", 1]] as const;
  return [
    figure("messages", (arrivals.total - before) / elapsedMs * 1_000, "/s"),
    ...ages.map(([name, share]) => figure(`age on arrival, ${name}`, arrivals.ageMs(share), "ms")),
    figure("broker: CPU", ofBroker, "% of a core"),
    figure("subscriber: CPU", ofSubscriber, "% of a core"),
    figure("agents that share processes: CPU of all", ofTogether, "% of a core"),
    figure("agents alone: CPU of each, median", median(ofAlone), "% of a core"),
    figure(
      "all else on this machine: CPU",
      ofMachine - ofBroker - ofSubscriber - sum(ofAlone) - ofTogether,
      "% of a core",
    ),
  ];
}

async function memoryFigures({ broker, alone, together }: Fleet, scanners: number): Promise<Figure[]> {
  const [ofBroker, ofAlone, ofTogether] = [await memoryOf([broker]), await memoryOf(alone), await memoryOf(together)];
  const share = sum(ofTogether.privateMb) / (scanners - alone.length);
  return [
    figure("broker: private memory", sum(ofBroker.privateMb), "MB"),
    figure("agents that share processes: private memory of each", share, "MB"),
    figure("agents alone: private memory of each, median", median(ofAlone.privateMb), "MB"),
    figure("agents alone: RSS of each, median", median(ofAlone.rssMb), "MB"),
  ];
}

async function memoryOf(
  processes: readonly { readonly pid: number }[],
): Promise<{ readonly privateMb: number[]; readonly rssMb: number[] }> {
  const memories = await Promise.all(processes.map(({ pid }) => readMemory(pid)));
  return {
    privateMb: memories.map(({ privateKiB }) => privateKiB / 1_024),
    rssMb: memories.map(({ rssKiB }) => rssKiB / 1_024),
  };
}

/** The broker restarts under all of them. */
async function measureStorm(subject: Subject, size: FleetSize): Promise<Figure[]> {
  await using fleet = await Fleet.start(subject, size);
  const { broker, arrivals } = fleet;
  await pause(SETTLE_MS);
  const stopMs = Date.now();
  await broker.stop();
  await broker.start();
  arrivals.watch();
  const listenMs = Date.now();
  await waitFor(() => arrivals.firstMs.length === size.scanners, "all scanners to be back", BACK_TIMEOUT_MS);
  const backMs = arrivals.firstMs.map((ms) => ms - listenMs).sort((a, b) => a - b);
  const onlineS = await untilOnline(broker.port, size.scanners);
  await pause(SETTLE_MS);
  const { offline, duplicates, lostSessions } = arrivals; // before the clean end of all
  const accounts = await fleet.end();
  return [
    figure("storm: broker away", listenMs - stopMs, "ms"),
    figure("storm: messages flow again, first scanner", (backMs[0] ?? NaN) / 1_000, "s"),
    figure("storm: messages flow again, median", median(backMs) / 1_000, "s"),
    figure("storm: messages flow again, last", (backMs.at(-1) ?? NaN) / 1_000, "s"),
    figure("storm: back in the busiest second", 100 * busiestSecond(backMs) / size.scanners, "% of all"),
    figure("storm: wills published", offline),
    figure("storm: retained statuses all say online, after that", onlineS, "s"),
    figure("storm: messages that the broker sent twice", duplicates),
    figure("storm: sessions that the broker lost", lostSessions),
    ...accountFigures("storm", accounts),
  ];
}

/** Resolves to the seconds until the broker retains that all scanners are online. */
async function untilOnline(port: number, scanners: number): Promise<number> {
  const startMs = performance.now();
  await using late = await Subscriber.open(port, "ble/status/+");
  const online = () => {
    const latest = new Map(late.messages.map(({ topic, payload }) => [topic, payload]));
    return [...latest.values()].filter((payload) => payload.startsWith('{"status":"online"')).length;
  };
  await waitFor(() => online() === scanners, "statuses", BACK_TIMEOUT_MS).catch((error) => {
    throw new Error(`${error.message}, ${online()} say online`);
  });
  return (performance.now() - startMs) / 1_000;
}

/** What became of the messages of all scanners. */
function accountFigures(when: string, accounts: readonly Account[]): Figure[] {
  const each = (name: string, of: (account: Account) => number) => figure(`${when}: ${name}`, sum(accounts.map(of)));
  return [
    figure(`${when}: scanners that told their counts`, accounts.length),
    each("reports heard", ({ received }) => received),
    each("messages published", ({ published }) => published),
    each("messages arrived", ({ arrived }) => arrived),
    each(LOST, ({ published, arrived }) => Math.max(0, published - arrived)),
    each("dropped and counted", ({ dropped }) => dropped),
    each("scanners that dropped any", ({ dropped }) => dropped > 0 ? 1 : 0),
  ];
}

const numbers = { scanners: 1_000, rate: 20, qos: 1 };
const { subjects: [subject], seconds, out, ...size } = readOptions({ seconds: 60, rounds: 1 }, ["mosquitto"], numbers);
if (subject === undefined) throw new Error("Cannot measure: no program");
await using _unpacked = await prepare([subject]);
const figures = (["scanners", "rate", "qos"] as const).map((name) => figure(name, size[name]));
try {
  figures.push(...await measureSteady(subject, size, seconds));
  figures.push(...await measureStorm(subject, size));
} finally {
  await report("fleet", figures, out);
}
if (size.qos === 1) holdTo(figures, LOST, "at most", 0);
