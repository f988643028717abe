import { writeMessages, writeRecording } from "./air.ts";
import { agent, type Case, CLIENT_ID, type Contender, peers } from "./contenders.ts";
import type { Subject } from "./options.ts";
import { type Figure, median } from "./result.ts";
import { Sessions } from "./sessions.ts";

/** How the figure ends that has a limit. */
export const AGAINST_MQTT_JS = "QoS 0: against plain mqtt.js";

/** One contender in one of its ways. */
interface Run {
  readonly contender: Contender;
  readonly how: Case;
  /** Messages a second, round by round. */
  readonly rates: number[];
}

/**
 * Messages a second into Mosquitto, from a recording at maximum speed, and of peers that are given the messages ready-made,
 * in turn, and in the other order each second round; of all rounds the median, of the rate and of the ratio to each peer in
 * the same round.
 *
 * @param count of messages, each time
 */
export async function measureThroughput(
  subjects: readonly Subject[],
  { folder, count, rounds, qos }: {
    readonly folder: string;
    readonly count: number;
    readonly rounds: number;
    readonly qos: readonly (0 | 1)[];
  },
): Promise<Figure[]> {
  const [recording, messages] = [`${folder}/max.btsnoop`, `${folder}/messages`];
  writeRecording(recording, { reports: count, reportsPerS: 1_000, devices: 100, newAddressesPerS: 0 });
  writeMessages(messages, count);
  const runsOf = (contender: Contender): Run[] =>
    contender.cases.filter((how) => qos.includes(how.qos)).map((how) => ({ contender, how, rates: [] }));
  const ours = subjects.flatMap((subject) => runsOf(agent(subject, recording)));
  const theirs = (await peers(messages)).flatMap(runsOf);
  await using sessions = await Sessions.start();
  for (let round = 0; round < rounds; round++) {
    const inTurn = [...ours, ...theirs];
    for (const { contender, how, rates } of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      const seconds = await sessions.time(CLIENT_ID, contender.start(sessions.port, how));
      rates.push(count / seconds);
    }
  }
  return [...[...ours, ...theirs].map(rate), ...ours.flatMap((run) => ratios(run, theirs))];
}

function rate(run: Run): Figure {
  return { name: nameOf(run), value: median(run.rates), unit: "messages/s" };
}

function ratios(run: Run, theirs: readonly Run[]): Figure[] {
  return theirs.filter(({ how }) => how.qos === run.how.qos).map(({ contender, rates }) => ({
    name: `${nameOf(run)}: against ${contender.name}`,
    value: median(run.rates.map((rate, round) => rate / (rates[round] ?? NaN))),
    unit: "",
  }));
}

function nameOf({ contender, how }: Run): string {
  return `${contender.name}, ${how.name}`;
}
