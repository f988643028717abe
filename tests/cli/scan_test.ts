import assert from "node:assert/strict";
import fc from "fast-check";
import { DeviceTable } from "../../src/agent/device_table.ts";
import { companyName, namedCompanies, namedServices, serviceName } from "../../src/assigned_numbers/mod.ts";
import { renderFrame } from "../../src/cli/scan/frame.ts";
import { printMessages, scan, type ScanIo } from "../../src/cli/scan/mod.ts";
import { knownSize, Screen, type TerminalSize } from "../../src/cli/live/screen.ts";
import { renderTable, sortDevices } from "../../src/cli/scan/table.ts";
import type { Terminal } from "../../src/cli/live/terminal.ts";
import { type Config, defaultConfig } from "../../src/config/mod.ts";
import { adStructure, legacyReportsPacket } from "../../src/hci/mod.ts";
import { displayWidth } from "../../src/text/mod.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { countingPackets, countingReport, recordingOf } from "../support/recording.ts";
import { testWith } from "../support/programs.ts";
import { test } from "../support/test.ts";
import { testHost } from "../support/test_host.ts";

/** Anything a terminal obeys or hides. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Names as an attacker chooses them. */
const hostile = fc.array(
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "\x1b[2J",
      "\x1b]0;x\x07",
      "\x9b31m",
      "\r\n",
      "\0",
      "\u202e",
      "\u2067",
      "\u200f",
      "\ud800",
      "\ufffd",
    ),
    fc.constantFrom(
      "名前",
      "👍🏽",
      "❤\ufe0f",
      "e\u0301\u0302\u0303\u0304",
      "\u0301",
      "\u3164",
      "\ufeff",
      "\u{e0041}",
      " ",
    ),
    fc.constant("x".repeat(250)),
  ),
  { maxLength: 8 },
).map((parts) => parts.join(""));

test("sortDevices() has the strongest first, those behind that were silent for a minute", () => {
  const devices = new DeviceTable();
  const heard = (address: string, rssiDbm: number | null, heardMs: number) => {
    devices.heard(someAdvertisement({ address, rssiDbm }), heardMs);
  };
  heard("old", -10, 0);
  heard("near", -30, 100_000);
  heard("far", -90, 100_000);
  heard("unknown", null, 100_000);
  assert.deepEqual(sortDevices(devices.values(), 100_000).map(({ address }) => address), [
    "near",
    "far",
    "unknown",
    "old",
  ]);
});

test("renderTable() writes a line for each device, the columns below their headings", () => {
  const devices = new DeviceTable();
  const services = ["0000180f-0000-1000-8000-00805f9b34fb", "12345678-0000-1000-8000-00805f9b34fb"];
  devices.heard(
    someAdvertisement({
      address: "AA:BB:CC:DD:EE:FF",
      rssiDbm: -67,
      localName: "名前",
      localNameComplete: true,
      serviceUuids: services,
    }),
    0,
  );
  devices.heard(
    someAdvertisement({
      address: "AA:BB:CC:DD:EE:00",
      rssiDbm: null,
      manufacturerData: [{ companyId: 0x499, data: new Uint8Array() }],
    }),
    1_000,
  );
  assert.deepEqual(renderTable([...devices.values()], 80, 4_000), [
    "ADDRESS            RSSI  COUNT   AGE  COMPANY, SERVICES  NAME",
    "AA:BB:CC:DD:EE:FF   -67      1    4s  Battery, 12345678  名前",
    "AA:BB:CC:DD:EE:00     ?      1    3s  Ruuvi",
  ]);
});

