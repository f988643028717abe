import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { checkBroker, type MqttOptions } from "../../src/mqtt/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { decodePackets, decodePublishes } from "../support/mqtt_packets.ts";
import { mqttOptions, type Publishing, startPublishing } from "../support/publishing.ts";
import { answering, CONNACK, readAll, ScriptedBroker, serving } from "../support/scripted_broker.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { test } from "../support/test.ts";
import { UnansweringListener } from "../support/unanswering_listener.ts";
import { waitFor } from "../support/wait_for.ts";

/** Attempts follow each other at once. */
const AT_ONCE: Partial<MqttOptions> = { reconnect: { initialDelayMs: 0, maxDelayMs: 0, exponential: false } };

const failures = ({ log }: Publishing) => log.of("broker connection failed");
const waitForFailure = (publishing: Publishing) => waitFor(() => failures(publishing).length > 0, "a failure");

/** How many sockets this process has open. */
function openSockets(): number {
  let sockets = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) sockets++;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // the folder's own descriptor
    }
  }
  return sockets;
}

for (const [code, level] of [[1, "error"], [2, "error"], [3, "warning"], [4, "error"], [5, "error"]] as const) {
  test(`MqttPublisher says why the broker refused with code ${code}, and what to do, and backs off`, async () => {
    await using broker = new ScriptedBroker(answering(Uint8Array.of(0x20, 0x02, 0x00, code)));
    await using publishing = startPublishing(broker.port);
    await waitForFailure(publishing);
    const [record] = failures(publishing);
    equal(record?.level, level);
    match(String(record?.fields.reason), new RegExp(`broker refused the connection: .* \\(${code}\\)`));
    ok(record?.fields.remedy);
    await waitFor(() => broker.accepted > 2, "further attempts");
    equal(publishing.publish("x"), "offline");
  });
}

test("MqttPublisher takes a broker that never answers for unresponsive after the connect timeout", async () => {
  await using broker = new ScriptedBroker((connection) => readAll(connection).then(() => {}));
  await using publishing = startPublishing(broker.port, { connectTimeoutMs: 100 });
  await waitFor(() => broker.accepted > 2, "further attempts");
  const [first, ...others] = failures(publishing);
  match(String(first?.fields.reason), /did not answer within [1-9]\d* ms/); // longer where connecting took long
  equal(first?.level, "warning");
  ok(others.every(({ level }) => level === "debug"));
});

test("MqttPublisher takes a host that does not answer at all for unreachable after the connect timeout", async () => {
  await using listener = await UnansweringListener.open();
  await using publishing = startPublishing(listener.port, { connectTimeoutMs: 100 });
  await waitFor(() => failures(publishing).length > 1, "two failures");
  match(String(failures(publishing)[0]?.fields.reason), /no TCP connection within 100 ms/);
});

test("MqttPublisher survives a broker that accepts and closes at once", async () => {
  await using broker = new ScriptedBroker(() => Promise.resolve());
  await using publishing = startPublishing(broker.port, AT_ONCE);
  await waitFor(() => broker.accepted > 20, "further attempts");
  await waitForFailure(publishing);
  ok(failures(publishing).every(({ fields }) => /closed|reset/.test(String(fields.reason))));
});

test("MqttPublisher backs off from a broker that accepts the session and drops it", async () => {
  await using broker = new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(1_024));
    await connection.write(CONNACK);
  });
  const clock = new FakeClock();
  await using publishing = startPublishing(broker.port, {
    reconnect: { initialDelayMs: 1_000, maxDelayMs: 60_000, exponential: true },
  }, { clock, random: () => 0.99 }); // the longest waits, before which no probe is due
  for (const failure of [1, 2, 3, 4]) {
    await waitFor(() => publishing.state.kind === "waiting", "the wait");
    const { state } = publishing;
    ok(state.kind === "waiting" && state.failures === failure && state.retryInMs >= 500 * 2 ** (failure - 1));
    equal(broker.accepted, failure);
    await clock.advance(state.retryInMs);
    await waitFor(() => broker.accepted > failure, "the next attempt");
  }
});

test("MqttPublisher leaves no socket, timer or listener behind after 50 connections", async () => {
  await using broker = new ScriptedBroker(answering(CONNACK));
  const before = openSockets();
  let online = 0;
  {
    await using publishing = startPublishing(broker.port, AT_ONCE, {}, () => online++);
    for (let connection = 1; connection <= 50; connection++) {
      await waitFor(() => online === connection, "the connection");
      publishing.publish("x");
      ok(openSockets() <= before + 6, `${openSockets() - before} sockets at connection ${connection}`);
      broker.closeAll();
    }
    ok(publishing.log.records.every(({ event }) => event.startsWith("broker")));
  }
  await waitFor(() => openSockets() === before, "all sockets to be closed");
});

