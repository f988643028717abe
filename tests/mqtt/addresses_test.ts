import { deepEqual, equal } from "node:assert/strict";
import { Addresses } from "../../src/mqtt/addresses.ts";
import { openNetworkConnection } from "../../src/mqtt/network_connection.ts";
import { systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { mqttOptions } from "../support/publishing.ts";
import { answering, CONNACK, ScriptedBroker } from "../support/scripted_broker.ts";
import { UnansweringListener } from "../support/unanswering_listener.ts";
import { test } from "../support/test.ts";

const found = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => ({ address, family: 4 }));

test("Addresses puts those last that failed, the latest failure last", async () => {
  const clock = new FakeClock();
  const addresses = new Addresses(clock);
  const order = () => addresses.inOrder(found).map(({ address }) => address.slice(-1)).join("");
  equal(order(), "123");
  for (const [failed, expected] of [["1", "231"], ["2", "312"], ["3", "123"], ["3", "123"], ["1", "231"]] as const) {
    addresses.failed(`192.0.2.${failed}`);
    equal(order(), expected, `after ${failed}`);
    await clock.advance(1);
  }
});

test("Addresses forgets those that the name does not have any more", () => {
  const addresses = new Addresses(new FakeClock());
  addresses.failed("192.0.2.1");
  addresses.inOrder(found.slice(1));
  deepEqual(addresses.inOrder(found), found);
});

test("Addresses passes on that a name does not resolve", async () => {
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  new Addresses(systemClock).lookup("nowhere.invalid", {}, resolve);
  equal((await promise as Error & { code: string }).code, "ENOTFOUND");
});

/** The address at which an attempt succeeds; null: it fails. */
async function connected(addresses: Addresses, port: number): Promise<string | null> {
  const options = mqttOptions(port, { host: "broker.example" });
  const parts = { clock: systemClock, readFile: Deno.readFile };
  const opened = await openNetworkConnection(options, parts, new AbortController().signal, 0, addresses).catch(() =>
    null
  );
  const address = opened?.address ?? null;
  await opened?.close(true);
  return address;
}

/** A name with these addresses. */
function named(...all: readonly string[]): Addresses {
  return new Addresses(
    systemClock,
    (_, __, callback) => callback(null, all.map((address) => ({ address, family: 4 }))),
  );
}

test("openNetworkConnection() passes over addresses of a name that refuse, and those that do not answer", async () => {
  await using silent = await UnansweringListener.open();
  await using broker = new ScriptedBroker(answering(CONNACK), { hostname: "127.0.0.3", port: silent.port });
  equal(await connected(named("127.0.0.2", "127.0.0.3"), broker.port), "127.0.0.3");
  equal(await connected(named("127.0.0.1", "127.0.0.3"), broker.port), "127.0.0.3");
  equal(await connected(named("127.0.0.2", "127.0.0.1", "127.0.0.3"), broker.port), "127.0.0.3");
});

test("openNetworkConnection() turns to a name's other addresses where MQTT fails at the first", async () => {
  await using closing = new ScriptedBroker(() => Promise.resolve());
  await using broker = new ScriptedBroker(answering(CONNACK), { hostname: "127.0.0.2", port: closing.port });
  const addresses = named("127.0.0.1", "127.0.0.2");
  equal(await connected(addresses, broker.port), null);
  equal(await connected(addresses, broker.port), "127.0.0.2");
});