test("renderTable() lets columns give way one by one where there is no room", () => {
  const devices = new DeviceTable();
  devices.heard(
    someAdvertisement({
      address: "AA:BB:CC:DD:EE:FF",
      rssiDbm: -67,
      localName: "東京の温度計 3号",
      localNameComplete: true,
      manufacturerData: [{ companyId: 0x4c, data: new Uint8Array() }, { companyId: 0x499, data: new Uint8Array() }],
      serviceUuids: ["0000181a-0000-1000-8000-00805f9b34fb"],
    }),
    0,
  );
  const table = (columns: number) => renderTable([...devices.values()], columns, 4_000).join("\n");
  const shown = {
    80: `ADDRESS            RSSI  COUNT   AGE  COMPANY, SERVICES         NAME
AA:BB:CC:DD:EE:FF   -67      1    4s  Apple, Ruuvi, Environme…  東京の温度計 3号`,
    69: `ADDRESS            RSSI  COUNT   AGE  COMPANY, SERVICES  NAME
AA:BB:CC:DD:EE:FF   -67      1    4s  Apple, Ruuvi, En…  東京の温度…`,
    68: `ADDRESS            RSSI   AGE  COMPANY, SERVICES    NAME
AA:BB:CC:DD:EE:FF   -67    4s  Apple, Ruuvi, Envi…  東京の温度計 3号`,
    60: `ADDRESS            RSSI  COMPANY, SERVICES  NAME
AA:BB:CC:DD:EE:FF   -67  Apple, Ruuvi, En…  東京の温度計 3号`,
    40: `ADDRESS            RSSI  NAME
AA:BB:CC:DD:EE:FF   -67  東京の温度計 3…`,
    37: `ADDRESS            RSSI  NAME
AA:BB:CC:DD:EE:FF   -67  東京の温度…`,
    30: `ADDRESS            RSSI
AA:BB:CC:DD:EE:FF   -67`,
    20: `ADDRESS
AA:BB:CC:DD:EE:FF`,
    10: `ADDRESS
AA:BB:CC:…`,
  };
  for (const [columns, expected] of Object.entries(shown)) assert.equal(table(Number(columns)), expected);
});

test("serviceName() and companyName() give the number of whom they do not know", () => {
  assert.equal(serviceName("0000feaa-0000-1000-8000-00805f9b34fb"), "Eddystone");
  assert.equal(serviceName("0000fcd2-0000-1000-8000-00805f9b34fb"), "BTHome");
  assert.equal(serviceName("0000abcd-0000-1000-8000-00805f9b34fb"), "abcd");
  assert.equal(serviceName("1234180f-0000-1000-8000-00805f9b34fb"), "1234180f");
  assert.equal(serviceName("0000180f-0000-1000-8000-00805f9b34fc"), "0000180f-0000-1000-8000-00805f9b34fc");
  assert.deepEqual([companyName(0x4c), companyName(0xfffe)], ["Apple", "0xFFFE"]);
});

/** Protocols that Wireshark lists by the company that has the UUID, or by a name that few know. */
const OWNERS: ReadonlyMap<number, string> = new Map([
  [0xfcd2, "Allterco"],
  [0xfd3d, "Woan"],
  [0xfd5a, "Samsung"],
  [0xfd6f, "Apple"],
  [0xfe0f, "Signify"],
  [0xfe2c, "Google"],
  [0xfe59, "Nordic"],
  [0xfe95, "Xiaomi"],
  [0xfeaa, "Google"],
  [0xfef3, "Google"],
  [0xfffd, "Universal Second Factor"],
]);

testWith(["tshark"], "the names of companies and services are those of the numbers that Wireshark knows", () => {
  const { stdout } = new Deno.Command("tshark", { args: ["-G", "values"], stderr: "null" }).outputSync();
  const known = new Map<string, string>();
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const [kind, field, value = "", name = ""] = line.split("\t");
    if (kind === "V" && field?.startsWith("btcommon.eir_ad.entry.")) known.set(`${field} ${Number(value)}`, name);
  }
  const letters = (text: string | undefined) => (text ?? "").toLowerCase().replaceAll(/[^a-z0-9&]/g, "");
  const assertKnown = (field: string, value: number, name: string) => {
    const knownAs = known.get(`btcommon.eir_ad.entry.${field} ${value}`);
    assert.ok(letters(knownAs).includes(letters(name)), `0x${value.toString(16)}: ${name}, known as ${knownAs}`);
  };
  for (const [id, name] of namedCompanies()) assertKnown("company_id", id, name);
  for (const [uuid, name] of namedServices()) assertKnown("uuid_16", uuid, OWNERS.get(uuid) ?? name);
});

test("renderTable() shows ages and counts in few characters", () => {
  const devices = new DeviceTable();
  for (let i = 0; i < 123_456; i++) devices.heard(someAdvertisement({}), 0);
  for (const [ageS, shown] of [[119, "119s"], [120, "2m"], [7_199, "119m"], [7_200, "2h"], [200_000, "2d"]] as const) {
    const line = renderTable([...devices.values()], 80, ageS * 1_000)[1];
    assert.match(line ?? "", new RegExp(`  123k  ${shown.padStart(4)}$`));
  }
});

