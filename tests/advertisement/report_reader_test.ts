import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Advertisement, ReportReader } from "../../src/advertisement/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { bytes, Heard, read, readOne } from "./support.ts";

/** An event with these parameters behind the subevent, its lengths right. */
function event(subevent: number, parameters: string): Uint8Array {
  const rest = bytes(parameters);
  return Uint8Array.of(0x04, 0x3e, rest.length + 1, subevent, ...rest);
}

const legacy = (parameters: string) => event(0x02, parameters);
const extended = (parameters: string) => event(0x0d, parameters);

test("ReportReader reads a legacy report", () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 11, 10, 30, 45, 123));
  const { advertisements, reasons } = read([legacy("01 00 01 ffeeddccbbaa 03 020106 bd")], clock);
  assert.deepEqual(reasons, []);
  assert.deepEqual(advertisements, [
    {
      receivedAtMs: 1768127445123,
      address: "AA:BB:CC:DD:EE:FF",
      addressType: "random",
      rssiDbm: -67,
      advType: "ADV_IND",
      connectable: true,
      scannable: true,
      directed: false,
      scanResponse: false,
      primaryPhy: "1M",
      secondaryPhy: null,
      sid: null,
      data: bytes("020106"),
      flags: 6,
      localName: null,
      localNameComplete: false,
      serviceUuids: [],
      solicitedUuids: [],
      manufacturerData: [],
      serviceData: [],
      appearance: null,
      txPowerDbm: null,
      dataStatus: "complete",
      malformedStructures: 0,
    } satisfies Advertisement,
  ]);
});

test("ReportReader reads an extended report", () => {
  const heard = readOne(extended("01 0100 00 ffeeddccbbaa 03 02 05 f6 c4 0000 00 000000000000 03 020106"));
  assert.equal(heard.address, "AA:BB:CC:DD:EE:FF");
  assert.equal(heard.addressType, "public");
  assert.equal(heard.advType, "ADV_EXT_IND");
  assert.equal(heard.connectable, true);
  assert.equal(heard.scannable, false);
  assert.equal(heard.primaryPhy, "coded");
  assert.equal(heard.secondaryPhy, "2M");
  assert.equal(heard.sid, 5);
  assert.equal(heard.txPowerDbm, -10);
  assert.equal(heard.rssiDbm, -60);
  assert.deepEqual(heard.data, bytes("020106"));
  assert.equal(heard.flags, 6);
});

test("ReportReader names the PDU of a legacy report", () => {
  const kinds: [string, string, boolean | null, boolean, boolean, boolean][] = [
    ["00", "ADV_IND", true, true, false, false],
    ["01", "ADV_DIRECT_IND", true, false, true, false],
    ["02", "ADV_SCAN_IND", false, true, false, false],
    ["03", "ADV_NONCONN_IND", false, false, false, false],
    ["04", "SCAN_RSP", null, true, false, true],
  ];
  for (const [type, ...expected] of kinds) {
    const heard = readOne(legacy(`01 ${type} 00 000000000000 00 bd`));
    const { advType, connectable, scannable, directed, scanResponse } = heard;
    assert.deepEqual([advType, connectable, scannable, directed, scanResponse], expected, type);
  }
});

test("ReportReader gives an extended report of a legacy PDU that PDU's name", () => {
  const kinds: [string, string, boolean, boolean, boolean, boolean][] = [
    ["1300", "ADV_IND", true, true, false, false],
    ["1500", "ADV_DIRECT_IND", true, false, true, false],
    ["1200", "ADV_SCAN_IND", false, true, false, false],
    ["1000", "ADV_NONCONN_IND", false, false, false, false],
    ["1b00", "SCAN_RSP", true, true, false, true],
    ["1a00", "SCAN_RSP", false, true, false, true],
    ["0000", "ADV_EXT_IND", false, false, false, false],
    ["0500", "ADV_EXT_IND", true, false, true, false],
    ["0a00", "AUX_SCAN_RSP", false, true, false, true],
    ["80ff", "ADV_EXT_IND", false, false, false, false], // reserved bits say nothing
  ];
  for (const [type, ...expected] of kinds) {
    const heard = readOne(extended(`01 ${type} 00 000000000000 01 00 ff 7f bd 0000 00 000000000000 00`));
    const { advType, connectable, scannable, directed, scanResponse } = heard;
    assert.deepEqual([advType, connectable, scannable, directed, scanResponse], expected, type);
  }
});

