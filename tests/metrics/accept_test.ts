import assert from "node:assert/strict";
import fc from "fast-check";
import { formatFor } from "../../src/metrics/mod.ts";
import { test } from "../support/test.ts";

const OPENMETRICS = [
  // Prometheus 2.42, 3.0
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.2",
  "application/openmetrics-text",
  'Application/OpenMetrics-Text; version = "1.0.0"',
];
const PROMETHEUS = [
  null,
  "",
  "*/*",
  "text/plain",
  "text/html,application/xhtml+xml,*/*;q=0.8",
  "application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5",
  "application/openmetrics-text;q=0",
  "application/openmetrics-text;version=2.0.0",
];

for (const accept of OPENMETRICS) {
  test(`formatFor() takes ${accept} for OpenMetrics`, () => assert.equal(formatFor(accept), "openmetrics"));
}

for (const accept of PROMETHEUS) {
  test(`formatFor() takes ${accept} for Prometheus' text`, () => assert.equal(formatFor(accept), "prometheus"));
}

test("formatFor() has an answer, whatever is asked for", () => {
  fc.assert(fc.property(fc.string(), (accept) => /^(openmetrics|prometheus)$/.test(formatFor(accept))));
});
