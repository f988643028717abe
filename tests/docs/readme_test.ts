import assert from "node:assert/strict";
import { messageSchema } from "../../src/advertisement/message_schema.ts";
import { loadConfig } from "../../src/config/mod.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { test } from "../support/test.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(([, text = ""]) => text);
}

test("the README's message follows the schema and has the seven keys in order", () => {
  const [message = ""] = blocks("json");
  const keys = Object.keys(messageSchema.parse(JSON.parse(message)));
  assert.deepEqual(keys, [
    "scanner_id",
    "mac_address",
    "rssi",
    "timestamp",
    "manufacturer_data",
    "service_uuids",
    "local_name",
  ]);
});

test("the README's configuration is valid", async () => {
  for (const text of blocks("yaml")) {
    const { config, warnings } = await loadConfig({
      flags: {},
      env: {},
      file: "README.yaml",
      readTextFile: () => Promise.resolve(text),
      hostname: () => null,
    });
    assert.equal(config.scanner.id, "scanner-01");
    assert.deepEqual(warnings, []);
  }
});

test("the README's tasks exist", () => {
  const tasks = [...readme.matchAll(/deno(?:@[\d.]+)? task ([a-z:-]+)/g)].map(([, task = ""]) => task);
  assert.ok(tasks.length >= 5);
  assert.deepEqual(tasks.filter((task) => !(task in denoJson.tasks)), []);
});

test("the README's links to files lead somewhere", async () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)].map(([, link = ""]) => link);
  assert.ok(links.length > 0);
  for (const link of links) await Deno.stat(new URL(`../../${link}`, import.meta.url));
});
