import { deepEqual, equal } from "node:assert/strict";
import { test } from "../support/test.ts";
import { answerTo } from "./name_server.ts";

/** A question for the address of `broker.test`. @see RFC 1035, 4.1 */
const QUESTION = Uint8Array.of(
  ...[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
  ...[6, ...new TextEncoder().encode("broker"), 4, ...new TextEncoder().encode("test"), 0],
  ...[0, 1, 0, 1],
);

test("answerTo() gives the address of a name", () => {
  const answer = answerTo(QUESTION, { "broker.test": "10.0.0.7" });
  deepEqual(answer.subarray(0, 12), Uint8Array.of(0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0));
  deepEqual(answer.subarray(12, QUESTION.length), QUESTION.subarray(12));
  deepEqual(answer.subarray(-6), Uint8Array.of(0, 4, 10, 0, 0, 7));
});

test("answerTo() knows no other name, and no other kind of address", () => {
  const unknown = answerTo(QUESTION, {});
  equal((unknown[3] ?? 0) & 0x0f, 3);
  equal(unknown.length, QUESTION.length);
  const sixth = answerTo(QUESTION.with(QUESTION.length - 3, 28), { "broker.test": "10.0.0.7" });
  equal((sixth[3] ?? 0) & 0x0f, 0);
  equal(sixth.length, QUESTION.length);
});