test("renderTable() lets nothing but what can be seen through, no line wider than the terminal", () => {
  fc.assert(fc.property(fc.array(hostile, { maxLength: 5 }), fc.nat(200), (names, columns) => {
    const devices = new DeviceTable();
    names.forEach((localName, i) => {
      devices.heard(someAdvertisement({ address: `${i}`, localName, localNameComplete: true }), 0);
    });
    for (const line of renderTable([...devices.values()], columns, 0)) {
      assert.doesNotMatch(line, HARMFUL);
      assert.doesNotMatch(line, /\p{M}{3}|(^|\s)\p{M}/u);
      assert.ok(displayWidth(line) <= columns, line);
    }
    for (const line of renderTable([...devices.values()], Infinity, 0)) assert.ok(displayWidth(line) <= 180, line);
  }));
});

test("renderFrame() is no higher than the terminal, and says what it leaves out", () => {
  const devices = new DeviceTable();
  for (let i = 0; i < 20; i++) devices.heard(someAdvertisement({ address: `${i}`, rssiDbm: -i }), 0);
  const content = { devices, reportsPerS: 12.3, leftOut: "", note: "2026 WARNING scan ended\n" };
  const scanning = { kind: "scanning", adapter: "hci0", adapterAddress: null, mode: "active", extended: true } as const;
  const frame = renderFrame({ ...content, state: scanning }, { columns: 80, rows: 8 }, 0);
  assert.equal(frame.length, 8);
  assert.equal(frame[0], "hci0, active, extended: 20 devices, 20 reports, 12/s");
  assert.equal(frame[7], "… and 15 more  2026 WARNING scan ended");
  const headline = (columns: number) => renderFrame({ ...content, state: scanning }, { columns, rows: 8 }, 0)[0];
  assert.equal(headline(51), "hci0, active, extended: 20 devices, 20 reports");
  assert.equal(headline(40), "hci0, active, extended: 20 devices");
  assert.equal(headline(30), "hci0, active, extended: 20 de…");
  const states = [
    [{ kind: "starting" }, "starting: 20 d"],
    [{ kind: "stopped", reason: "hci0\x1b is gone" }, "not scanning (hci0\\u001b is gone): 20 d"],
    [
      { kind: "silent", adapter: "hci0", adapterAddress: null, extended: false, silentMs: 60_000 },
      "hci0, nothing heard for 60 s: 20 d",
    ],
  ] as const;
  for (const [state, start] of states) {
    assert.ok(renderFrame({ ...content, state }, { columns: 80, rows: 24 }, 0)[0]?.startsWith(start));
  }
  for (let rows = 0; rows < 5; rows++) {
    assert.ok(renderFrame({ ...content, state: scanning }, { columns: 10, rows }, 0).length <= rows);
  }
});

/** A configuration to hear this recording, with a file of it for as long as `use` takes. */
async function withRecording(packets: readonly Uint8Array[], use: (config: Config) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".btsnoop" });
  try {
    await Deno.writeFile(file, recordingOf(packets));
    const config = defaultConfig("s1");
    await use({
      ...config,
      scanner: { ...config.scanner, source: "replay" },
      replay: { ...config.replay, file, speed: "max" },
    });
  } finally {
    await Deno.remove(file);
  }
}

function recordingIo(size: TerminalSize | null) {
  const out = { stdout: "", stderr: "" };
  let fault: (error: unknown) => Promise<void> = () => Promise.resolve();
  const io: ScanIo = {
    host: testHost(),
    stdout: (text) => out.stdout += text,
    stderr: (text) => out.stderr += text,
    onFault: (report) => fault = report,
    terminalSize: () => size,
    openTerminal: () => null,
  };
  return { io, out, fault: (error: unknown) => fault(error) };
}

/** A terminal on which somebody types, and what was asked of it. */
function someTerminal() {
  const asked: string[] = [];
  const state = { isForeground: true, typed: "" as string | null };
  const terminal: Terminal = {
    isForeground: () => state.isForeground,
    takeKeys: (areTaken) => void asked.push(areTaken ? "take keys" : "give keys back"),
    typed() {
      const { typed } = state;
      if (typed !== null) state.typed = "";
      return typed;
    },
    raise: (signal) => void asked.push(signal),
  };
  return { terminal, asked, state };
}

