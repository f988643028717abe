import assert from "node:assert/strict";
import fc from "fast-check";
import { ExpectError, parseExpected, readExpected } from "../../src/cli/fleet/expect.ts";
import { renderDetail } from "../../src/cli/fleet/detail.ts";
import { filterBy, sortBy } from "../../src/cli/fleet/order.ts";
import { renderJson, renderReport } from "../../src/cli/fleet/report.ts";
import { type Survey, survey } from "../../src/cli/fleet/survey.ts";
import { renderFleet } from "../../src/cli/fleet/table.ts";
import { displayWidth } from "../../src/text/mod.ts";
import { test } from "../support/test.ts";
import { FleetRig, someStats, someStatus } from "./fleet_support.ts";

const FILTERS = ["ble/status/#", "ble/stats/#"];
/** Anything a terminal obeys or hides. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/u;

function look(rig: FleetRig, ...expected: string[]): Survey {
  return survey(rig.fleet, rig.moment, {
    expected: expected.length === 0 ? null : new Set(expected),
    filters: FILTERS,
  });
}

function ids({ scanners }: Survey): string[] {
  return scanners.map(({ id }) => id);
}

test("Fleet names what is no scanner's, takes none of it, and keeps what it knows", () => {
  const rig = new FleetRig();
  rig.status();
  const s1 = "ble/status/s1";
  const told: (readonly [topic: string, payload: string | Uint8Array | null, why: RegExp])[] = [
    [s1, "hello", /^no status of a scanner$/],
    [s1, "null", /^no status of a scanner$/],
    [s1, Uint8Array.of(0x22, 0xff, 0x22), /^no status of a scanner$/],
    [s1, JSON.stringify({ ...someStatus(), status: "well" }), /^no status of a scanner$/],
    [s1, JSON.stringify({ ...someStatus(), hostname: 7 }), /^no status of a scanner$/],
    [s1, JSON.stringify({ ...someStatus(), since: "yesterday" }), /^no status of a scanner$/],
    [s1, JSON.stringify(someStats()), /^no status of a scanner$/],
    [s1, JSON.stringify(someStatus({ scanner_id: "s2" })), /^it says to be of s2$/],
    [s1, null, /^more than 16384 bytes/],
    ["ble/stats/s1", JSON.stringify(someStatus()), /^no statistics of a scanner$/],
    ["ble/stats/s1", '{"scanner_id":"s1","uptime_s":1e999,"received":1}', /^no statistics of a scanner$/],
    ["ble/status/", JSON.stringify(someStatus({ scanner_id: "" })), /^this is no topic of a scanner/],
    [`ble/status/${"x".repeat(65)}`, "{}", /^this is no topic of a scanner/],
    ["ble/status/\u001b[2J", "{}", /^this is no topic of a scanner/],
  ];
  for (const [topic, payload, why] of told) {
    const rig = new FleetRig();
    rig.status();
    const before = [...rig.fleet.scanners];
    if (payload === null) rig.take({ topic, payload, isRetained: true });
    else rig.publish(topic, payload);
    assert.deepEqual([...rig.fleet.scanners], before, topic);
    assert.equal(rig.fleet.foreign.length, 1, topic);
    assert.match(rig.fleet.foreign[0]?.why ?? "", why);
  }
  rig.publish(s1, "hello");
  rig.status();
  assert.deepEqual(rig.fleet.foreign, []); // it is a scanner's again
  rig.publish("elsewhere/s1", "hello");
  assert.deepEqual(rig.fleet.foreign, []);
});

test("Fleet keeps as many scanners and names as there is room for", () => {
  const rig = new FleetRig();
  for (let i = 0; i < 10_050; i++) rig.status({ scanner_id: `s${i}` });
  for (let i = 0; i < 500; i++) rig.publish(`ble/status/no scanner ${"x".repeat(1_000)}${i}`, "");
  assert.equal(rig.fleet.scanners.size, 10_000);
  assert.equal(rig.fleet.foreign.length, 100);
  assert.ok(rig.fleet.foreign.every(({ topic }) => topic.length <= 200));
  const { notes } = look(rig);
  assert.ok(notes.length <= 8);
  assert.match(notes.join("\n"), /50 messages of more than 10000 scanners were left out/);
  rig.status({ scanner_id: "s1", reason: "those that are known go on" });
  assert.equal(rig.fleet.scanners.get("s1")?.status?.reason, "those that are known go on");
});

test("Fleet takes messages of other versions, with keys that are missing here or there", () => {
  const rig = new FleetRig();
  rig.publish("ble/status/s1", '{"status":"online","scanner_id":"s1","labels":{"room":"kitchen"}}');
  rig.publish("ble/stats/s1", '{"scanner_id":"s1","uptime_s":5,"received":7,"dropped_rate_cap":3}');
  const seen = look(rig);
  assert.deepEqual([seen.wrong, seen.scanners[0]?.verdict.state], [0, "scanning"]);
  assert.equal(renderFleet(seen.scanners, seen.moment, 80).length, 2);
});

test("Fleet finds the scanner where RabbitMQ has made a slash of the dot in its id", () => {
  const rig = new FleetRig();
  rig.publish("ble/status/room/1", JSON.stringify(someStatus({ scanner_id: "room.1" })));
  assert.deepEqual(ids(look(rig)), ["room.1"]);
});

test("Fleet forgets a scanner whose retained status is cleared", () => {
  const rig = new FleetRig();
  rig.status({}, true);
  rig.publish("ble/status/s1", "");
  assert.deepEqual(ids(look(rig)), []);
});

test("survey() has the worst first, and sorts ids as people do", () => {
  const rig = new FleetRig();
  for (const scanner_id of ["pi-10", "pi-9", "pi-2"]) rig.status({ scanner_id });
  rig.status({ scanner_id: "pi-3", scanning: false, reason: "no adapter" });
  rig.status({ scanner_id: "pi-4", status: "offline", reason: "stopped" }, true);
  rig.status({ scanner_id: "pi-5", warning: "another client has this identifier" });
  const seen = look(rig, "pi-2", "pi-4", "pi-7");
  assert.deepEqual(ids(seen), ["pi-7", "pi-4", "pi-3", "pi-5", "pi-9", "pi-10", "pi-2"]);
  assert.equal(seen.wrong, 4);
  assert.deepEqual(seen.scanners[0]?.verdict.wrong, ["never appeared at this broker"]);
  assert.deepEqual(seen.scanners[4]?.verdict.remarks, ["not expected"]);
});

test("survey() holds nothing against who was not heard yet, unless the broker gave what it had kept", async () => {
  const told = (rig: FleetRig) => {
    const { wrong, scanners: [first] } = look(rig, "s1", "s2");
    return [wrong, first?.id, first?.verdict.state, first?.verdict.wrong.join(), first?.verdict.remarks.join()];
  };
  const keeping = new FleetRig();
  keeping.status({}, true);
  const proven = [1, "s2", "missing", "never appeared at this broker", ""];
  assert.deepEqual(told(keeping), proven);
  const other = new FleetRig();
  other.status();
  await other.clock.advance(95_000);
  other.status();
  assert.deepEqual(told(other), [0, "s2", "missing", "", "not heard yet"]);
  await other.clock.advance(1);
  assert.deepEqual(told(other), proven);
});

test("survey() says what could be the matter where nothing arrives", async () => {
  const rig = new FleetRig();
  assert.deepEqual(look(rig).problems, ["nothing has arrived yet"]);
  await rig.clock.advance(96_000);
  assert.deepEqual(look(rig).problems, [
    "nothing has arrived: no scanner publishes here, the topics are others (--config), or allow this user to read " +
    "ble/status/# and ble/stats/# in the broker's access list",
  ]);
});

test("survey() names a refused subscription, and what it may be that no status came that was kept", async () => {
  const rig = new FleetRig(false);
  rig.subscribed(["ble/stats/#"]);
  rig.status();
  assert.deepEqual(look(rig).problems, [
    "the broker refuses ble/stats/#: allow this user to read ble/stats/# in the broker's access list",
  ]);
  assert.deepEqual(look(rig).notes, []);
  await rig.clock.advance(3_000);
  assert.match(
    look(rig).notes.join(),
    /^the broker gave no status that it had kept: it may have just started, or be .*RabbitMQ/,
  );
  rig.status({ scanner_id: "s2" }, true);
  assert.deepEqual(look(rig).notes, []);
});

test("renderFleet() has every column where there is room, and the words of what is wrong to 80", async () => {
  const rig = new FleetRig();
  rig.status({ scanner_id: "pi-2" });
  rig.stats({
    scanner_id: "pi-2",
    uptime_s: 1,
    dropped_offline: 12,
    dropped_backpressure: 3_000,
    received_per_s: 1_234,
  });
  rig.status({ status: "offline", scanning: false, reason: "connection lost", adapter: null, since: null });
  await rig.clock.advance(3_000);
  const { scanners, moment } = look(rig);
  const table = (width: number) => renderFleet(scanners, moment, width).join("\n");
  assert.equal(
    table(200),
    `ID    STATE         SINCE  HOST        ADAPTER  HEARD  DEVICES  RATE/S  DROPPED                        VERSION  WHAT IS WRONG
s1    offline          3s  pi-kitchen              3s                                                  1.2.3    connection lost
pi-2  scanning        90m  pi-kitchen  hci0        3s       50    1234  offline 12, backpressure 3000  1.2.3`,
  );
  assert.equal(
    table(80),
    `ID    STATE         SINCE  HEARD  DEVICES  RATE/S  WHAT IS WRONG
s1    offline          3s     3s                   connection lost
pi-2  scanning        90m     3s       50    1234`,
  );
  assert.equal(
    table(48),
    `ID    STATE         WHAT IS WRONG
s1    offline       connection lost
pi-2  scanning`,
  );
});

test("sortBy() and filterBy() do what they say, those last of which nothing is known", () => {
  const rig = new FleetRig();
  rig.status({ scanner_id: "a" }, true);
  rig.status({ scanner_id: "a", hostname: "pi-10", version: "1.10.0" });
  rig.stats({ scanner_id: "a", devices: 5, received_per_s: 1, dropped_offline: 9 });
  rig.status({ scanner_id: "b", hostname: "pi-9", version: "1.9.0", last_heard_at: "2026-01-11T10:00:00.000Z" });
  rig.stats({ scanner_id: "b", devices: 7, received_per_s: 2 });
  const { scanners, moment } = look(rig, "a", "b", "c");
  const sorted = (order: string) => sortBy(order, scanners, moment).map(({ id }) => id).join("");
  assert.deepEqual(
    ["worst", "id", "host", "heard, longest ago first", "devices", "rate", "dropped", "version"].map(sorted),
    ["cab", "abc", "bac", "bac", "bac", "bac", "abc", "bac"],
  );
  const left = (text: string) => filterBy(text, scanners).map(({ id }) => id).join("");
  assert.deepEqual(["", "PI-9", "never", "1.10", "nothing"].map(left), ["cab", "b", "c", "a", ""]);
});

test("renderDetail() tells everything of one scanner", async () => {
  const rig = new FleetRig();
  rig.status({ warning: "another client has this identifier" });
  rig.stats({ uptime_s: 60, received: 1_000 });
  await rig.clock.advance(60_000);
  rig.stats({ uptime_s: 120, received: 1_800 });
  const { scanners: [scanner], moment } = look(rig);
  assert.ok(scanner);
  const lines = renderDetail(scanner, moment);
  assert.equal(lines[0], "s1: scanning for 91m");
  assert.equal(lines[1], "! another client has this identifier");
  for (
    const line of [
      /^ {2}host +pi-kitchen$/,
      /^ {2}labels +room=kitchen, floor=2$/,
      /^ {2}run +r-1$/,
      /^ {2}configuration +0123456789abcdef$/,
      /^ {2}adapter +hci0, B8:27:EB:00:00:01, extended$/,
      /^ {2}last heard +60s ago, 2026-01-11T10:30:45.123Z$/,
      /^ {2}status +60s ago; told every 60 s$/,
      /^ {2}received +1800 \(\+800 within 60s\)$/,
      /^ {2}memory +60 MiB resident, 8 MiB heap$/,
    ]
  ) assert.ok(lines.some((each) => line.test(each)), `${line} in ${lines.join("\n")}`);
});

test("renderReport() says first how all is, for those who read one line", () => {
  const rig = new FleetRig();
  rig.status({}, true);
  rig.status();
  rig.stats();
  assert.equal(renderReport(look(rig), "mqtt://broker:1883", 80)[0], "1 scanner at mqtt://broker:1883: all well");
  assert.equal(renderReport(look(rig, "s2", "s1"), "b", 80)[0], "2 scanners at b: 1 with something wrong");
  assert.deepEqual(renderReport(look(new FleetRig()), "b", 80), ["No scanner at b", "", "nothing has arrived yet"]);
});

test("renderJson() has what the table has, and all that the scanner said", async () => {
  const rig = new FleetRig();
  rig.status({}, true);
  rig.status();
  rig.stats({ dropped_offline: 4 });
  await rig.clock.advance(2_000);
  const { scanners, ...all } = JSON.parse(renderJson(look(rig, "s1", "s2"), "mqtt://b:1883", false));
  const timestamp = "2026-01-11T10:30:47.123Z";
  assert.deepEqual(all, { timestamp, broker: "mqtt://b:1883", well: false, listened_s: 2, problems: [], notes: [] });
  assert.deepEqual(scanners[0], {
    scanner_id: "s2",
    state: "missing",
    for_s: null,
    wrong: ["never appeared at this broker"],
    remarks: [],
    heard_from_s_ago: null,
    dropped: null,
    status: null,
    stats: null,
  });
  assert.deepEqual(scanners[1].dropped, { offline: 4, backpressure: 0, "rate limit": 0, unacknowledged: 0 });
  assert.deepEqual(scanners[1].status, someStatus());
  assert.equal(scanners[1].heard_from_s_ago, 2);
});

/** Payloads as an attacker chooses them: broken, of other kinds, or with words in place of words. */
const hostileText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\x1b[2J\x1b]0;x\x07", "\r\n\u202e", "\u0301\u0301\u0301", "x".repeat(9_000), "__proto__", "名前"),
);
const hostilePayload = fc.oneof(
  fc.uint8Array(),
  hostileText,
  fc.json(),
  fc.record({
    ...Object.fromEntries(
      [
        "reason",
        "warning",
        "hostname",
        "boot_id",
        "run_id",
        "config_digest",
        "version",
        "adapter",
        "adapter_address",
        "broker_address",
      ]
        .map((key) => [key, fc.option(hostileText)]),
    ),
    labels: fc.oneof(fc.dictionary(hostileText, hostileText), fc.json()),
    interval_s: fc.oneof(fc.double(), fc.constant(60)),
    scanning: fc.boolean(),
    extended: fc.option(fc.boolean()),
    status: fc.constantFrom("online", "offline"),
  }, { requiredKeys: ["status"] }).map((words) => JSON.stringify({ scanner_id: "s1", ...words })),
  fc.dictionary(fc.constantFrom(...Object.keys(someStats())), fc.oneof(fc.double(), fc.maxSafeInteger(), hostileText))
    .map((counts) => JSON.stringify({ ...someStats(), ...counts, scanner_id: "s1" })),
);

