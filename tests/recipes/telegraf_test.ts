import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { statsJsonSchema } from "../../src/status/schema.ts";
import { run, testWith } from "../support/programs.ts";

const RECIPE = fileURLToPath(new URL("../../config/recipes/telegraf/bt-scanner.conf", import.meta.url));

/** Of `mqtt_consumer` and its data format `json`, and of every plugin, as Telegraf 1.33 documents them. */
const OPTIONS = [
  ...["servers", "username", "password", "tls_ca", "topics", "topic_tag"],
  ...["data_format", "tag_keys", "json_string_fields", "json_time_key", "json_time_format"],
  "name_override",
];

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Whether Telegraf makes fields of it: of a number one, of an object of numbers one each, with both names. */
function areNumbers({ type = "", properties = {} }: Schema = {}): boolean {
  if (type === "object") return Object.values(properties).every((each) => areNumbers(each));
  return type === "number" || type === "integer";
}

/** Telegraf itself is in neither Debian nor npm. */
testWith(["python3"], "the Telegraf recipe is TOML with options that exist, and fits the statistics", async () => {
  const script = "import json, sys, tomllib; print(json.dumps(tomllib.load(open(sys.argv[1], 'rb'))))";
  const { inputs: { mqtt_consumer: [recipe, ...more] } } = JSON.parse(await run("python3", "-c", script, RECIPE));
  assert.deepEqual(more, []);
  assert.deepEqual(Object.keys(recipe).filter((option) => !OPTIONS.includes(option)), []);
  const { properties = {} } = statsJsonSchema() as Schema;
  const numbers = Object.keys(properties).filter((key) => areNumbers(properties[key]));
  const told = [...recipe.tag_keys, ...recipe.json_string_fields, recipe.json_time_key, ...numbers];
  // Each key of the statistics becomes something, and nothing is named that they do not have.
  assert.deepEqual(told.sort(), Object.keys(properties).sort());
  assert.equal(recipe.data_format, "json");
  // Go's way to write RFC 3339, whose fractions of a second are read without being named.
  assert.equal(recipe.json_time_format, "2006-01-02T15:04:05Z07:00");
});