test("ReportReader tells address types apart, and admits one it does not know", () => {
  const legacyTypes = ["public", "random", "public_identity", "random_identity", "unknown"];
  legacyTypes.forEach((type, byte) => {
    assert.equal(readOne(legacy(`01 00 0${byte} 000000000000 00 bd`)).addressType, type);
  });
  const extendedOf = (type: string) =>
    readOne(extended(`01 0000 ${type} 000000000000 01 00 ff 7f bd 0000 00 000000000000 00`)).addressType;
  assert.deepEqual(["00", "01", "02", "03", "04", "fe", "ff"].map(extendedOf), [
    "public",
    "random",
    "public_identity",
    "random_identity",
    "unknown",
    "unknown",
    "anonymous",
  ]);
});

test("ReportReader has null for what the controller does not know", () => {
  assert.equal(readOne(legacy("01 00 00 000000000000 00 7f")).rssiDbm, null);
  const heard = readOne(extended("01 0000 00 000000000000 09 00 10 7f 7f 0000 00 000000000000 00"));
  assert.deepEqual(
    [heard.rssiDbm, heard.txPowerDbm, heard.sid, heard.primaryPhy, heard.secondaryPhy],
    [null, null, null, null, null],
  );
});

test("ReportReader passes signal strengths on as they are", () => {
  const strengths: [string, number][] = [["80", -128], ["81", -127], ["ff", -1], ["00", 0], ["14", 20], ["7e", 126]];
  for (const [byte, rssiDbm] of strengths) {
    assert.equal(readOne(legacy(`01 00 00 000000000000 00 ${byte}`)).rssiDbm, rssiDbm);
  }
});

test("ReportReader takes transmit power from the AD structures where the report has none", () => {
  const withPower = (power: string) =>
    readOne(extended(`01 0000 00 000000000000 01 00 ff ${power} bd 0000 00 000000000000 03 020af4`)).txPowerDbm;
  assert.equal(withPower("7f"), -12);
  assert.equal(withPower("05"), 5);
});

test("ReportReader reads several reports of one event, one after the other", () => {
  const { advertisements, reasons } = read([
    legacy("03 00 00 010000000000 00 c4  03 01 020000000000 03 020106 bd  04 00 030000000000 02 0109 7f"),
  ]);
  assert.deepEqual(reasons, []);
  assert.deepEqual(
    advertisements.map(({ address, advType, rssiDbm, data }) => [address, advType, rssiDbm, data.toHex()]),
    [
      ["00:00:00:00:00:01", "ADV_IND", -60, ""],
      ["00:00:00:00:00:02", "ADV_NONCONN_IND", -67, "020106"],
      ["00:00:00:00:00:03", "SCAN_RSP", null, "0109"],
    ],
  );
});

test("ReportReader takes an advertisement and its scan response that were reported as one", () => {
  const scanResponse = `0e 09 ${"41".repeat(13)}`;
  const heard = readOne(legacy(`01 00 00 000000000000 2e 020106 1b ff 9904 ${"00".repeat(24)} ${scanResponse} bd`));
  assert.equal(heard.localName, "A".repeat(13));
  assert.equal(heard.manufacturerData[0]?.data.length, 24);
  assert.equal(heard.rssiDbm, -67);
});

test("ReportReader counts a malformed AD structure, and the report as received", () => {
  for (const structure of ["010a", "0116", "02ff99", "05ff9904"]) {
    const length = `0${structure.length / 2}`;
    const heard = readOne(legacy(`01 00 00 000000000000 ${length} ${structure} bd`));
    assert.equal(heard.malformedStructures, 1, structure);
  }
});

const report = "00 00 000000000000 03 020106 bd";
const extendedReport = "0000 00 000000000000 01 00 ff 7f bd 0000 00 000000000000 03 020106";

