import assert from "node:assert/strict";
import { Vitals } from "../../src/agent/mod.ts";
import type { EventStream, HttpEvents, HttpRequest, ServerSentEvent } from "../../src/http/mod.ts";
import { RecentWarnings } from "../../src/log/mod.ts";
import type { PageEvent } from "../../src/page/contract.ts";
import { pageRoutes } from "../../src/page/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";
import { FACTS } from "./support.ts";

/** A reader that keeps what it is sent. */
class Reader implements EventStream {
  readonly #ended = new AbortController();
  readonly sent: ServerSentEvent[] = [];
  readonly signal = this.#ended.signal;
  isBehind = false;

  send(event: ServerSentEvent): void {
    this.sent.push(event);
  }

  leave(): void {
    this.#ended.abort();
  }

  get events(): PageEvent[] {
    return this.sent.map(({ data }) => JSON.parse(data));
  }

  get last(): PageEvent {
    const event = this.events.at(-1);
    if (event === undefined) throw new Error("nothing was sent");
    return event;
  }

  get lastId(): string {
    return this.sent.at(-1)?.id ?? "";
  }
}

/** What the page is made of, on a clock that stands still. */
class Played implements AsyncDisposable {
  readonly clock = new FakeClock(undefined, settlePromises);
  readonly log = new RecordingLog();
  readonly vitals = new Vitals({ clock: this.clock, missed: () => 3, log: this.log });
  readonly warnings = new RecentWarnings(this.clock);
  readonly #ended = new AbortController();
  readonly #routes = pageRoutes(() => FACTS, { ...this, random: () => 0.5 }, this.#ended.signal);

