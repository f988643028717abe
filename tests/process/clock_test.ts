import assert from "node:assert/strict";
import { Mosquitto } from "../support/mosquitto.ts";
import { agentArgs, Program } from "../support/program.ts";
import { testWith } from "../support/programs.ts";
import { Subscriber } from "../support/subscriber.ts";
import { waitFor } from "../support/wait_for.ts";

const ENV = { BT_SCANNER_STATS_INTERVAL_S: "1", BT_SCANNER_MQTT_CLIENT_KEEP_ALIVE: "5" };
const SIMULATE = ["--source", "simulate", "--simulate-devices", "20", "--simulate-rate", "50"];
const HOUR_S = 3_600;

/** A time of day for one program, to be set while it runs. Its monotonic clock goes on, as the kernel's does. */
class TimeOfDay implements AsyncDisposable {
  private constructor(private readonly file: string) {}

  static async start(): Promise<TimeOfDay> {
    const time = new TimeOfDay(await Deno.makeTempFile({ prefix: "bt-scanner-time-" }));
    await time.set("+0");
    return time;
  }

  /** Sets it so far from the real one, as in `+10y`. */
  set(offset: string): Promise<void> {
    return Deno.writeTextFile(this.file, offset);
  }

  /** What a program is started through to live by it. */
  get wrapper(): string[] {
    return [
      "env",
      "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1",
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
      `FAKETIME_TIMESTAMP_FILE=${this.file}`,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.file);
  }
}

testWith(["mosquitto", "faketime"], "run does not mind that its clock is set by years, forth and back", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/raw/s1/+");
  await using time = await TimeOfDay.start();
  await using program = new Program(agentArgs(broker.port, ...SIMULATE), ENV, time.wrapper);
  const year = () => new Date(JSON.parse(subscriber.payloads().at(-1) ?? "{}").timestamp).getFullYear();
  const statistics = () => program.log.filter(({ event }) => event === "statistics");
  const thisYear = new Date().getFullYear();
  for (const years of [0, 10, -20, 0]) {
    await time.set(`${years < 0 ? "" : "+"}${years}y`);
    await waitFor(() => Math.abs(year() - thisYear - years) <= 1, `messages of ${thisYear + years}`);
    const from = statistics().length;
    await waitFor(() => statistics().length >= from + 3, "statistics as before");
  }
  for (const { fields: { interval_s, uptime_s } } of statistics()) {
    assert.ok(Number(interval_s) > 0 && Number(interval_s) < HOUR_S, String(interval_s));
    assert.ok(Number(uptime_s) > 0 && Number(uptime_s) < HOUR_S, String(uptime_s));
  }
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  assert.deepEqual(program.log.filter(({ level }) => level !== "info"), []);
});