const never = new AbortController().signal;
const BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const END = "\x1b[?7h\x1b[?25h\x1b[?1049l";

test("Screen puts the terminal back once, also where the process ends of a sudden", () => {
  const written: string[] = [];
  const screen = new Screen((text) => written.push(text), null);
  globalThis.dispatchEvent(new Event("unload"));
  screen[Symbol.dispose]();
  assert.deepEqual(written, ["\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"]);
});

test("Screen has keys as they are typed for as long as it has the terminal", () => {
  const { terminal, asked } = someTerminal();
  const screen = new Screen((text) => asked.push(text), terminal);
  screen[Symbol.dispose]();
  assert.deepEqual(asked, ["take keys", BEGIN, "give keys back", END]);
});

test("Screen leaves a terminal alone that is another job's", () => {
  const { terminal, asked, state } = someTerminal();
  state.isForeground = false;
  const screen = new Screen((text) => asked.push(text), terminal);
  state.typed = "q";
  screen.draw(["unseen"]);
  assert.deepEqual([asked, screen.typed()], [[], ""]);
  state.isForeground = true;
  screen.draw(["seen"]);
  assert.deepEqual(asked.slice(0, 2), ["take keys", BEGIN]);
  assert.equal(screen.typed(), "q");
  state.isForeground = false; // stopped, and sent to the background, by somebody else
  screen[Symbol.dispose]();
  assert.deepEqual(asked.slice(3), [END]);
});

for (const typed of ["q", "Q", "xq", null]) {
  test(`scan ends ${typed === null ? "where the terminal is gone" : `as soon as "${typed}" is typed`}`, async () => {
    const clock = new FakeClock();
    const { io, out } = recordingIo({ columns: 80, rows: 10 });
    const { terminal, asked, state } = someTerminal();
    const config = defaultConfig("s1");
    const simulated = { ...config, scanner: { ...config.scanner, source: "simulate" } } as const;
    const scanning = scan(simulated, null, { ...io, host: testHost({ clock }), openTerminal: () => terminal }, never);
    state.typed = "x";
    await clock.advance(2_000);
    assert.ok(out.stdout.includes("more  q quits\x1b[J"));
    assert.deepEqual(asked, ["take keys"]);
    state.typed = typed;
    await clock.advance(100);
    assert.equal(await scanning, 0);
    assert.deepEqual(asked, ["take keys", "give keys back"]);
    assert.match(out.stderr, /^\d+ devices, \d+ reports\n$/);
    assert.equal(clock.sleeping, 0);
  });
}

test("scan --json prints each message as run would publish it, whether on a terminal or not", async () => {
  await withRecording(countingPackets(30, 3), async (config) => {
    const { io, out } = recordingIo({ columns: 80, rows: 10 });
    assert.equal(await printMessages(config, null, io, never), 0);
    const messages = out.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.equal(messages.length, 30);
    assert.deepEqual({ ...messages[0], timestamp: null }, {
      scanner_id: "s1",
      mac_address: "C0:00:00:00:00:00",
      rssi: -60,
      timestamp: null,
      manufacturer_data: { ffff: "00000000" },
      service_uuids: [],
      local_name: null,
    });
    assert.equal(out.stderr, "30 messages\n");
  });
});

test("scan --json merges and filters as the configuration says", async () => {
  const named = { ...countingReport(0), data: adStructure(9, [...new TextEncoder().encode("Kitchen")]) };
  const packets = [named, countingReport(1), countingReport(2, 1)].map((report) => legacyReportsPacket(report));
  await withRecording(packets, async (config) => {
    const { io, out } = recordingIo(null);
    const filter = { ...config.filter, deny: ["C0:00:00:00:00:01"] };
    await printMessages({ ...config, filter, publisher: { ...config.publisher, fields: "full" } }, null, io, never);
    const messages = out.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(messages.map(({ local_name }) => local_name), ["Kitchen", "Kitchen"]);
    assert.equal(messages[1].adv_type, "ADV_NONCONN_IND");
  });
});

