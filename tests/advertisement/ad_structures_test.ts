import assert from "node:assert/strict";
import fc from "fast-check";
import { readAdStructures } from "../../src/advertisement/ad_structures.ts";
import { type AdFields, draftAdvertisement } from "../../src/advertisement/advertisement.ts";
import { LEGACY_KINDS } from "../../src/advertisement/pdu_kind.ts";
import { test } from "../support/test.ts";
import { adPayload, bytes, concat, someAdvertisement } from "./support.ts";

/** What an advertisement with this data says, of which nothing else is known. */
function read(data: Uint8Array): AdFields {
  const [kind] = LEGACY_KINDS;
  assert.ok(kind !== undefined);
  const { flags, localName, localNameComplete, serviceUuids, solicitedUuids, ...rest } = readAdStructures(
    draftAdvertisement(kind, data, someAdvertisement({ txPowerDbm: null })),
  );
  const { manufacturerData, serviceData, appearance, txPowerDbm, malformedStructures } = rest;
  const uuids = { serviceUuids, solicitedUuids };
  const name = { localName, localNameComplete };
  return { flags, ...name, ...uuids, manufacturerData, serviceData, appearance, txPowerDbm, malformedStructures };
}

const parse = (hex: string) => read(bytes(hex));

test("readAdStructures() finds nothing in no bytes", () => {
  assert.deepEqual(parse(""), {
    flags: null,
    localName: null,
    localNameComplete: false,
    serviceUuids: [],
    solicitedUuids: [],
    manufacturerData: [],
    serviceData: [],
    appearance: null,
    txPowerDbm: null,
    malformedStructures: 0,
  });
});

test("readAdStructures() reads every field of a busy advertisement", () => {
  const ad = parse(`
    02 01 06
    05 03 0f18 0a18
    0d 09 54656d7053656e736f725f31
    02 0a f4
    03 19 4003
    04 16 0f18 5a
    06 ff 9904 051122`);
  assert.equal(ad.flags, 6);
  assert.deepEqual(ad.serviceUuids, ["0000180f-0000-1000-8000-00805f9b34fb", "0000180a-0000-1000-8000-00805f9b34fb"]);
  assert.equal(ad.localName, "TempSensor_1");
  assert.equal(ad.localNameComplete, true);
  assert.equal(ad.txPowerDbm, -12);
  assert.equal(ad.appearance, 0x0340);
  assert.deepEqual(ad.serviceData, [{ uuid: "0000180f-0000-1000-8000-00805f9b34fb", data: bytes("5a") }]);
  assert.deepEqual(ad.manufacturerData, [{ companyId: 0x0499, data: bytes("051122") }]);
  assert.equal(ad.malformedStructures, 0);
});

test("readAdStructures() writes 32-bit and 128-bit UUIDs in full, most significant byte first", () => {
  const ad = parse("05 05 78563412 11 06 fb349b5f80000080 00100000 0d180000");
  assert.deepEqual(ad.serviceUuids, ["12345678-0000-1000-8000-00805f9b34fb", "0000180d-0000-1000-8000-00805f9b34fb"]);
});

test("readAdStructures() takes complete and incomplete lists of UUIDs together, each UUID once", () => {
  const ad = parse("05 02 0f18 0a18 05 03 0a18 0118 03 03 0f18");
  assert.deepEqual(ad.serviceUuids.map((uuid) => uuid.slice(4, 8)), ["180f", "180a", "1801"]);
  assert.equal(parse("03 02 0f18 03 03 0f18").serviceUuids.length, 1);
});

test("readAdStructures() keeps solicited services apart", () => {
  const ad = parse("03 14 0d18 05 1f 78563412");
  assert.deepEqual(ad.serviceUuids, []);
  assert.deepEqual(ad.solicitedUuids, [
    "0000180d-0000-1000-8000-00805f9b34fb",
    "12345678-0000-1000-8000-00805f9b34fb",
  ]);
});

