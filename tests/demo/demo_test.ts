import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GIVE_UP_MS = 60_000;

/** Reads `stream` until it says `wanted`, or ends. */
async function readUntil(reader: ReadableStreamDefaultReader<string>, wanted: RegExp): Promise<string> {
  let text = "";
  while (!wanted.test(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return text;
}

test("the demo shows messages until SIGINT, ends the agent cleanly and says so", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tests/demo/demo.ts"],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGTERM"), GIVE_UP_MS);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  const start = await readUntil(reader, /^\d+ s: [1-9]\d* messages of [1-9]\d* devices/m);
  assert.match(start, /^ble\/raw\/demo\/[0-9A-F:]{17}\n\{\n {2}"scanner_id": "demo",/m);
  child.kill("SIGINT");
  const end = await readUntil(reader, /exit code .*\n/);
  const { code } = await child.status;
  clearTimeout(timer);

  assert.match(end, /[1-9]\d* messages of [1-9]\d* devices; the agent ended with exit code 0\n$/);
  assert.equal(code, 0);
});
