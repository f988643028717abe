import assert from "node:assert/strict";
import type { PageEvent } from "../../src/page/contract.ts";
import { freePort } from "../support/free_port.ts";
import { agentArgs, Program } from "../support/program.ts";
import { test } from "../support/test.ts";

/** The first event of a stream, as it is sent. */
async function firstEvent(url: string): Promise<PageEvent> {
  const { body } = await fetch(url);
  let text = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const [, data] = /^data: (.*)\n\n/m.exec(text) ?? [];
    if (data !== undefined) return JSON.parse(data);
  }
  throw new Error(`no event in ${text}`);
}

test("run serves its page with all that it names, whole for those who cannot unpack it, and tells it what is true", async () => {
  const port = freePort();
  const args = agentArgs(freePort(), "--source", "simulate");
  await using program = new Program(args, { BT_SCANNER_HTTP_LISTEN: `127.0.0.1:${port}` });
  await program.logged("http listening");
  await program.logged("broker connection failed");
  const base = `http://127.0.0.1:${port}/`;
  const page = await fetch(base);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'; script-src 'self';/);
  const html = await page.text();
  const named = [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, path = ""]) => path);
  assert.ok(named.length >= 6, `${named}`);
  for (const path of named) {
    const packed = await fetch(base + path, { headers: { "accept-encoding": "gzip" } });
    const plain = await fetch(base + path, { headers: { "accept-encoding": "identity" } });
    assert.equal(plain.headers.get("content-encoding"), null);
    if (path !== "readyz") assert.deepEqual([path, packed.status, plain.status], [path, 200, 200]);
    const [one, other] = [await packed.text(), await plain.text()];
    if (/\./.test(path)) assert.equal(one, other, path);
  }
  const event = await firstEvent(`${base}events`);
  assert.equal(event.isWhole, true);
  assert.equal(event.scanner.id, "s1");
  assert.match(event.broker.names.join(), /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(event.warnings.map((warning) => warning.event), ["broker connection failed"]);
  assert.equal((await program.end("SIGTERM")).code, 0);
});
