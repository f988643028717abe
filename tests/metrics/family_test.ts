import assert from "node:assert/strict";
import { encode, type Family } from "../../src/metrics/family.ts";
import { test } from "../support/test.ts";

const FAMILIES: readonly Family[] = [
  { name: "lost", type: "counter", help: "Lost.", samples: [{ labels: { why: "a" }, value: 1 }, { value: 2.5 }] },
  { name: "heat", type: "gauge", help: "Back\\slash\nand line.", samples: [{ value: -1 }] },
  { name: "thing", type: "info", help: "It.", samples: [{ labels: { name: 'a "b"\\\n' }, value: 1 }] },
  { name: "absent", type: "gauge", help: "Not known.", samples: [] },
  {
    name: "lag_seconds",
    type: "histogram",
    help: "Lag.",
    distribution: { bounds: [0.5, 1], counts: [3, 0, 2], sum: 9 },
  },
];

test("encode() writes Prometheus' text format, in which samples have types and help", () => {
  assert.equal(
    encode(FAMILIES, "prometheus", { id: "s" }),
    `# TYPE lost_total counter
# HELP lost_total Lost.
lost_total{id="s",why="a"} 1
lost_total{id="s"} 2.5
# TYPE heat gauge
# HELP heat Back\\\\slash\\nand line.
heat{id="s"} -1
# TYPE thing_info gauge
# HELP thing_info It.
thing_info{id="s",name="a \\"b\\"\\\\\\n"} 1
# TYPE lag_seconds histogram
# HELP lag_seconds Lag.
lag_seconds_bucket{id="s",le="0.5"} 3
lag_seconds_bucket{id="s",le="1.0"} 3
lag_seconds_bucket{id="s",le="+Inf"} 5
lag_seconds_sum{id="s"} 9
lag_seconds_count{id="s"} 5
`,
  );
});

test("encode() writes OpenMetrics, in which families have them, with the same samples and an end", () => {
  const [prometheus = [], openMetrics = []] = (["prometheus", "openmetrics"] as const)
    .map((format) => encode(FAMILIES, format, {}).split("\n"));
  const isSample = (line: string) => line !== "" && !line.startsWith("#");
  assert.deepEqual(openMetrics.filter(isSample), prometheus.filter(isSample));
  assert.deepEqual(openMetrics.filter((line) => /^# (TYPE|EOF)/.test(line)), [
    "# TYPE lost counter",
    "# TYPE heat gauge",
    "# TYPE thing info",
    "# TYPE lag_seconds histogram",
    "# EOF",
  ]);
});
