import assert from "node:assert/strict";
import { configDigest } from "../../src/config/digest.ts";
import { defaultConfig, listConfigKeys } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load } from "./load_support.ts";

const digestOf = async (sources: Parameters<typeof load>[0]) => (await load(sources)).digest;

test("the digest is the same for scanners that are configured alike, whoever they are and wherever that is set", async () => {
  const alike = [
    { yaml: "scanner: { id: s1 }\nmqtt: { client: { qos: 1 } }\nfilter: { min_rssi: -80 }" },
    {
      yaml:
        "filter: { min_rssi: -80, deny: [] }\nscanner: { id: s2, labels: { room: attic } }\nmqtt: { client: { qos: 1 } }",
    },
    { flags: { scannerId: "s3", qos: "1", adapter: "hci1" }, env: { BT_SCANNER_FILTER_MIN_RSSI: "-80" } },
    {
      yaml: "scanner: { id: s4 }\nmqtt: { client: { client_id: c, qos: 1 }, broker: { username: u, password: p } }\n" +
        "filter: { min_rssi: -80 }",
    },
  ];
  const digests = await Promise.all(alike.map(digestOf));
  assert.deepEqual(digests, digests.map(() => digests[0]));
  assert.equal(digests[0], "4c25214794713273", "FNV-1a of filter.min_rssi=-80 and mqtt.client.qos=1, a line each");
});

test("the digest of defaults is that of nothing, and one of names counts their bytes", () => {
  const usual = defaultConfig("s1");
  assert.equal(configDigest(usual), "cbf29ce484222325");
  assert.equal(configDigest({ ...usual, filter: { ...usual.filter, names: ["Küche"] } }), "7061d7bc87bb27d2");
});

const OWN = [
  "scanner.id",
  "scanner.labels",
  "scanner.adapter",
  "mqtt.broker.username",
  "mqtt.broker.password",
  "mqtt.client.client_id",
];

test("the digest tells configurations apart by every other key", () => {
  const config = defaultConfig("s1");
  const digest = configDigest(config);
  const seen = new Set([digest]);
  for (const { path } of listConfigKeys()) {
    const other = structuredClone(config);
    const segments = path.split(".");
    const name = segments.pop() ?? "";
    const section = segments.reduce(
      (at, each) => at[each] as Record<string, unknown>,
      other as Record<string, unknown>,
    );
    section[name] = "another one";
    const changed = configDigest(other);
    assert.equal(changed === digest, OWN.includes(path), path);
    if (!OWN.includes(path)) assert.ok(!seen.has(changed), path);
    seen.add(changed);
  }
});