test("scan --json says in every line what was sent, and nothing that a terminal obeys or hides", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (name) => {
      const bytes = new TextEncoder().encode(name).slice(0, 29);
      const report = { ...countingReport(0), data: adStructure(9, [...bytes]) };
      await withRecording([legacyReportsPacket(report)], async (config) => {
        const { io, out } = recordingIo(null);
        await printMessages(config, null, io, never);
        const [line = "", ...others] = out.stdout.split("\n");
        assert.deepEqual(others, [""]);
        assert.doesNotMatch(line, HARMFUL);
        // Without its padding, as in a message.
        const sent = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).replace(/\0+$/, "");
        assert.equal(JSON.parse(line).local_name ?? "", sent);
      });
    }),
    { numRuns: 50 },
  );
});

test("scan --json ends where nobody reads any more", async () => {
  const config = defaultConfig("s1");
  const simulated = { ...config, scanner: { ...config.scanner, source: "simulate" } } as const;
  const { io } = recordingIo(null);
  const clock = new FakeClock();
  let lines = 0;
  const stdout = () => {
    if (++lines > 2) throw new Error("Broken pipe");
  };
  const printing = printMessages(simulated, null, { ...io, host: testHost({ clock }), stdout }, never);
  const ended = assert.rejects(printing, /^Error: Broken pipe$/);
  await clock.advance(2_000);
  await ended;
  assert.equal(lines, 3);
});

test("scan prints the table at the end where standard output is no terminal", async () => {
  await withRecording(countingPackets(30, 3), async (config) => {
    const { io, out } = recordingIo(null);
    assert.equal(await scan(config, null, io, never), 0);
    const lines = out.stdout.trimEnd().split("\n");
    assert.equal(lines.length, 4);
    assert.match(lines[1] ?? "", /^C0:00:00:00:00:0\d {3}-60 {5}10 {2,4}\d+s {2}0xFFFF$/);
    assert.equal(out.stderr, "3 devices, 30 reports\n");
  });
});

test("scan shows what passes the filter, how much does not, and why", async () => {
  const companies = (id: number) => adStructure(0xff, [id & 0xff, id >> 8, 0]);
  const reports = [
    { ...countingReport(0), data: companies(0x0499) },
    { ...countingReport(1), data: companies(0x004c) },
    { ...countingReport(2), data: companies(0x0499), rssiDbm: -90 },
    { ...countingReport(3), data: companies(0x004c) },
  ];
  await withRecording(reports.map((report) => legacyReportsPacket(report)), async (config) => {
    const { io, out } = recordingIo(null);
    const filter = { ...config.filter, companies: ["0x0499"], min_rssi: -70 };
    assert.equal(await scan({ ...config, filter }, null, io, never), 0);
    const lines = out.stdout.trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? "", /Ruuvi/);
    assert.equal(out.stderr, "1 devices, 1 reports, 3 left out (companies 2, min_rssi 1)\n");
  });
});

test("scan filters by a name that came in a scan response, whether or not messages are filled in", async () => {
  const name = { ...countingReport(0), eventType: 4, data: adStructure(9, [...new TextEncoder().encode("Lock 7")]) };
  const reports = [countingReport(0), name, countingReport(0, 1), countingReport(1)];
  await withRecording(reports.map((report) => legacyReportsPacket(report)), async (config) => {
    for (const merge_scan_response of [true, false]) {
      const { io, out } = recordingIo(null);
      const filter = { ...config.filter, names: ["Lock ?"] };
      const publisher = { ...config.publisher, merge_scan_response };
      await printMessages({ ...config, filter, publisher }, null, io, never);
      const names = out.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).local_name);
      assert.deepEqual(names, ["Lock 7", merge_scan_response ? "Lock 7" : null]);
    }
  });
});

