import assert from "node:assert/strict";
import { parse } from "yaml";
import { MessageEncoder } from "../../src/advertisement/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { blocks, document } from "../docs/markdown.ts";
import { testWith } from "../support/programs.ts";
import { JINJA, render } from "./render.ts";

/** A message of a device that sends this, by company. */
function message(manufacturerData: Readonly<Record<string, string>>): string {
  const encoder = new MessageEncoder({ scannerId: "s1", fields: "standard", runId: "r1" });
  const message = JSON.parse(encoder.encode(someAdvertisement({})));
  return JSON.stringify({ ...message, manufacturer_data: manufacturerData });
}

testWith(
  [JINJA],
  "the sensor of docs/home-assistant.md reads a RuuviTag's temperature, and nothing from others",
  async () => {
    const [block] = blocks(document("docs/home-assistant.md"), "").filter(({ text }) => text.startsWith("mqtt:"));
    const { mqtt: { sensor: [sensor] } } = parse(block?.text ?? "");
    const cases: readonly (readonly [manufacturerData: Record<string, string>, text: string])[] = [
      [{ "9904": "0512fc5394c37c0004fffc040cac364200cdcbb8334c884f" }, "24.3"],
      [{ "4c00": "0215", "9904": "05fc1853940000000000000000000000000000000000000000" }, "-5.0"],
      [{ "9904": "0312fc" }, ""], // an older format
      [{ "4c00": "0512fc" }, ""],
      [{}, ""],
    ];
    const texts = await render(cases.map(([data]) => [sensor.value_template, message(data)]));
    assert.deepEqual(texts, cases.map(([, text]) => text));
  },
);