test("a fleet survives whatever is published, and shows nothing of it that a terminal obeys or hides", () => {
  const topic = fc.oneof(
    fc.constantFrom("ble/status/s1", "ble/stats/s1"),
    hostileText.map((text) => `ble/status/${text}`),
  );
  const message = fc.tuple(topic, hostilePayload, fc.boolean());
  fc.assert(fc.property(fc.array(message, { maxLength: 20 }), fc.nat(200), (messages, width) => {
    const rig = new FleetRig();
    for (const [topic, payload, isRetained] of messages) rig.publish(topic, payload, isRetained);
    const seen = look(rig, "s1");
    for (const line of renderFleet(seen.scanners, seen.moment, width)) {
      assert.doesNotMatch(line, HARMFUL);
      assert.ok(displayWidth(line) <= width, line);
    }
    const lines = [
      ...renderReport(seen, "b", Infinity),
      ...seen.scanners.flatMap((each) => renderDetail(each, seen.moment)),
      renderJson(seen, "b", false),
    ];
    for (const line of lines) assert.doesNotMatch(line, HARMFUL);
    assert.ok(JSON.parse(renderJson(seen, "b", false)).scanners.length >= 1);
  }));
});

test("parseExpected() reads ids, one a line, and names every line that is none", () => {
  assert.deepEqual([...parseExpected("\ufeffpi-1 # kitchen\r\n\n# attic\n  pi_2.b\npi-1\n", "f")], ["pi-1", "pi_2.b"]);
  assert.throws(() => parseExpected("ok\npi 1\npi/2\n\x1b\n", "hosts"), {
    name: "ExpectError",
    message: 'hosts:2: "pi 1" is no id of a scanner\nhosts:3: "pi/2" is no id of a scanner\n' +
      'hosts:4: "\\u001b" is no id of a scanner\nOne id a line: 1 to 64 of A-Z a-z 0-9 . _ -',
  });
  assert.throws(() => parseExpected("# nobody\n", "hosts"), /^ExpectError: hosts: names no scanner/);
  assert.throws(() => parseExpected("?\n".repeat(1_000), "hosts"), /… and 990 more lines/);
});

test("readExpected() says which file cannot be read", async () => {
  const failing = () => Promise.reject(new Deno.errors.NotFound("no such file"));
  await assert.rejects(
    readExpected("hosts", failing),
    new ExpectError("Cannot read hosts: no such file; check --expect"),
  );
});
