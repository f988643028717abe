import assert from "node:assert/strict";
import { posix } from "node:path";
import { messageSchema } from "../../src/advertisement/message_schema.ts";
import { listConfigKeys, loadConfig } from "../../src/config/mod.ts";
import { FINDING_IDS } from "../../src/cli/doctor/finding.ts";
import { devicePayload } from "../../src/home_assistant/mod.ts";
import { statsJsonSchema, statusJsonSchema } from "../../src/status/schema.ts";
import { statsSchema, statusSchema } from "../../src/status/status_schema.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { test } from "../support/test.ts";
import { configurationReference, REFERENCE } from "./configuration_reference.ts";
import { anchors, type Block, blocks, type Document, document, documents, links, table } from "./markdown.ts";
import { drawPicture, PICTURE } from "./scan_picture.ts";

const README = document("README.md");
const MAX_README_LINES = 174;
const MAX_COLUMNS = 120;

test("README is short, and no line of it is longer than a terminal is wide", () => {
  const lines = README.text.trimEnd().split("\n");
  assert.ok(lines.length <= MAX_README_LINES, `${lines.length} lines`);
  assert.deepEqual(lines.filter((line) => [...line].length > MAX_COLUMNS), []);
});

test("README's picture is what the program shows now (else: deno task picture)", async () => {
  assert.equal(await Deno.readTextFile(PICTURE), await drawPicture());
});

test("README's picture needs nothing from elsewhere", () => {
  const picture = Deno.readTextFileSync(PICTURE).replace('xmlns="http://www.w3.org/2000/svg"', "");
  assert.doesNotMatch(picture, /https?:|href|url\(|@import|<script|<image|<foreignObject/);
});

test("the documents' messages follow the schema and have the seven keys in order", () => {
  const messages = examples("");
  assert.ok(messages.length >= 2);
  for (const { text } of messages) {
    const keys = Object.keys(messageSchema.parse(JSON.parse(text)));
    assert.deepEqual(keys, [
      "scanner_id",
      "mac_address",
      "rssi",
      "timestamp",
      "manufacturer_data",
      "service_uuids",
      "local_name",
    ]);
  }
});

test("the documents' status has all fields, in the order in which they are published", () => {
  const found = examples("status");
  assert.ok(found.length >= 1);
  for (const { text } of found) {
    assert.deepEqual(Object.keys(statusSchema.parse(JSON.parse(text))), propertiesOf(statusJsonSchema()));
  }
});

test("the documents' statistics have all fields, and in them every report is accounted for", () => {
  const found = examples("stats");
  assert.ok(found.length >= 1);
  for (const { text } of found) {
    const stats = statsSchema.parse(JSON.parse(text));
    assert.deepEqual(Object.keys(stats), propertiesOf(statsJsonSchema()));
    const { published, filtered, invalid, in_flight } = stats;
    const dropped = Object.entries(stats).filter(([key]) => key.startsWith("dropped_"));
    const lost = dropped.reduce((sum, [, count]) => sum + Number(count), 0);
    assert.equal(stats.received, published + lost + filtered + invalid + in_flight);
    assert.equal(filtered, Object.values(stats.filtered_by).reduce((sum, count) => sum + count, 0));
  }
});

test("the documents' description for Home Assistant is a part of the one that is published", () => {
  const found = examples("discovery");
  assert.ok(found.length >= 1);
  for (const { text } of found) {
    const { cmps: shown, ...around } = JSON.parse(text);
    const { cmps, ...published } = JSON.parse(devicePayload({
      scannerId: "scanner-01",
      version: "0.1.0",
      statusTopic: "ble/status/scanner-01",
      statsTopic: "ble/stats/scanner-01",
      statsIntervalS: 60,
    }));
    assert.deepEqual(around, published);
    for (const [name, component] of Object.entries(shown)) assert.deepEqual(component, cmps[name]);
  }
});

test("every example in JSON is one of something that is published", () => {
  const marks = documents().flatMap((document) => blocks(document, "json")).map(({ mark }) => mark);
  assert.deepEqual(marks.filter((mark) => !["", "status", "stats", "discovery"].includes(mark)), []);
});

test("the documents' configurations have no problems", async () => {
  const files = documents().flatMap((document) => blocks(document, "yaml"));
  assert.ok(files.length >= 3);
  for (const { path, text } of files) {
    const { warnings } = await loadConfig({
      flags: { adapter: "hci1" }, // as bt-scanner@hci1.service says
      env: text.includes("scanner:") ? {} : { BT_SCANNER_SCANNER_ID: "scanner-01" },
      file: path,
      readTextFile: () => Promise.resolve(text.replaceAll("{host}", "pi-kitchen")), // by scripts/deploy
      hostname: () => "pi-kitchen",
    });
    assert.deepEqual(warnings, [], path);
  }
});

test("the configuration reference is what the schema and the reload say now (else: deno task reference)", async () => {
  assert.equal(await Deno.readTextFile(REFERENCE), configurationReference());
});

test("the configuration reference has every key once, and all that the example file says of it", async () => {
  const page = await Deno.readTextFile(REFERENCE);
  for (const { path, expects } of listConfigKeys()) {
    const rows = page.split("\n").filter((line) => line.startsWith(`| \`${path}\` `));
    assert.equal(rows.length, 1, path);
    assert.ok(rows[0]?.replaceAll("\\", "").includes(`Expects ${expects}.`), path);
    assert.match(rows[0] ?? "", /\| (live|reconnect|rescan|restart) +\|$/, path);
  }
});

test("the documents' tasks exist", () => {
  const tasks = documents().flatMap(({ text }) =>
    [...text.matchAll(/deno(?:@[\d.]+)? task ([a-z:-]+)/g)].map(([, task = ""]) => task)
  );
  assert.ok(tasks.length >= 20);
  assert.deepEqual(tasks.filter((task) => !(task in denoJson.tasks)), []);
});

test("CONTRIBUTING names every task", () => {
  const { text } = document("CONTRIBUTING.md");
  assert.deepEqual(Object.keys(denoJson.tasks).filter((task) => !text.includes(` task ${task}`)), []);
});

test("the documents' links lead to files and headings that exist", () => {
  const all = documents();
  const dead = all.flatMap((from) =>
    links(from).filter((link) => !/^https?:/.test(link)).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? from.path : posix.join(posix.dirname(from.path), path);
      const to = all.find((document) => document.path === target);
      if (to === undefined) return !exists(target);
      return anchor !== undefined && !anchors(to).includes(anchor);
    }).map((link) => `${from.path}: ${link}`)
  );
  assert.deepEqual(dead, []);
});