test("MqttPublisher.ready() leaves no listener on the signal, however often it is asked", async () => {
  const counts = { added: 0, removed: 0 };
  const controller = new AbortController();
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => (counts.added++, add(...args)),
    removeEventListener: (...args: Parameters<typeof remove>) => (counts.removed++, remove(...args)),
  });
  await using broker = new ScriptedBroker(answering(CONNACK));
  await using publishing = startPublishing(broker.port);
  await Promise.all(Array.from({ length: 100 }, () => publishing.publisher.ready(signal)));
  deepEqual(counts, { added: 100, removed: 100 });
});

test("MqttPublisher.ready() rejects with the signal's reason", async () => {
  await using publishing = startPublishing(freePort());
  const controller = new AbortController();
  const ready = publishing.publisher.ready(controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await rejects(ready, reason);
  await rejects(publishing.publisher.ready(controller.signal), reason);
});

test("MqttPublisher publishes what onOnline announces before anything else, on every connection", async () => {
  const received: Uint8Array[] = [];
  await using broker = new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(1_024));
    await connection.write(CONNACK);
    const bytes = new Uint8Array(65_536);
    received.push(bytes.slice(0, await connection.read(bytes) ?? 0));
  });
  await using publishing = startPublishing(
    broker.port,
    AT_ONCE,
    {},
    (publisher) => publisher.announce("status", "online", { retain: true }),
  );
  while (received.length < 3) {
    await publishing.ready();
    publishing.publish("report");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const bytes of received) {
    deepEqual(decodePublishes(bytes)[0], { ...decodePublishes(bytes)[0], topic: "status", payload: "online", qos: 1 });
  }
});

test("MqttPublisher puts its options into CONNECT", async () => {
  const connect = Promise.withResolvers<Uint8Array>();
  await using broker = new ScriptedBroker(async (connection) => {
    const bytes = new Uint8Array(1_024);
    connect.resolve(bytes.slice(0, await connection.read(bytes) ?? 0));
  });
  await using _publishing = startPublishing(broker.port, {
    clientId: "me",
    username: "user",
    password: () => Promise.resolve(Uint8Array.of(0xff, 0x00)),
    cleanSession: false,
    keepAliveS: 258,
    will: { topic: "w", payload: "off", retain: true },
  });
  const [packet] = decodePackets(await connect.promise);
  deepEqual([...packet?.body ?? []], [
    ...[0, 4, 0x4d, 0x51, 0x54, 0x54, 4], // MQTT, level 4
    0b1110_1100, // user name, password, will: retained, QoS 1; no clean session
    ...[1, 2], // keep alive
    ...[0, 2, 0x6d, 0x65], // me
    ...[0, 1, 0x77, 0, 3, 0x6f, 0x66, 0x66], // w, off
    ...[0, 4, 0x75, 0x73, 0x65, 0x72], // user
    ...[0, 2, 0xff, 0x00],
  ]);
});

test("MqttPublisher fetches the password again for each attempt", async () => {
  const passwords = ["old", "new"];
  const seen: string[] = [];
  await using broker = new ScriptedBroker(async (connection) => {
    const bytes = new Uint8Array(1_024);
    const connect = bytes.slice(0, await connection.read(bytes) ?? 0);
    seen.push(new TextDecoder().decode(connect.slice(-3)));
    await connection.write(seen.length === 1 ? Uint8Array.of(0x20, 2, 0, 5) : CONNACK);
    await readAll(connection);
  });
  await using publishing = startPublishing(broker.port, {
    username: "user",
    password: () => Promise.resolve(passwords[seen.length] ?? ""),
  });
  await publishing.ready();
  deepEqual(seen, ["old", "new"]);
});

test("MqttPublisher says which file it cannot use, and tries again", async () => {
  const tls = { caFile: null, certFile: null, keyFile: null, serverName: null, alpn: null, insecureSkipVerify: false };
  const cases: readonly (readonly [Partial<MqttOptions>, RegExp, RegExp])[] = [
    [{ password: () => Deno.readFile("/nonexistent") }, /cannot read the password: .*No such file/, /password_file/],
    [{ tls: { ...tls, caFile: "/nonexistent" } }, /cannot read \/nonexistent: .*No such file/, /tls\.ca_file/],
    [{ tls: { ...tls, caFile: "deno.json" } }, /deno\.json is not in PEM format/, /tls\.ca_file/],
    [{ tls: { ...tls, certFile: "deno.json" } }, /deno\.json is not in PEM format/, /tls\.cert_file/],
    [{ tls: { ...tls, keyFile: "deno.json" } }, /deno\.json is not in PEM format/, /tls\.key_file/],
  ];
  for (const [changes, reason, remedy] of cases) {
    await using publishing = startPublishing(freePort(), { username: "user", ...changes });
    await waitFor(() => failures(publishing).length > 1, "two failures");
    const [record] = failures(publishing);
    equal(record?.level, "error");
    match(String(record?.fields.reason), reason);
    match(String(record?.fields.remedy), remedy);
  }
});

