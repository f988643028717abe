import { connectAsync } from "mqtt";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { adStructure, legacyReportsPacket } from "../../src/hci/mod.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { Program } from "../support/program.ts";
import { recordingOf } from "../support/recording.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

const FLOW = new URL("../../config/recipes/node-red/bt-scanner.json", import.meta.url);
const RUNNER = fileURLToPath(new URL("node_red.js", import.meta.url));

/** Company 0x0499 and what follows it: the test vectors that Ruuvi publishes for data format 5. */
const VALID = "99040512fc5394c37c0004fffc040cac364200cdcbb8334c884f";
const NOTHING_MEASURED = "9904058000ffffffff800080008000ffffffffffffffffffffff";
/** Cut short, too long, of another format, of another company. */
const OTHERS = [VALID.slice(0, -2), `${VALID}00`, VALID.replace("990405", "990403"), VALID.replace("9904", "9905")];

/** Node-RED as a process, with the recipe's flow and this broker. */
class NodeRed implements AsyncDisposable {
  private constructor(private readonly process: Deno.ChildProcess, private readonly folder: TemporaryFolder) {}

  static async start(port: number): Promise<NodeRed> {
    const folder = await TemporaryFolder.make();
    const flow = (await Deno.readTextFile(FLOW)).replace('"localhost"', '"127.0.0.1"').replace('"1883"', `"${port}"`);
    await Deno.writeTextFile(`${folder.path}/flows.json`, flow);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--node-modules-dir=manual", RUNNER, folder.path],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new NodeRed(process, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.status;
    await this.folder[Symbol.asyncDispose]();
  }
}

function hexBytes(hex: string): number[] {
  return (hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
}

/** A report of the device with this last byte in its address. */
function ruuviPacket(manufacturerData: string, device: number): Uint8Array {
  return legacyReportsPacket({
    eventType: 3,
    addressType: 1,
    address: Uint8Array.of(device, 0, 0, 0, 0, 0xc0),
    data: adStructure(0xff, hexBytes(manufacturerData)),
    rssiDbm: -60,
  });
}

/** What is no report at all, on the topic of one. */
async function publishRubbish(port: number): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  for (const payload of ["", "rubbish", "null", "[]", '{"manufacturer_data":[]}', '{"manufacturer_data":{"9904":5}}']) {
    await client.publishAsync("ble/raw/s1/rubbish", payload, { qos: 1 });
  }
  await client.endAsync();
}

mosquittoTest(
  "the Node-RED recipe decodes what RuuviTags measure, and tells of each scanner that is not fine",
  async () => {
    await using folder = await TemporaryFolder.make();
    const packets = [VALID, NOTHING_MEASURED, ...OTHERS].map(ruuviPacket);
    const recording = await folder.write("ruuvi.btsnoop", recordingOf(packets));
    await using broker = await Mosquitto.start();
    await using watching = await Subscriber.open(broker.port, "ble/decoded/#", "ble/alerts/#");
    await using program = Program.agent(broker.port, "--replay", recording, "--replay-loop");
    await using _nodeRed = await NodeRed.start(broker.port);
    const topics = ["ble/decoded/s1/C0:00:00:00:00:00", "ble/decoded/s1/C0:00:00:00:00:01"];
    await waitFor(() => topics.every((topic) => watching.payloads(topic).length > 1), "decoded messages", 60_000);
    await publishRubbish(broker.port);
    const seenSoFar = watching.messages.length;
    const again = () => watching.messages.slice(seenSoFar).filter(({ topic }) => topics.includes(topic)).length > 2;
    await waitFor(again, "decoded messages after rubbish");
    const lastWord = () => watching.payloads("ble/alerts/s1").at(-1);
    await waitFor(() => lastWord() === "s1 is fine", "the word that the scanner is fine");
    program.kill("SIGKILL");
    await waitFor(() => lastWord() === "s1 is offline: connection lost", "the word about its end");

    const [measured, nothing] = topics.map((topic) => JSON.parse(watching.payloads(topic)[0] ?? ""));
    const { timestamp, ...values } = measured;
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.deepEqual(values, {
      temperature_c: 24.3,
      humidity_percent: 53.49,
      pressure_pa: 100_044,
      battery_v: 2.977,
      rssi: -60,
    });
    const missing = ["temperature_c", "humidity_percent", "pressure_pa", "battery_v"].map((key) => nothing[key]);
    assert.deepEqual(missing, [null, null, null, null]);
    const seen = new Set(watching.messages.map(({ topic }) => topic));
    assert.deepEqual(seen, new Set([...topics, "ble/alerts/s1"]), "what is none of a RuuviTag is left alone");
  },
);