test("every page is linked from README", () => {
  const linked = new Set(links(README));
  const pages = documents().map(({ path }) => path).filter((path) => /^(docs\/[^/]+|[A-Z]+)\.md$/.test(path));
  assert.deepEqual(pages.filter((path) => !linked.has(path) && !["README.md", "CHANGELOG.md"].includes(path)), []);
});

test("the tests and sources that documents name exist", () => {
  const named = documents().filter(({ path }) => path !== "CHANGELOG.md" && !path.startsWith("docs/adr/")).flatMap((
    { path, text },
  ) =>
    [...text.matchAll(/\b((?:src|tests|scripts|config)\/[\w./@-]*\w)(?![\w./-]*…)/g)].map(([, file = ""]) => ({
      path,
      file,
    }))
  );
  assert.ok(named.length > 80);
  assert.deepEqual(named.filter(({ file }) => !exists(file)), []);
});

test("README's figures are those of the pages that measure them", () => {
  const figures = (page: Document, heading: string): Record<string, string | undefined> =>
    Object.fromEntries(table(page, heading).map(({ what = "", measured }) => [what, measured]));
  const told = figures(README, "## What has been measured, and what has not");
  const [, broker = "", adapter = ""] = document("docs/reliability.md").text.split(/^### Measured$/m);
  const faults = rows(broker).filter(({ allowed }) => seconds(allowed) <= 10);
  const slowest = (rows: Record<string, string>[]) =>
    Math.max(...rows.flatMap((row) => [row["back after: least"], row["median"], row["most"]].map(seconds))).toFixed(1);
  const measured = {
    ...figures(document("docs/performance.md"), "## Measured"),
    [`messages flow again after broker, network or name server are back (${faults.length} faults)`]: `at most ${
      slowest(faults)
    } s`,
    "messages flow again after the adapter is back or answers again": `at most ${slowest(rows(adapter))} s`,
  };
  assert.ok(Object.keys(told).length >= 5);
  assert.deepEqual(told, Object.fromEntries(Object.keys(told).map((what) => [what, measured[what]])));
});

/** The documents' examples of one kind of message. */
function examples(kind: string): Block[] {
  return documents().flatMap((document) => blocks(document, "json")).filter(({ mark }) => mark === kind);
}

function propertiesOf({ properties }: Record<string, unknown>): string[] {
  return Object.keys(properties ?? {});
}

function rows(text: string): Record<string, string>[] {
  return table({ path: "docs/reliability.md", text: `\n## here\n${text}` }, "## here");
}

/** `8.5 s` as a number; what is no such figure counts for nothing. */
function seconds(figure = ""): number {
  return Number(/^([\d.]+) s$/.exec(figure)?.[1] ?? 0);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(`../../${path}`, import.meta.url));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

test("each finding of doctor has its line in docs/commands.md", () => {
  const ids = table(document("docs/commands.md"), "### Findings").map(({ "`id`": id }) => id);
  assert.deepEqual(ids, FINDING_IDS.map((id) => `\`${id}\``));
});
