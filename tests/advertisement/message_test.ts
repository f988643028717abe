import assert from "node:assert/strict";
import fc from "fast-check";
import { messageSchema } from "../../src/advertisement/message_schema.ts";
import {
  type Advertisement,
  type Message,
  MessageEncoder,
  type MessageOptions,
  messageTopics,
} from "../../src/advertisement/mod.ts";
import { messageJsonSchema } from "../../src/advertisement/schema.ts";
import { adStructure, extendedReportsPacket, legacyReportsPacket } from "../../src/hci/mod.ts";
import { run } from "../support/programs.ts";
import { test } from "../support/test.ts";
import { bytes, extendedReport, legacyReport, readOne, someAdvertisement } from "./support.ts";

const standard: MessageOptions = { scannerId: "scanner-01", fields: "standard", runId: "r1" };
const full: MessageOptions = { scannerId: "scanner-01", fields: "full", runId: "r1" };

const encodeMessage = (heard: Advertisement, options: MessageOptions): string =>
  new MessageEncoder(options).encode(heard);
const toMessage = (heard: Advertisement, options: MessageOptions): Message => JSON.parse(encodeMessage(heard, options));

const SEVEN_KEYS = [
  "scanner_id",
  "mac_address",
  "rssi",
  "timestamp",
  "manufacturer_data",
  "service_uuids",
  "local_name",
];

test("MessageEncoder writes the seven keys in order", () => {
  const heard = someAdvertisement({
    manufacturerData: [{ companyId: 0x004c, data: bytes("02150123") }],
    serviceUuids: ["0000180f-0000-1000-8000-00805f9b34fb"],
    localName: "TempSensor_01",
  });
  assert.equal(
    encodeMessage(heard, standard),
    '{"scanner_id":"scanner-01","mac_address":"AA:BB:CC:DD:EE:FF","rssi":-67,"timestamp":"2026-01-11T10:30:45.123Z",' +
      '"manufacturer_data":{"4c00":"02150123"},"service_uuids":["0000180f-0000-1000-8000-00805f9b34fb"],' +
      '"local_name":"TempSensor_01"}',
  );
});

test("MessageEncoder writes the seven keys where nothing is known", () => {
  assert.equal(
    encodeMessage(someAdvertisement({ rssiDbm: null }), standard),
    '{"scanner_id":"scanner-01","mac_address":"AA:BB:CC:DD:EE:FF","rssi":null,"timestamp":"2026-01-11T10:30:45.123Z",' +
      '"manufacturer_data":{},"service_uuids":[],"local_name":null}',
  );
});

test("MessageEncoder adds service data and transmit power only where there are any", () => {
  const heard = someAdvertisement({
    serviceData: [{ uuid: "0000180f-0000-1000-8000-00805f9b34fb", data: bytes("5a") }],
    txPowerDbm: 0,
  });
  assert.ok(
    encodeMessage(heard, standard).endsWith(
      ',"local_name":null,"service_data":{"0000180f-0000-1000-8000-00805f9b34fb":"5a"},"tx_power":0}',
    ),
  );
});

test("MessageEncoder adds everything that is known to full fields", () => {
  const heard = someAdvertisement({
    flags: 6,
    appearance: 0x0340,
    solicitedUuids: ["0000180d-0000-1000-8000-00805f9b34fb"],
    secondaryPhy: "2M",
    sid: 3,
    data: bytes("020106"),
  });
  assert.ok(
    encodeMessage(heard, full).endsWith(
      ',"local_name":null,"address_type":"random","adv_type":"ADV_IND","connectable":true,"scannable":true,"flags":6,' +
        '"appearance":832,"solicited_uuids":["0000180d-0000-1000-8000-00805f9b34fb"],"primary_phy":"1M",' +
        '"secondary_phy":"2M","sid":3,"raw":"020106","data_status":"complete","run_id":"r1","seq":1}',
    ),
  );
});