  async read(headers: Readonly<Record<string, string>> = {}, query = ""): Promise<Reader> {
    const handler = (await this.#routes)["/events"];
    const request: HttpRequest = {
      path: "/events",
      query: new URLSearchParams(query),
      header: (name) => headers[name] ?? null,
    };
    const reader = new Reader();
    (await handler?.(request) as HttpEvents).events(reader);
    return reader;
  }

  hears(address: string, rssiDbm = -60): void {
    this.vitals.heard();
    this.vitals.advertisementHeard(someAdvertisement({ address, rssiDbm }));
    this.vitals.counter.received();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.clock.advance(0);
    assert.equal(this.clock.sleeping, 0);
  }
}

test("a reader gets everything at once, and then each second what has changed", async () => {
  await using played = new Played();
  await played.clock.advance(20_000);
  using _ = played.warnings.keep();
  played.warnings.logged("error", "it broke", {});
  await played.clock.advance(100);
  const reader = await played.read();
  assert.equal(reader.last.isWhole, true);
  assert.deepEqual(reader.last.history.atMs, [10_000, 20_000]);
  assert.deepEqual(reader.last.warnings.map(({ event }) => event), ["it broke"]);
  assert.deepEqual([reader.last.scanner.id, reader.last.broker.names, reader.last.counts.missed], [
    "attic",
    ["broker.local:8883"],
    3,
  ]);
  await played.clock.advance(500);
  played.hears("AA:AA:AA:AA:AA:01");
  await played.clock.advance(500);
  assert.equal(reader.sent.length, 2);
  assert.equal(reader.last.isWhole, false);
  assert.deepEqual(reader.last.devices.map(({ address }) => address), ["AA:AA:AA:AA:AA:01"]);
  assert.deepEqual([reader.last.warnings, reader.last.history.atMs], [[], []]);
  await played.clock.advance(1_000);
  assert.deepEqual(reader.last.devices, []);
  await played.clock.advance(8_000);
  assert.deepEqual(reader.events.flatMap(({ history }) => history.atMs), [10_000, 20_000, 30_000]);
  reader.leave();
});

test("a reader that comes back is told what it has missed, wherever it says what it got last", async () => {
  await using played = new Played();
  const reader = await played.read();
  played.hears("AA:AA:AA:AA:AA:01");
  await played.clock.advance(1_000);
  reader.leave();
  await played.clock.advance(4_000);
  played.hears("AA:AA:AA:AA:AA:02");
  for (
    const again of [
      await played.read({ "last-event-id": reader.lastId }),
      await played.read({}, `since=${reader.lastId}`),
    ]
  ) {
    assert.equal(again.last.isWhole, false);
    assert.deepEqual(again.last.devices.map(({ address }) => address), ["AA:AA:AA:AA:AA:02"]);
    again.leave();
  }
});

test("a reader is told everything where it names an event of another run, of the future, or rubbish", async () => {
  await using played = new Played();
  const first = await played.read();
  played.hears("AA:AA:AA:AA:AA:01");
  await played.clock.advance(1_000);
  const [run = ""] = first.lastId.split("-");
  for (
    const id of ["", "-", "other-0", `${run}-`, `${run}--1`, `${run}-1e9`, `${run}-NaN`, run, "\0", "9".repeat(5_000)]
  ) {
    const reader = await played.read({ "last-event-id": id });
    assert.deepEqual([id, reader.last.isWhole, reader.last.devices.length], [id, true, 1]);
    reader.leave();
  }
  const early = await played.read({ "last-event-id": `${run}-999999999999` });
  await played.clock.advance(1_000);
  played.hears("AA:AA:AA:AA:AA:02");
  await played.clock.advance(1_000);
  assert.equal(early.last.devices.length, 1);
  early.leave();
  first.leave();
});

test("a reader that does not keep up gets less often what it then gets whole", async () => {
  await using played = new Played();
  const reader = await played.read();
  reader.isBehind = true;
  for (let second = 0; second < 60; second++) {
    played.hears(`AA:AA:AA:AA:AA:${10 + second}`);
    await played.clock.advance(1_000);
  }
  assert.equal(reader.sent.length, 1);
  reader.isBehind = false;
  await played.clock.advance(1_000);
  assert.equal(reader.sent.length, 2);
  assert.equal(reader.last.devices.length, 60);
  assert.equal(reader.last.history.atMs.length, 6);
  reader.leave();
});

test("devices are watched for as long as somebody reads, and half a minute longer", async () => {
  await using played = new Played();
  let watches = 0;
  const watch = played.vitals.watchDevices.bind(played.vitals);
  played.vitals.watchDevices = () => {
    watches++;
    const { devices, [Symbol.dispose]: end } = watch();
    return { devices, [Symbol.dispose]: () => (watches--, end()) };
  };
  assert.equal(watches, 0);
  const [one, other] = [await played.read(), await played.read()];
  assert.equal(watches, 1);
  await played.clock.advance(60_000);
  one.leave();
  other.leave();
  await played.clock.advance(29_000);
  assert.equal(watches, 1);
  await played.clock.advance(2_000);
  assert.equal(watches, 0);
  const again = await played.read();
  assert.equal(watches, 1);
  again.leave();
});

test("what is sent at a time is bounded, whatever is on the air", async () => {
  await using played = new Played();
  using _ = played.warnings.keep();
  for (let count = 0; count < 100; count++) {
    played.warnings.logged("warning", "w".repeat(50), { text: "\x1b".repeat(5_000) });
  }
  await played.clock.advance(2 * 3_600_000);
  const reader = await played.read();
  for (let device = 0; device < 3_000; device++) {
    played.vitals.advertisementHeard(someAdvertisement({
      address: device.toString(16).toUpperCase().padStart(12, "0").replace(/..(?!$)/g, "$&:"),
      rssiDbm: -30 - device % 90,
      localName: "\u202e".repeat(10_000),
      localNameComplete: true,
      serviceUuids: Array.from(
        { length: 20 },
        (_, service) =>
          `0000${device.toString(16).padStart(4, "0")}-0000-1000-8000-0080${service.toString(16).padStart(8, "0")}`,
      ),
      data: new Uint8Array(1_650),
    }));
  }
  await played.clock.advance(1_000);
  assert.equal(reader.last.devices.length, 250);
  assert.ok(reader.last.devices.every(({ rssiDbm }) => (rssiDbm ?? -999) >= -37), "not the strongest");
  const lengths = [await played.read(), reader].map(({ sent }) => sent.at(-1)?.data.length ?? 0);
  assert.ok(Math.max(...lengths) < 400_000, `${lengths}`);
  reader.leave();
});

test("the page says since when it is connected, or is not", async () => {
  await using played = new Played();
  const reader = await played.read();
  const shows = async () => {
    await played.clock.advance(1_000);
    const { kind, sinceMs, reason } = reader.last.broker;
    return { kind, sinceMs, reason };
  };
  assert.deepEqual(await shows(), { kind: "idle", sinceMs: 0, reason: null });
  played.vitals.setConnection({ kind: "online", sinceMs: 1_000, broker: "b:1", address: null });
  assert.deepEqual(await shows(), { kind: "online", sinceMs: 1_000, reason: null });
  played.vitals.setConnection({ kind: "waiting", reason: "refused\x1b", retryInMs: 1, failures: 1 });
  assert.deepEqual(await shows(), { kind: "waiting", sinceMs: 2_000, reason: "refused\\u001b" });
  played.vitals.setConnection({ kind: "connecting", attempt: 2 });
  assert.deepEqual(await shows(), { kind: "connecting", sinceMs: 2_000, reason: null });
  reader.leave();
});
