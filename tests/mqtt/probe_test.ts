import { equal } from "node:assert/strict";
import { probeBroker } from "../../src/mqtt/probe.ts";
import { systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { readAll, ScriptedBroker } from "../support/scripted_broker.ts";
import { test } from "../support/test.ts";
import { UnansweringListener } from "../support/unanswering_listener.ts";

const { signal } = new AbortController();

test("probeBroker() finds a broker that listens, sends nothing and hangs up", async () => {
  const received = Promise.withResolvers<Uint8Array>();
  await using broker = new ScriptedBroker(async (connection) => received.resolve(await readAll(connection)));
  equal(await probeBroker("127.0.0.1", broker.port, systemClock, signal), true);
  equal((await received.promise).length, 0);
});

test("probeBroker() finds nothing where nothing listens", async () => {
  equal(await probeBroker("127.0.0.1", freePort(), systemClock, signal), false);
});

test("probeBroker() gives up after 2.5 s without an answer", async () => {
  await using listener = await UnansweringListener.open();
  const clock = new FakeClock();
  const found = probeBroker("127.0.0.1", listener.port, clock, signal);
  await clock.advance(2_499);
  equal(clock.sleeping, 1);
  await clock.advance(1);
  equal(await found, false);
});

test("probeBroker() ends at once when it is told to", async () => {
  await using listener = await UnansweringListener.open();
  const controller = new AbortController();
  const clock = new FakeClock();
  const found = probeBroker("127.0.0.1", listener.port, clock, controller.signal);
  controller.abort();
  equal(await found, false);
  equal(clock.sleeping, 0);
});