test("MessageEncoder writes null for full fields that are not known", () => {
  const { connectable, flags, appearance, primary_phy, secondary_phy, sid } = toMessage(
    someAdvertisement({ connectable: null, primaryPhy: null }),
    full,
  );
  assert.deepEqual([connectable, flags, appearance, primary_phy, secondary_phy, sid], [
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("MessageEncoder counts its messages from 1, those that do not say so included, over a change of its options", () => {
  const encoder = new MessageEncoder(full);
  const next = (): Message => JSON.parse(encoder.encode(someAdvertisement()));
  assert.deepEqual([next().seq, next().seq], [1, 2]);
  encoder.configure(standard);
  assert.deepEqual(Object.keys(next()), SEVEN_KEYS);
  encoder.configure(full);
  const { seq, run_id } = next();
  assert.deepEqual([seq, run_id], [4, "r1"]);
});

test("MessageEncoder writes a company identifier as its two bytes in over-the-air order", () => {
  const companies: [number, string][] = [[0x004c, "4c00"], [0x0499, "9904"], [0x000f, "0f00"], [0xffff, "ffff"], [
    0,
    "0000",
  ]];
  for (const [companyId, key] of companies) {
    const heard = someAdvertisement({ manufacturerData: [{ companyId, data: bytes("01") }] });
    assert.deepEqual(toMessage(heard, standard).manufacturer_data, { [key]: "01" });
  }
});

test("MessageEncoder joins the data of one company or service in order", () => {
  const heard = someAdvertisement({
    manufacturerData: [
      { companyId: 0x0499, data: bytes("01") },
      { companyId: 0x004c, data: bytes("") },
      { companyId: 0x0499, data: bytes("02") },
    ],
    serviceData: [{ uuid: "a", data: bytes("01") }, { uuid: "a", data: bytes("02") }],
  });
  const message = encodeMessage(heard, standard);
  assert.ok(message.includes('"manufacturer_data":{"9904":"0102","4c00":""}'), message);
  assert.ok(message.includes('"service_data":{"a":"0102"}'), message);
});

test("MessageEncoder escapes names from the air and the scanner's own", () => {
  const localName = 'a"\\\n\0\u2028\ufffd{}';
  const message = toMessage(someAdvertisement({ localName }), { scannerId: '"', fields: "standard", runId: "r1" });
  assert.equal(message.local_name, localName);
  assert.equal(message.scanner_id, '"');
});

test("MessageEncoder lets no key from the air reach a prototype", () => {
  fc.assert(fc.property(fc.nat(0xffff), (companyId) => {
    const heard = someAdvertisement({ manufacturerData: [{ companyId, data: bytes("01") }] });
    const [key] = Object.keys(toMessage(heard, standard).manufacturer_data);
    assert.match(key ?? "", /^[0-9a-f]{4}$/);
  }));
});

for (
  const [template, topic] of [
    ["ble/raw/{scanner_id}/{mac_address}", "ble/raw/s-1/AA:BB:CC:DD:EE:FF"],
    ["{scanner_id}/{mac_hex}/{scanner_id}", "s-1/AABBCCDDEEFF/s-1"],
    ["$aws/rules/ble/{scanner_id}", "$aws/rules/ble/s-1"],
    ["{mac_address}", "AA:BB:CC:DD:EE:FF"],
  ] as const
) {
  test(`messageTopics() makes ${topic} of ${template}`, () => {
    assert.equal(messageTopics(template, "s-1")("AA:BB:CC:DD:EE:FF"), topic);
  });
}

const hostileName = fc.array(
  fc.oneof(
    fc.constantFrom(
      "\n",
      "\r",
      "\u001b[2J",
      "\u009b31m",
      "\u202e",
      "\u2066",
      "\u2028",
      "\ufeff",
      "\0",
      '"',
      "\\",
      "/",
      "+",
      "#",
    ),
    fc.constantFrom('","mac_address":"00:00:00:00:00:00', "\\u0022", "$SYS", "../"),
    fc.string({ unit: "grapheme", maxLength: 4 }),
  ),
  { maxLength: 5 },
).map((parts) => parts.join(""));
const hostileData = hostileName.map((name) => adStructure(0x09, new TextEncoder().encode(name).subarray(0, 29)));

const anyHeard = fc.oneof(
  legacyReport.map((report) => readOne(legacyReportsPacket(report))),
  extendedReport.map((report) => readOne(extendedReportsPacket(report))),
);

test("MessageEncoder writes JSON of the schema, the seven keys first, for any report", () => {
  fc.assert(fc.property(anyHeard, fc.constantFrom(standard, full), fc.string(), (heard, { fields }, scannerId) => {
    const options = { scannerId, fields, runId: scannerId };
    const text = encodeMessage(heard, options);
    const message = JSON.parse(text);
    assert.deepEqual(messageSchema.parse(message), message, "no key is unknown to the schema");
    assert.deepEqual(Object.keys(message).slice(0, 7), SEVEN_KEYS);
    assert.deepEqual(toMessage(heard, options), message);
    assert.equal(message.scanner_id, scannerId);
    assert.equal(message.raw, fields === "full" ? heard.data.toHex() : undefined);
    // JSON.stringify moves keys that look like array indexes to the front; nothing else may differ.
    assert.equal([...JSON.stringify(message)].sort().join(""), [...text].sort().join(""));
  }));
});

test("messageTopics() takes nothing from the air but the six bytes of an address", () => {
  const packet = fc.oneof(
    fc.tuple(legacyReport, hostileData).map(([report, data]) => legacyReportsPacket({ ...report, data })),
    fc.tuple(extendedReport, hostileData).map(([report, data]) => extendedReportsPacket({ ...report, data })),
  );
  fc.assert(fc.property(packet, (bytes) => {
    const { address } = readOne(bytes);
    assert.match(
      messageTopics("ble/raw/{scanner_id}/{mac_address}", "s1")(address),
      /^ble\/raw\/s1\/[0-9A-F]{2}(:[0-9A-F]{2}){5}$/,
    );
  }));
});

test("MessageEncoder gives a hostile name back as it was, and no further key", () => {
  fc.assert(fc.property(hostileName, (name) => {
    const data = adStructure(0x09, new TextEncoder().encode(name));
    const report = { eventType: 0, addressType: 1, address: bytes("010203040506"), rssiDbm: -60 };
    const heard = readOne(extendedReportsPacket({ ...report, data }));
    const message = JSON.parse(encodeMessage(heard, standard));
    assert.deepEqual(Object.keys(message), SEVEN_KEYS);
    assert.equal(message.local_name, name.replace(/\0+$/, "") || null);
  }));
});

test("messageSchema refuses messages that are not as promised", () => {
  const message = toMessage(someAdvertisement(), full);
  assert.ok(messageSchema.safeParse(message).success);
  const wrong = [
    { mac_address: "aa:bb:cc:dd:ee:ff" },
    { rssi: -300 },
    { rssi: 127 },
    { timestamp: "2026-01-11T10:30:45Z" },
    { timestamp: "2026-01-11 10:30:45.123" },
    { manufacturer_data: { "4C00": "" } },
    { manufacturer_data: { "4c00": "0" } },
    { service_uuids: ["180f"] },
    { local_name: undefined },
    { service_data: { "180f": "00" } },
    { adv_type: "ADV" },
    { sid: 16 },
    { seq: 0 },
    { run_id: 1 },
  ];
  for (const change of wrong) {
    assert.equal(messageSchema.safeParse({ ...message, ...change }).success, false, JSON.stringify(change));
  }
});

test("messageJsonSchema() requires the seven keys and describes all", () => {
  const schema = messageJsonSchema();
  assert.deepEqual(schema.required, SEVEN_KEYS);
  assert.equal(schema.additionalProperties, undefined, "later versions may add keys");
  const properties = Object.entries(schema.properties ?? {});
  assert.deepEqual(properties.map(([key]) => key), [
    ...Object.keys(
      toMessage(someAdvertisement({ serviceData: [{ uuid: "a", data: bytes("") }], txPowerDbm: 0 }), full),
    ),
  ]);
  for (const [key, property] of properties) assert.ok(property.description, `${key} has no description`);
});

test("src/advertisement/mod.ts does not load zod", async () => {
  const info = await run(Deno.execPath(), "info", "--json", import.meta.resolve("../../src/advertisement/mod.ts"));
  const { modules } = JSON.parse(info) as { modules: { specifier: string }[] };
  const names = modules.map(({ specifier }) => specifier);
  assert.ok(names.some((name) => name.endsWith("/message.ts")));
  assert.deepEqual(names.filter((name) => name.includes("zod") || name.includes("schema")), []);
});
