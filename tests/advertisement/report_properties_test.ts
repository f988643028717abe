import assert from "node:assert/strict";
import fc from "fast-check";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import { extendedReportsPacket, type LegacyReportFields, legacyReportsPacket } from "../../src/hci/mod.ts";
import { test } from "../support/test.ts";
import { adPayload, extendedReport, legacyReport, read } from "./support.ts";

/** What both kinds of report have in common, in the words of the builder. */
function asBuilt({ address, data, rssiDbm }: Advertisement): Partial<LegacyReportFields> {
  return {
    address: Uint8Array.fromHex(address.replaceAll(":", "")).toReversed(),
    data,
    rssiDbm: rssiDbm ?? 127,
  };
}

const commonOf = ({ address, data, rssiDbm }: LegacyReportFields) => ({ address, data, rssiDbm });
const PHYS = [null, "1M", "2M", "coded"];
const TYPES = ["public", "random", "public_identity", "random_identity"];

test("ReportReader reads back every legacy report that was built", () => {
  fc.assert(fc.property(fc.array(legacyReport, { minLength: 1, maxLength: 6 }), (reports) => {
    const { advertisements, reasons } = read([legacyReportsPacket(...reports)]);
    assert.deepEqual(reasons, []);
    assert.deepEqual(advertisements.map(asBuilt), reports.map(commonOf));
    assert.deepEqual(
      advertisements.map((one) => TYPES.indexOf(one.addressType)),
      reports.map((one) => one.addressType),
    );
  }));
});

test("ReportReader reads back every extended report that was built", () => {
  fc.assert(fc.property(fc.array(extendedReport, { minLength: 1, maxLength: 3 }), (reports) => {
    const { advertisements, reasons } = read([extendedReportsPacket(...reports)]);
    assert.deepEqual(reasons, []);
    assert.deepEqual(advertisements.map(asBuilt), reports.map(commonOf));
    advertisements.forEach((heard, index) => {
      const built = reports[index];
      assert.equal(heard.sid, built?.sid);
      assert.equal(heard.primaryPhy, PHYS[built?.primaryPhy ?? 0]);
      assert.equal(heard.secondaryPhy, PHYS[built?.secondaryPhy ?? 0]);
      if (built?.txPowerDbm !== 127) assert.equal(heard.txPowerDbm, built?.txPowerDbm);
      const bits = [heard.connectable, heard.scannable, heard.directed, heard.scanResponse];
      assert.deepEqual(bits, [1, 2, 4, 8].map((bit) => ((built?.eventType ?? 0) & bit) !== 0));
    });
  }));
});

test("ReportReader says of each report what its AD structures say", () => {
  fc.assert(fc.property(legacyReport, adPayload(31), (report, { data, says }) => {
    const [heard] = read([legacyReportsPacket({ ...report, data })]).advertisements;
    for (
      const key of ["flags", "localName", "serviceUuids", "manufacturerData", "serviceData", "txPowerDbm"] as const
    ) {
      assert.deepEqual(heard?.[key], says[key], key);
    }
  }));
});