test("scan shows nothing of the air's but text, on a terminal and off it", async () => {
  const name = new TextEncoder().encode("\x1b[31m\r\n\x07\u202e名");
  const report = { ...countingReport(0), data: adStructure(9, [...name]) };
  await withRecording([legacyReportsPacket(report)], async (config) => {
    for (const size of [null, { columns: 100, rows: 24 }]) {
      const { io, out } = recordingIo(size);
      await scan(config, null, io, never);
      assert.match(out.stdout, /\\u001b\[31m\\u000d\\u000a\\u0007\\u202e名\n$/);
      // deno-lint-ignore no-control-regex -- what the screen itself writes
      const text = out.stdout.replace(/\x1b\[(\?\d+[hl]|[HKJ])|\r\n|\n/g, "");
      assert.doesNotMatch(text, HARMFUL);
    }
  });
});

test("scan puts the terminal back, and leaves the whole table on it", async () => {
  await withRecording(countingPackets(30, 30), async (config) => {
    const { io, out } = recordingIo({ columns: 80, rows: 10 });
    assert.equal(await scan(config, null, io, never), 0);
    const [before = "", after = ""] = out.stdout.split("\x1b[?7h\x1b[?25h\x1b[?1049l");
    assert.ok(before.startsWith("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H"));
    assert.equal(after.trimEnd().split("\n").length, 31);
  });
});

test("scan puts the terminal back before it says of an error that nobody caught", async () => {
  const clock = new FakeClock();
  const { io, out, fault } = recordingIo({ columns: 80, rows: 10 });
  const config = defaultConfig("s1");
  const ending = new AbortController();
  const simulated = { ...config, scanner: { ...config.scanner, source: "simulate" } } as const;
  const scanning = scan(simulated, null, { ...io, host: testHost({ clock }) }, ending.signal);
  await clock.advance(0);
  await fault(new Error("unforeseen"));
  assert.ok(out.stdout.endsWith("\x1b[?1049l"));
  assert.match(out.stderr, /unforeseen/);
  ending.abort();
  await scanning;
});

test("scan stops listening before it fails where the terminal is gone", async () => {
  const config = defaultConfig("s1");
  const simulated = { ...config, scanner: { ...config.scanner, source: "simulate" } } as const;
  const { io, out } = recordingIo({ columns: 80, rows: 10 });
  const clock = new FakeClock();
  let isGone = false;
  const stdout = (text: string) => {
    if (isGone && text.startsWith("\x1b[H")) throw new Error("Input/output error");
  };
  const scanning = scan(simulated, null, { ...io, host: testHost({ clock }), stdout }, never);
  const ended = assert.rejects(scanning, /^Error: Input\/output error$/);
  await clock.advance(2_000);
  isGone = true;
  await clock.advance(2_000);
  await ended;
  assert.equal(clock.sleeping, 0, out.stderr);
});

test("scan redraws each second and ends by itself after its time", async () => {
  const clock = new FakeClock();
  const { io, out } = recordingIo({ columns: 80, rows: 10 });
  const config = defaultConfig("s1");
  const scanning = scan(
    { ...config, scanner: { ...config.scanner, source: "simulate" } },
    5_500,
    { ...io, host: testHost({ clock }) },
    never,
  );
  await clock.advance(5_500);
  assert.equal(await scanning, 0);
  assert.equal(out.stdout.split("\x1b[H").length - 1, 6);
  assert.match(out.stdout, /simulated, active, extended: \d+ devices, \d+ reports, [1-9]\d*\/s/);
  assert.equal(clock.sleeping, 0);
});

test("scan fails where it never came to scanning, and says why", async () => {
  const config = defaultConfig("s1");
  const missing = {
    ...config,
    scanner: { ...config.scanner, source: "replay" },
    replay: { ...config.replay, file: "/nowhere" },
  } as const;
  const { io, out } = recordingIo({ columns: 80, rows: 10 });
  assert.equal(await scan(missing, null, io, never), 1);
  assert.match(out.stderr, /^Cannot read \/nowhere: .*\n$/);
});

test("scan tells how to end it, where nothing would show that it works", async () => {
  const clock = new FakeClock();
  const { io, out } = recordingIo(null);
  const ending = new AbortController();
  const config = defaultConfig("s1");
  const simulated = { ...config, scanner: { ...config.scanner, source: "simulate" } } as const;
  const scanning = scan(simulated, null, { ...io, host: testHost({ clock }) }, ending.signal);
  await clock.advance(1_000);
  assert.equal(out.stderr, "The table is printed at the end: press Ctrl-C, or use --seconds N.\n");
  ending.abort();
  assert.equal(await scanning, 0);
  assert.match(out.stdout, /^ADDRESS /);
});

test("knownSize() takes a terminal that says 0 × 0 for one of 80 × 24", () => {
  assert.deepEqual(knownSize({ columns: 0, rows: 0 }), { columns: 80, rows: 24 });
  assert.deepEqual(knownSize({ columns: 132, rows: 0 }), { columns: 132, rows: 24 });
  assert.deepEqual(knownSize({ columns: 40, rows: 12 }), { columns: 40, rows: 12 });
});
