import fc from "fast-check";
import assert from "node:assert/strict";
import type { Fate } from "../../src/agent/counters.ts";
import { type ConnectionState, type ScanState, Vitals } from "../../src/agent/mod.ts";
import { type Device, deviceId, devicePayload, discoveryTopic } from "../../src/home_assistant/mod.ts";
import { StatsReporter, StatusReporter, statusWill } from "../../src/status/mod.ts";
import { statsSchema, statusSchema } from "../../src/status/status_schema.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakePublisher } from "../support/fake_publisher.ts";
import { testWith } from "../support/programs.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";
import { JINJA, render } from "./render.ts";
import { type Component, deviceDiscovery, DISCOVERY_TOPIC } from "./schema.ts";

const DEVICE: Device = {
  scannerId: "s1",
  version: "1.2.3",
  statusTopic: "ble/status/s1",
  statsTopic: "ble/stats/s1",
  statsIntervalS: 60,
};

/** The components that are there, by key, of a message that Home Assistant would take. */
function componentsOf(device: Partial<Device> = {}): Map<string, Component> {
  const { cmps } = deviceDiscovery.parse(JSON.parse(devicePayload({ ...DEVICE, ...device })));
  return new Map(Object.entries(cmps).flatMap(([key, cmp]) => "val_tpl" in cmp ? [[key, cmp] as const] : []));
}

/** Identifiers as the configuration allows them, of few characters so that they come close to each other. */
const scannerIds = fc.string({
  unit: fc.constantFrom("a", "2", "e", "5", "f", ".", "_", "-"),
  minLength: 1,
  maxLength: 64,
});

test("devicePayload() is what Home Assistant's schemas allow, with a sensor for all that there is to see", () => {
  assert.deepEqual([...componentsOf().keys()], [
    "connected",
    "scanning",
    "last_heard",
    "adapter",
    "version",
    "devices",
    "reports",
    "messages",
    "dropped",
  ]);
});

test("devicePayload() has what reads the statistics removed where there are none", () => {
  const { cmps } = deviceDiscovery.parse(JSON.parse(devicePayload({ ...DEVICE, statsTopic: null })));
  assert.deepEqual(Object.entries(cmps).filter(([, cmp]) => Object.keys(cmp).length === 1), [
    ["devices", { p: "sensor" }],
    ["reports", { p: "sensor" }],
    ["messages", { p: "sensor" }],
    ["dropped", { p: "sensor" }],
  ]);
});

test("devicePayload() lets statistics expire after three intervals, in whole seconds", () => {
  const expiries = [...componentsOf({ statsIntervalS: 1.5 }).values()].map(({ exp_aft }) => exp_aft);
  assert.deepEqual(expiries, [...Array(5).fill(undefined), ...Array(4).fill(5)]);
});

test("discoveryTopic() is one that Home Assistant reads, and says the id where that has no dot", () => {
  assert.equal(discoveryTopic("homeassistant", "scanner_01"), "homeassistant/device/bt-scanner_scanner_01/config");
  assert.equal(discoveryTopic("ha", "pi_2.attic"), "ha/device/bt-scanner-pi_5f2_2eattic/config");
  fc.assert(fc.property(scannerIds, (id) => DISCOVERY_TOPIC.test(discoveryTopic("homeassistant", id))));
});

test("no two scanners share a topic, a device or an entity", () => {
  const namesOf = (scannerId: string) => [
    deviceId(scannerId),
    discoveryTopic("homeassistant", scannerId),
    ...[...componentsOf({ scannerId }).values()].map(({ uniq_id }) => uniq_id),
  ];
  fc.assert(fc.property(scannerIds, scannerIds, (one, other) => {
    fc.pre(one !== other);
    const names = [...namesOf(one), ...namesOf(other)];
    // Topic, identifier and each entity are names of kinds of their own.
    assert.equal(new Set(names).size, names.length);
  }));
  for (const [one, other] of [["a.b", "a_2eb"], ["a.b", "a_b"], [".", "_2e"], ["a", "a_last"]] as const) {
    assert.equal(new Set([...namesOf(one), ...namesOf(other)]).size, 2 * namesOf(one).length);
  }
});

