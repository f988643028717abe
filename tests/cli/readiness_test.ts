import assert from "node:assert/strict";
import { readiness } from "../../src/cli/doctor/readiness.ts";
import { systemClock } from "../../src/time/mod.ts";
import { freePort } from "../support/free_port.ts";
import { readAll, ScriptedBroker } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";

const { signal } = new AbortController();

test("readiness() is what /readyz answers, also of one that listens everywhere", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    return new Response("not scanning: none\nnot connected\n", { status: 503 });
  });
  const answered = { kind: "answered", code: 503, text: "not scanning: none; not connected" };
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    assert.deepEqual(await readiness(`${host}:${server.addr.port}`, systemClock, signal), answered);
  }
  assert.deepEqual(asked, ["/readyz", "/readyz"]);
});

test("readiness() tells that an address is free, is another machine's, or belongs to a program that answers nothing", async () => {
  assert.deepEqual(await readiness(`127.0.0.1:${freePort()}`, systemClock, signal), { kind: "free" });
  const { kind } = await readiness("192.0.2.1:9464", systemClock, signal);
  assert.equal(kind, "unavailable");
  await using silent = new ScriptedBroker(async (connection) => void await readAll(connection));
  assert.match(JSON.stringify(await readiness(`127.0.0.1:${silent.port}`, systemClock, signal)), /another program/);
});