const faulty: readonly [what: string, packet: Uint8Array, advertisements: number, reason: string][] = [
  ["has no parameters", bytes("04 3e 00"), 0, "empty event"],
  ["has not even a length", bytes("04 3e"), 0, "empty event"],
  ["has a subevent alone", bytes("04 3e 01 02"), 0, "no reports"],
  ["promises no report", legacy("00"), 0, "no reports"],
  ["promises no report and has one", legacy(`00 ${report}`), 0, "no reports"],
  ["is longer than it says", bytes(`04 3e 05 02 01 ${report}`), 0, "event length mismatch"],
  ["is shorter than it says", bytes(`04 3e ff 02 01 ${report}`), 0, "event length mismatch"],
  ["ends before the first report", legacy("01"), 0, "report cut short"],
  ["ends in an address", legacy("01 00 00 0000"), 0, "report cut short"],
  ["ends before the signal strength", legacy("01 00 00 000000000000 03 020106"), 0, "report cut short"],
  ["promises one report too many", legacy(`02 ${report}`), 1, "report cut short"],
  ["promises 253 reports too many", legacy(`ff ${report} ${report}`), 2, "report cut short"],
  ["has a second report that is cut", legacy(`02 ${report} 00 00 000000000000 03 0201`), 1, "report cut short"],
  ["has data longer than itself", legacy("01 00 00 000000000000 1f 020106 bd"), 0, "report cut short"],
  ["has a report with a reserved event type", legacy(`02 05${report.slice(2)} ${report}`), 1, "reserved event type"],
  ["has bytes behind its last report", legacy(`01 ${report} 00`), 1, "trailing bytes"],
  ["has a report more than it promises", legacy(`01 ${report} ${report}`), 1, "trailing bytes"],
  ["ends before the first extended report", extended("01"), 0, "report cut short"],
  ["ends in an extended report", extended(`01 ${extendedReport.slice(0, -2)}`), 0, "report cut short"],
  [
    "ends before the data length of an extended report",
    extended(`01 ${extendedReport.slice(0, -10)}`),
    0,
    "report cut short",
  ],
  ["promises one extended report too many", extended(`02 ${extendedReport}`), 1, "report cut short"],
  ["has bytes behind its last extended report", extended(`01 ${extendedReport} ff`), 1, "trailing bytes"],
  [
    "has an extended report of an impossible legacy PDU",
    extended(`02 11${extendedReport.slice(2)} ${extendedReport}`),
    1,
    "reserved event type",
  ],
  [
    "has an extended report with a reserved data status",
    extended(`01 60${extendedReport.slice(2)}`),
    0,
    "reserved data status",
  ],
];

for (const [what, packet, advertisements, reason] of faulty) {
  test(`ReportReader counts an event that ${what} as invalid once`, () => {
    const heard = read([packet]);
    assert.deepEqual(heard.reasons, [reason]);
    assert.equal(heard.advertisements.length, advertisements);
  });
}

test("ReportReader passes over what is no advertising report", () => {
  const others = [
    "",
    "04",
    "01 0c20 02 0100", // a command
    "04 0e 04 01 0c20 00", // Command Complete
    "04 7e 0c 02 01 00 00 000000000000 00 bd", // another event code with the same low six bits
    "04 3e 13 01 00000000000000000000000000000000000000", // LE Connection Complete
    "04 3e ff 0b 00", // another subevent, its length wrong
  ];
  const { advertisements, reasons } = read(others.map(bytes));
  assert.deepEqual([advertisements, reasons], [[], []]);
});

test("ReportReader owns its bytes: the packet may be overwritten after the call", () => {
  const packet = legacy("01 00 00 ffeeddccbbaa 07 06ff9904010203 bd");
  const heard = readOne(packet);
  packet.fill(0xee);
  assert.deepEqual(heard.data, bytes("06ff9904010203"));
  assert.deepEqual(heard.manufacturerData, [{ companyId: 0x0499, data: bytes("010203") }]);
});

test("ReportReader keeps the bytes of many advertisements apart", () => {
  const payloads = Array.from({ length: 1_000 }, (_, index) => new Uint8Array(31).fill(index));
  const { advertisements } = read(payloads.map((data) => legacy(`01 00 00 000000000000 1f ${data.toHex()} bd`)));
  assert.deepEqual(advertisements.map(({ data }) => data), payloads);
});

test("ReportReader reads a Node.js Buffer, and owns those bytes too", () => {
  const packet = Buffer.from(legacy("01 00 00 ffeeddccbbaa 03 020106 bd"));
  const heard = readOne(packet);
  packet.fill(0xee);
  assert.deepEqual(heard.data, bytes("020106"));
});

test("ReportReader reads on after a fault", () => {
  const heard = new Heard();
  const reader = new ReportReader({ clock: new FakeClock(), sink: heard });
  reader.read(bytes("04 3e 00"));
  reader.read(legacy(`01 ${report}`));
  assert.equal(heard.advertisements.length, 1);
});