test("no template has anything of the configuration in it: Home Assistant evaluates them", () => {
  const templatesOf = (device: Partial<Device>) =>
    [...componentsOf(device).values()].flatMap(({ val_tpl, json_attr_tpl, avty = [] }) => [
      val_tpl,
      json_attr_tpl,
      ...avty.map((availability) => availability.val_tpl),
    ]);
  const hostile = "{{ cycler.__init__.__globals__ }}";
  const device = { scannerId: hostile, version: hostile, statusTopic: hostile, statsTopic: hostile };
  assert.deepEqual(templatesOf(device), templatesOf({}));
});

const ONLINE: ConnectionState = { kind: "online", sinceMs: 0, broker: "broker:1883", address: "192.0.2.7" };
const SCAN = { adapter: "hci0", adapterAddress: null, extended: true } as const;
const SCANNING: ScanState = { kind: "scanning", mode: "active", ...SCAN };

/** The messages of an agent to which this happens: the last of each kind, and the will. */
async function messagesOf(happen: (vitals: Vitals, clock: FakeClock) => Promise<void> | void) {
  const clock = new FakeClock();
  const publisher = new FakePublisher();
  const log = new RecordingLog();
  const vitals = new Vitals({ clock, missed: () => 0, log });
  const options = {
    scannerId: "s1",
    version: "1.2.3",
    topic: "ble/status/s1",
    intervalS: 60,
    hostname: null,
    bootId: null,
    runId: "r1",
    labels: {},
    configDigest: "d1",
  };
  const memory = () => ({ heapBytes: 1, rssBytes: 2 });
  const stats = { scannerId: "s1", topic: "ble/stats/s1", maxInFlight: null };
  using _ = new StatsReporter(stats, { vitals, publisher, memory, clock, log });
  using __ = new StatusReporter(options, { vitals, publisher, clock });
  vitals.setConnection(ONLINE);
  await happen(vitals, clock);
  const last = (topic: string) => publisher.announced.findLast((message) => message.topic === topic)?.payload;
  return { status: last("ble/status/s1"), stats: last("ble/stats/s1"), will: statusWill(options, vitals)?.payload };
}

/** What Home Assistant shows of some components after a message: a state each, as it reads what the template makes. */
async function statesAfter(payload: string | undefined, keys: readonly string[]): Promise<Record<string, string>> {
  const components = componentsOf();
  const chosen = keys.map((key) => [key, components.get(key)] as const);
  const rendered = await render(chosen.map(([, cmp]) => [cmp?.val_tpl ?? "", payload ?? ""]));
  return Object.fromEntries(chosen.map(([key, cmp], i) => [key, stateOf(cmp, rendered[i] ?? "")]));
}

function stateOf(component: Component | undefined, text: string): string {
  if (text === "None") return "unknown";
  if (component?.p === "binary_sensor") {
    if (text === (component.pl_on ?? "ON")) return "on";
    if (text === (component.pl_off ?? "OFF")) return "off";
    throw new Error(`neither on nor off: ${text}`);
  }
  if (component?.stat_cla !== undefined) assert.match(text, /^\d+(\.\d+)?$/);
  if (component?.dev_cla === "timestamp") assert.equal(new Date(text).toISOString(), text);
  assert.ok(text.length > 0 && text.length <= 255, `not a state: ${text}`);
  return text;
}

const STATUS_KEYS = ["connected", "scanning", "last_heard", "adapter", "version"];

