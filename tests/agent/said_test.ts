import assert from "node:assert/strict";
import fc from "fast-check";
import { Said } from "../../src/agent/said.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const says = (data: Uint8Array, address = "AA:BB:CC:DD:EE:FF") => someAdvertisement({ address, data });
const number = (value: number, bytes = 4) => Uint8Array.from({ length: bytes }, (_, at) => value >>> 8 * at);

test("Said tells any two payloads apart, and the same for the same", () => {
  const data = fc.uint8Array({ maxLength: 40 });
  fc.assert(fc.property(data, data, (one, other) => {
    const said = new Said(1_000, new FakeClock());
    said.note(says(one));
    assert.equal(said.isNews(says(other)), one.join() !== other.join());
  }));
});

test("Said tells payloads apart that count upwards, whatever its keys", () => {
  for (const random of [() => 0, () => 0.5, Math.random]) {
    for (let value = 0; value < 20_000; value++) {
      const said = new Said(1_000, new FakeClock(), random);
      said.note(says(number(value)));
      assert.ok(said.isNews(says(number(value + 1))));
    }
  }
});

test("Said knows the last four payloads of a device", () => {
  const said = new Said(1_000, new FakeClock());
  for (let value = 0; value < 5; value++) said.note(says(number(value)));
  assert.deepEqual([0, 1, 2, 3, 4].map((value) => said.isNews(says(number(value)))), [
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("Said does not forget who is in range for the many who pass by, and forgets those", () => {
  const said = new Said(Infinity, new FakeClock());
  const passer = (value: number) =>
    says(number(0), [...number(value, 6)].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":"));
  const stays = says(number(1));
  said.note(stays);
  for (let value = 0; value < 20_000; value++) {
    said.note(passer(value));
    if (value % 100 === 0) assert.equal(said.isNews(stays), false);
  }
  assert.equal(said.isNews(passer(0)), true);
  assert.equal(said.isNews(passer(19_999)), false);
});