test("MqttPublisher never logs a secret", async () => {
  await using broker = new ScriptedBroker(answering(Uint8Array.of(0x20, 0x02, 0x00, 0x04)));
  await using publishing = startPublishing(broker.port, { username: "user", password: "hunter2" });
  await waitFor(() => failures(publishing).length > 1, "failures");
  ok(!JSON.stringify(publishing.log.records).includes("hunter2"));
  equal(failures(publishing)[0]?.fields.cause, undefined);
});

test("MqttPublisher survives any bytes a broker may send", async () => {
  const junk = fc.uint8Array({ minLength: 1, maxLength: 64 });
  // Packets with a plausible head get past the first checks.
  const packet = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 }))
    .map(([first, body]) => Uint8Array.of(first, body.length, ...body));
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.oneof(junk, packet), { minLength: 1, maxLength: 8 }),
      async (hi, bytes) => {
        await using broker = new ScriptedBroker(async (connection) => {
          await connection.read(new Uint8Array(1_024));
          if (hi) await connection.write(CONNACK);
          for (const some of bytes) await connection.write(some);
        });
        await using publishing = startPublishing(broker.port, { ...AT_ONCE, qos: 1 });
        await waitFor(() => {
          publishing.publish("x");
          return broker.accepted > 2;
        }, "the next attempt");
      },
    ),
    { numRuns: 100 },
  );
});

for (const cleanSession of [true, false]) {
  const session = cleanSession ? "a clean" : "a kept";
  test(`MqttPublisher survives acknowledgements with rubbish behind them, with ${session} session`, async () => {
    await using broker = new ScriptedBroker(async (connection) => {
      await connection.read(new Uint8Array(1_024));
      await connection.write(CONNACK);
      const bytes = new Uint8Array(65_536);
      const published = decodePublishes(bytes.slice(0, await connection.read(bytes) ?? 0));
      const acknowledgements = published.flatMap(({ id }) => [0x40, 2, (id ?? 0) >> 8, (id ?? 0) & 0xff]);
      await connection.write(Uint8Array.of(...acknowledgements, 0x00, 0x00));
    });
    await using publishing = startPublishing(broker.port, { qos: 1, cleanSession });
    await publishing.ready();
    for (let index = 0; index < 100; index++) equal(publishing.publish("x"), "accepted");
    await waitFor(() => broker.accepted > 1, "the next attempt");
    equal(publishing.settled.length, 100);
  });
}

/** What a broker may be doing when the publisher is closed; each leaves it connected or not. */
const SITUATIONS: Record<string, (use: (port: number) => Promise<void>) => Promise<void>> = {
  "is absent": (use) => use(freePort()),
  "is switched off": async (use) => {
    await using listener = await UnansweringListener.open();
    await use(listener.port);
  },
  "has not answered": async (use) => {
    await using broker = new ScriptedBroker((connection) => readAll(connection).then(() => {}));
    await use(broker.port);
  },
  "refuses": async (use) => {
    await using broker = new ScriptedBroker(answering(Uint8Array.of(0x20, 0x02, 0x00, 0x05)));
    await use(broker.port);
  },
  "has stopped reading": async (use) => {
    const over = Promise.withResolvers<void>();
    await using broker = new ScriptedBroker(async (connection) => {
      await connection.read(new Uint8Array(1_024));
      await connection.write(CONNACK);
      await over.promise;
    });
    await use(broker.port);
    over.resolve();
  },
  "does not acknowledge": async (use) => {
    await using broker = new ScriptedBroker(answering(CONNACK));
    await use(broker.port);
  },
  "is behind a dead link": async (use) => {
    await using broker = new ScriptedBroker(answering(CONNACK));
    await using proxy = new TcpProxy(broker.port);
    const blocking = setTimeout(() => proxy.block(), 100);
    await use(proxy.port);
    clearTimeout(blocking);
  },
};

