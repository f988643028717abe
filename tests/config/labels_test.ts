import assert from "node:assert/strict";
import fc from "fast-check";
import { renderConfig } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

const inYaml = (labels: string) => ({ yaml: `scanner:\n  id: s1\n  labels: ${labels}\n` });
const inVariable = (labels: string) => ({ flags: { scannerId: "s1" }, env: { BT_SCANNER_SCANNER_LABELS: labels } });

test("scanner.labels are read as they are written, from a file or a variable", async () => {
  for (const sources of [inYaml('{ room: attic, floor: 02, site: "on" }'), inVariable("room=attic,floor=02,site=on")]) {
    const { config } = await load(sources);
    assert.deepEqual(config.scanner.labels, { room: "attic", floor: "02", site: "on" });
  }
  assert.deepEqual((await load(inYaml("{}"))).config.scanner.labels, {});
});

test("scanner.labels that are wrong are told one by one, each with its place", async () => {
  const file = `
    a-b: x
    2nd: x
    __own: x
    long: ${"x".repeat(65)}
    empty: ""
    bell: "\\a"
    list: [x]
    good: x`;
  const expected = "expected a name of A-Z a-z 0-9 _, not beginning with a digit or __, " +
    "and a value of 1 to 64 visible characters, got ";
  assert.deepEqual(await problemsOf(inYaml(file)), [
    `c.yaml:4:5: scanner.labels: "a-b": ${expected}"x"`,
    `c.yaml:5:5: scanner.labels: "2nd": ${expected}"x"`,
    `c.yaml:6:5: scanner.labels: "__own": ${expected}"x"`,
    `c.yaml:7:5: scanner.labels: "long": ${expected}"${"x".repeat(65)}"`,
    `c.yaml:8:5: scanner.labels: "empty": ${expected}""`,
    `c.yaml:9:5: scanner.labels: "bell": ${expected}"\\u0007"`,
    `c.yaml:10:5: scanner.labels: "list": ${expected}a list`,
  ]);
});

const REFUSED: Readonly<Record<string, readonly [sources: Parameters<typeof load>[0], problem: RegExp]>> = {
  "one twice": [
    inYaml("{ room: a, floor: b, room: c }"),
    /c\.yaml:3:32: scanner\.labels: "room" is already set at c\.yaml:3:13/,
  ],
  "one twice in a variable": [inVariable("room=a,room=b"), /expected at most 16 names .*, got "room=a,room=b"/],
  "more than 16": [inVariable(Array.from({ length: 17 }, (_, n) => `l${n}=x`).join()), /expected at most 16 names/],
  "a name without a value": [
    inVariable("room"),
    /BT_SCANNER_SCANNER_LABELS: .*got "room"; write \{ room: attic \} in a file, room=attic in a variable$/,
  ],
  "a list": [inYaml("[room]"), /expected at most 16 names with their values, such as \{ room: attic \}, got/],
  "a text": [inYaml("room"), /expected at most 16 names .*, got "room"/],
  "__proto__ in a file": [inYaml("{ __proto__: x }"), /expected at most 16 names/],
  "__proto__ in a variable": [inVariable("__proto__=x"), /expected at most 16 names/],
};

for (const [what, [sources, problem]] of Object.entries(REFUSED)) {
  test(`scanner.labels are refused: ${what}`, async () => {
    const problems = await problemsOf(sources);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", problem);
  });
}

test("scanner.labels are what they were after check has printed them, whatever they say", async () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
  const value = fc.string({ unit: "grapheme", minLength: 1, maxLength: 64 }).filter((text) =>
    text.length <= 64 && /^[^\p{Cc}\p{Cs}\u2028\u2029]+$/u.test(text)
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 16, noNullPrototype: true }), async (labels) => {
      const { config } = await load(inYaml(JSON.stringify(labels)));
      assert.deepEqual(config.scanner.labels, labels);
      const again = await load({ yaml: renderConfig(config) });
      assert.deepEqual(again.config.scanner.labels, labels);
    }),
  );
});
