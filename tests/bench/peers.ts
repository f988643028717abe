/**
 * `deno task bench:peers [--rounds N] [--seconds N] [--limit RATIO] [--out FILE] [NAME=COMMAND …]`: messages a second of a
 * recording at maximum speed, against peers that publish the same messages, ready-made; and how long a message takes to a
 * subscriber. `--rounds` is of the first, `--seconds` the length of each measurement of the second; 0 leaves it out.
 * With a limit, QoS 0 alone is measured: it fails where the ratio to plain mqtt.js is less.
 *
 * @module
 */
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { measureLatency } from "./measuring/latency.ts";
import { readOptions } from "./measuring/options.ts";
import { holdTo, report } from "./measuring/result.ts";
import { prepare } from "./measuring/running.ts";
import { AGAINST_MQTT_JS, measureThroughput } from "./measuring/throughput.ts";

const MESSAGES = 100_000;

const programs = ["mosquitto", "mosquitto_pub", "mosquitto_sub"];
const { subjects, rounds, seconds, limit, out } = readOptions({ rounds: 5, seconds: 60 }, programs);
await using _unpacked = await prepare(subjects);
await using folder = await TemporaryFolder.make();
const qos = limit === null ? [0, 1] as const : [0] as const;
const figures = [
  ...rounds > 0 ? await measureThroughput(subjects, { folder: folder.path, count: MESSAGES, rounds, qos }) : [],
  ...seconds > 0 ? await measureLatency(subjects, folder.path, seconds) : [],
];
await report("peers", figures, out);
holdTo(figures, AGAINST_MQTT_JS, "at least", limit);