test("readAdStructures() reads service data of 32-bit and 128-bit UUIDs", () => {
  const ad = parse("07 20 78563412 aabb 12 21 0f0e0d0c0b0a09080706050403020100 ff");
  assert.deepEqual(ad.serviceData, [
    { uuid: "12345678-0000-1000-8000-00805f9b34fb", data: bytes("aabb") },
    { uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f", data: bytes("ff") },
  ]);
});

test("readAdStructures() keeps several manufacturer structures of one company apart, in order", () => {
  const ad = parse("04 ff 9904 01 03 ff 4c00 04 ff 9904 02");
  assert.deepEqual(ad.manufacturerData, [
    { companyId: 0x0499, data: bytes("01") },
    { companyId: 0x004c, data: bytes("") },
    { companyId: 0x0499, data: bytes("02") },
  ]);
});

test("readAdStructures() prefers the complete name, wherever it is", () => {
  for (const hex of ["03 08 4162 05 09 41626364", "05 09 41626364 03 08 4162"]) {
    const ad = parse(hex);
    assert.equal(ad.localName, "Abcd");
    assert.equal(ad.localNameComplete, true);
  }
  assert.equal(parse("03 08 4162").localNameComplete, false);
});

test("readAdStructures() replaces invalid UTF-8 in a name, keeps controls and a byte order mark", () => {
  assert.equal(parse("05 09 41ff42c3").localName, "A\ufffdB\ufffd");
  assert.equal(parse("05 09 41000a42").localName, "A\0\nB");
  assert.equal(parse("05 09 efbbbf41").localName, "\ufeffA");
});

test("readAdStructures() takes NUL padding off a name; an empty name is none", () => {
  assert.equal(parse("06 09 4142000000").localName, "AB");
  for (const hex of ["01 09", "03 09 0000", "01 08"]) {
    assert.equal(parse(hex).localName, null, hex);
    assert.equal(parse(hex).localNameComplete, false, hex);
    assert.equal(parse(hex).malformedStructures, 0, hex);
  }
  assert.equal(parse("03 08 4142 01 09").localName, "AB");
});

test("readAdStructures() takes the first of what should be there once", () => {
  const ad = parse("02 01 04 02 01 06 02 0a 01 02 0a 02 03 19 0100 03 19 0200 02 09 41 02 09 42");
  assert.deepEqual([ad.flags, ad.txPowerDbm, ad.appearance, ad.localName], [4, 1, 1, "A"]);
});

test("readAdStructures() allows Flags of any length", () => {
  assert.equal(parse("01 01").flags, 0);
  assert.equal(parse("03 01 1aff").flags, 0x1a);
  assert.equal(parse("01 01").malformedStructures, 0);
});

test("readAdStructures() stops at a structure that overruns the payload", () => {
  const ad = parse("02 01 06 1e ff 9904 051122");
  assert.equal(ad.flags, 6);
  assert.deepEqual(ad.manufacturerData, []);
  assert.equal(ad.malformedStructures, 1);
  assert.equal(parse("05").malformedStructures, 1);
});

test("readAdStructures() skips a structure too short for its type and reads on", () => {
  const short = [
    ["01 0a", "transmit power"],
    ["01 16", "service data, 16 bit"],
    ["02 16 0f", "service data, 16 bit"],
    ["04 20 0f1800", "service data, 32 bit"],
    ["10 21 000102030405060708090a0b0c0d0e", "service data, 128 bit"],
    ["01 ff", "manufacturer data"],
    ["02 ff 99", "manufacturer data"],
    ["02 19 40", "appearance"],
  ];
  for (const [hex, what = ""] of short) {
    const ad = parse(`${hex} 02 01 06`);
    assert.equal(ad.malformedStructures, 1, what);
    assert.equal(ad.flags, 6, what);
    assert.deepEqual([ad.serviceData, ad.manufacturerData, ad.appearance, ad.txPowerDbm], [[], [], null, null], what);
  }
});

test("readAdStructures() keeps the whole UUIDs of a list whose end is cut", () => {
  const ad = parse("04 03 0f18 0a 02 01 06");
  assert.deepEqual(ad.serviceUuids, ["0000180f-0000-1000-8000-00805f9b34fb"]);
  assert.equal(ad.malformedStructures, 1);
  assert.equal(ad.flags, 6);
  assert.equal(parse("01 03").malformedStructures, 0);
});

test("readAdStructures() ends at a length of zero, which is no fault", () => {
  const ad = parse("02 01 06 00 05 ff 9904 0102");
  assert.equal(ad.flags, 6);
  assert.deepEqual(ad.manufacturerData, []);
  assert.equal(ad.malformedStructures, 0);
});

test("readAdStructures() reads the signs of transmit power", () => {
  assert.equal(parse("02 0a 81").txPowerDbm, -127);
  assert.equal(parse("02 0a 7f").txPowerDbm, 127);
});

test("readAdStructures() reads back whatever was built", () => {
  fc.assert(fc.property(adPayload(1650), ({ data, says }) => {
    const ad = read(data);
    for (const [key, value] of Object.entries(ad)) {
      assert.deepEqual(value, says[key as keyof typeof says], key);
    }
  }));
});

test("readAdStructures() counts each cut structure once and never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1650 }), (data) => {
    const { malformedStructures } = read(data);
    assert.ok(malformedStructures <= data.length / 2 + 1);
  }));
});

test("readAdStructures() keeps what precedes any cut", () => {
  fc.assert(fc.property(adPayload(200), fc.nat(), ({ data }, anywhere) => {
    const cut = data.subarray(0, anywhere % (data.length + 1));
    const whole = read(data).manufacturerData;
    assert.deepEqual(
      read(cut).manufacturerData,
      whole.slice(0, read(cut).manufacturerData.length),
    );
  }));
});

test("readAdStructures() keeps each UUID of a full extended payload once", () => {
  const list = concat(...Array.from({ length: 127 }, (_, index) => Uint8Array.of(index, 0x20)));
  const data = concat(...Array.from({ length: 6 }, () => concat(Uint8Array.of(255, 0x03), list)));
  assert.equal(read(data).serviceUuids.length, 127);
});