for (const [doing, situation] of Object.entries(SITUATIONS)) {
  for (const qos of [0, 1] as const) {
    test(`MqttPublisher is closed within 2.5 s though the broker ${doing}, at QoS ${qos}`, async () => {
      await situation(async (port) => {
        const clock = new FakeClock();
        const publishing = startPublishing(port, { qos, maxInFlight: 65_000, connectTimeoutMs: 60_000 }, { clock });
        const payload = "x".repeat(10_000);
        let accepted = 0;
        for (let turn = 0; turn < 100; turn++) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          for (let index = 0; index < 20; index++) if (publishing.publish(payload) === "accepted") accepted++;
        }
        publishing.publisher.announce("status", "offline", { retain: true });
        let closed = false;
        const closing = publishing[Symbol.asyncDispose]().then(() => closed = true);
        await clock.advance(2_000);
        // A goodbye that hangs is the only thing that takes longer.
        for (let turn = 0; turn < 50 && !closed; turn++) await clock.advance(10);
        await waitFor(() => closed, "the publisher to be closed");
        await closing;
        equal(publishing.settled.length, accepted);
        equal(publishing.publish("x"), "offline");
      });
    });
  }
}

test("MqttPublisher waits half a second for a broker that does not hang up after DISCONNECT", async () => {
  const over = Promise.withResolvers<void>();
  const received: number[] = [];
  await using broker = new ScriptedBroker(async (connection) => {
    const bytes = new Uint8Array(1_024);
    await connection.read(bytes);
    await connection.write(CONNACK);
    const read = await connection.read(bytes);
    received.push(...decodePackets(bytes.slice(0, read ?? 0)).map(({ type }) => type));
    await over.promise;
  });
  const clock = new FakeClock();
  const publishing = startPublishing(broker.port, {}, { clock });
  await publishing.ready();
  const closing = publishing[Symbol.asyncDispose]();
  await waitFor(() => received.length > 0, "DISCONNECT");
  deepEqual(received, [14]);
  await clock.advance(499);
  deepEqual(publishing.state, { kind: "closing" });
  await clock.advance(1);
  await waitFor(() => publishing.state.kind === "closed", "the end");
  await closing;
  over.resolve();
});

test("checkBroker() connects and disconnects, or says what is wrong", async () => {
  const parts = { clock: systemClock, readFile: Deno.readFile };
  const { signal } = new AbortController();
  const received = Promise.withResolvers<Uint8Array>();
  await using broker = new ScriptedBroker(async (connection) => {
    await connection.read(new Uint8Array(1_024));
    await connection.write(CONNACK);
    received.resolve(await readAll(connection));
  });
  await checkBroker(mqttOptions(broker.port), parts, signal);
  deepEqual(decodePackets(await received.promise).map(({ type }) => type), [14]);
  await rejects(checkBroker(mqttOptions(freePort()), parts, signal), {
    name: "ConnectionFailure",
    kind: "unreachable",
    remedy: /mqtt.broker.port/,
  });
  const reason = new Error("enough");
  await rejects(checkBroker(mqttOptions(broker.port), parts, AbortSignal.abort(reason)), reason);
});

test("MqttPublisher gives up an attempt whose files cannot be read in time", async () => {
  await using broker = new ScriptedBroker(answering(CONNACK));
  const clock = new FakeClock();
  const password = () => new Promise<never>(() => {});
  const publishing = startPublishing(broker.port, { username: "u", password }, { clock });
  await clock.advance(5_000);
  match(String(failures(publishing)[0]?.fields["reason"]), /reading the password and certificates took more than 5 s/);
  const closing = publishing[Symbol.asyncDispose]();
  await clock.advance(0);
  await closing;
  equal(broker.accepted, 0);
});

/** Leaves out fractions of a millisecond, as timers do: they end early by the machine's clock. */
class EarlyClock extends FakeClock {
  override sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(Math.max(1, Math.trunc(delayMs)), signal);
  }
}

test("MqttPublisher is ready again when the rate allows it, though the timer was a fraction early", async () => {
  await using broker = new ScriptedBroker(serving(() => true));
  const clock = new EarlyClock();
  await using publishing = startPublishing(broker.port, { maxRate: 1, keepAliveS: 0 }, { clock });
  await publishing.ready();
  equal(publishing.publish("x"), "accepted");
  await clock.advance(0.5);
  await Promise.all([publishing.ready(), clock.advance(2_000)]);
  equal(publishing.publish("y"), "accepted");
});

test("MqttPublisher is ready when the rate allows it where a connection was lost in the meantime", async () => {
  await using broker = new ScriptedBroker(serving(() => true));
  const clock = new FakeClock();
  await using publishing = startPublishing(broker.port, { ...AT_ONCE, maxRate: 1, keepAliveS: 0 }, { clock });
  await publishing.ready();
  equal(publishing.publish("x"), "accepted");
  const again = publishing.ready();
  broker.closeAll();
  await waitFor(async () => {
    await clock.advance(0);
    return publishing.log.of("broker connected").length === 2;
  }, "the next connection");
  await Promise.all([again, clock.advance(2_000)]);
  equal(publishing.publish("y"), "accepted");
});