/** What can be true of a scanner, and what Home Assistant shows of its status then. */
const SITUATIONS: readonly {
  readonly name: string;
  readonly happen: (vitals: Vitals, clock: FakeClock) => Promise<void> | void;
  readonly states: readonly string[];
  readonly reason: string | null;
}[] = [
  {
    name: "before the first scan",
    happen: () => {},
    states: ["on", "off", "unknown", "unknown", "1.2.3"],
    reason: "starting",
  },
  {
    name: "while it scans",
    happen: async (vitals, clock) => {
      vitals.setScan(SCANNING);
      await clock.advance(2_000);
      vitals.heard();
      vitals.endInterval();
    },
    states: ["on", "on", "2026-01-11T10:30:47.123Z", "hci0", "1.2.3"],
    reason: null,
  },
  {
    name: "when nothing is heard any more",
    happen: (vitals) => vitals.setScan({ kind: "silent", silentMs: 60_000, ...SCAN }),
    states: ["on", "off", "unknown", "hci0", "1.2.3"],
    reason: "nothing heard for 60 s: nothing advertises nearby, or the controller is stuck",
  },
  {
    name: "when the adapter is gone",
    happen: (vitals) => {
      vitals.setScan(SCANNING);
      vitals.setScan({ kind: "stopped", reason: `<"hci0"> & 'gone'` });
    },
    states: ["on", "off", "unknown", "unknown", "1.2.3"],
    reason: `<"hci0"> & 'gone'`,
  },
  {
    name: "after its end",
    happen: (vitals) => {
      vitals.setScan(SCANNING);
      vitals.end("stopped");
    },
    states: ["off", "off", "unknown", "unknown", "1.2.3"],
    reason: "stopped",
  },
];

testWith([JINJA], "Home Assistant's template engine makes the right states of every status", async (t) => {
  const components = STATUS_KEYS.map((key) => componentsOf().get(key));
  const templates = [...components.map((component) => component?.val_tpl), components[1]?.json_attr_tpl];
  const statuses = await Promise.all(SITUATIONS.map(async ({ happen }) => (await messagesOf(happen)).status ?? ""));
  const rendered = await render(
    statuses.flatMap((status) => templates.map((template = "") => [template, status] as const)),
  );
  for (const [i, { name, states, reason }] of SITUATIONS.entries()) {
    await t.step(name, () => {
      const { since } = statusSchema.parse(JSON.parse(statuses[i] ?? ""));
      const texts = rendered.slice(i * templates.length, (i + 1) * templates.length);
      const attributes = texts.pop() ?? "";
      assert.deepEqual(texts.map((text, at) => stateOf(components[at], text)), states);
      assert.deepEqual(JSON.parse(attributes), { reason, since, warning: null });
    });
  }
});

testWith(
  [JINJA],
  "Home Assistant's template engine says offline of the will, and that connectivity is known",
  async () => {
    const { will, status } = await messagesOf(() => {});
    assert.deepEqual(await statesAfter(will, ["connected", "scanning", "version"]), {
      connected: "off",
      scanning: "off",
      version: "1.2.3",
    });
    const { avty } = deviceDiscovery.parse(JSON.parse(devicePayload(DEVICE)));
    const ofAll = avty[0]?.val_tpl ?? "";
    const ofConnected = componentsOf().get("connected")?.avty?.[0]?.val_tpl ?? "";
    assert.deepEqual(await render([[ofAll, will ?? ""], [ofAll, status ?? ""], [ofConnected, will ?? ""]]), [
      "offline",
      "online",
      "online",
    ]);
  },
);

testWith(
  [JINJA],
  "Home Assistant's template engine makes numbers of the statistics, and a sum of all kinds of drops",
  async () => {
    const { stats } = await messagesOf(async (vitals, clock) => {
      const { counter } = vitals;
      const drops = Object.keys(vitals.counters).filter((key) => key.startsWith("dropped")) as Fate[];
      for (let i = 0; i < 90; i++) counter.received();
      for (const fate of ["published" as const, ...drops]) for (let i = 0; i < 15; i++) counter.ended(fate);
      await clock.advance(60_000);
      vitals.endInterval();
    });
    const message: Record<string, unknown> = { ...statsSchema.parse(JSON.parse(stats ?? "")) };
    const dropped = Object.keys(message).filter((key) => key.startsWith("dropped_"));
    assert.deepEqual(await statesAfter(stats, ["devices", "reports", "messages", "dropped"]), {
      devices: "0",
      reports: "1.5",
      messages: "0.3",
      dropped: String(dropped.reduce((sum, key) => sum + Number(message[key]), 0)),
    });
  },
);
