import { ok } from "node:assert/strict";
import fc from "fast-check";
import { RateLimit } from "../../src/mqtt/rate_limit.ts";
import { test } from "../support/test.ts";

test("RateLimit lets as many through in any second and a quarter as it may, and no more, whenever they come", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 20 }),
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 300 }),
    (most, pausesMs) => {
      const limit = new RateLimit(most);
      const sentMs: number[] = [];
      let nowMs = 0;
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs;
        const recent = sentMs.filter((atMs) => atMs > nowMs - 1_250).length;
        const waitMs = limit.waitMs(nowMs);
        ok((waitMs === 0) === (recent < most), `${recent} of late, wait of ${waitMs} ms`);
        if (waitMs > 0) continue;
        limit.sent(nowMs);
        sentMs.push(nowMs);
      }
    },
  ));
});
