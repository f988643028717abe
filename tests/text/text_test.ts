import assert from "node:assert/strict";
import fc from "fast-check";
import { clipToWidth, displayWidth, escapeInvisible, padToWidth } from "../../src/text/mod.ts";
import { test } from "../support/test.ts";

/** Any string at all, lone surrogates too, rich in what is dangerous. */
const text = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom("\x1b[2J", "\x9b", "\r\n", "\0", "\u202e", "\u2066", "\u200d", "e\u0301\u0301\u0301", "名", "👍🏽"),
    fc.string({ unit: "grapheme" }),
  ),
  { maxLength: 30 },
).map((parts) => parts.join(""));

test("escapeInvisible() leaves what can be seen as it is", () => {
  for (const seen of ["", "TempSensor_01", "Küche é", "名前", "नमस्ते", "שלום", "❤\ufe0f👍🏽", "50 °C \ufffd", "e\u0301"]) {
    assert.equal(escapeInvisible(seen), seen);
  }
});

test("escapeInvisible() shows what cannot be seen as JSON does", () => {
  const hidden = {
    "\x1b[31m": "\\u001b[31m",
    "a\r\nb\0\x7f": "a\\u000d\\u000ab\\u0000\\u007f",
    "\x9b2J": "\\u009b2J",
    "\u202egnp.\u2066x\u2069": "\\u202egnp.\\u2066x\\u2069",
    "a\u200bb\ufeff\u00ad": "a\\u200bb\\ufeff\\u00ad",
    "\u3164\u115f": "\\u3164\\u115f",
    "\ud800x": "\\ud800x",
    "\u{e0041}": "\\udb40\\udc41",
    "a\u2028b\u2029": "a\\u2028b\\u2029",
    "\u0301x": "\\u0301x",
    " \u0301": " \\u0301",
    "e\u0301\u0302\u0303\u0304": "e\u0301\u0302\\u0303\\u0304",
  };
  for (const [written, shown] of Object.entries(hidden)) assert.equal(escapeInvisible(written), shown);
});

test("escapeInvisible() lets nothing through that a terminal does not simply show", () => {
  fc.assert(fc.property(text, (written) => {
    const shown = escapeInvisible(written);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/u);
    assert.doesNotMatch(shown, /(^|[\p{Z}])\p{M}|\p{M}{3}/u);
    assert.equal(escapeInvisible(shown), shown);
  }));
});

test("escapeInvisible() leaves the meaning of JSON", () => {
  fc.assert(fc.property(text, (written) => {
    assert.equal(JSON.parse(escapeInvisible(JSON.stringify(written))), written);
  }));
});

test("displayWidth() counts columns", () => {
  const widths = {
    "": 0,
    "abc": 3,
    "名前": 4,
    "한글": 4,
    "ｱｲ": 2,
    "Ａ": 2,
    "👍": 2,
    "e\u0301": 1,
    "❤\ufe0f": 2,
    "…": 1,
  };
  for (const [written, columns] of Object.entries(widths)) assert.equal(displayWidth(written), columns, written);
});

test("clipToWidth() clips between characters, and says that it did", () => {
  assert.equal(clipToWidth("sensor", 6), "sensor");
  assert.equal(clipToWidth("sensor", 5), "sens…");
  assert.equal(clipToWidth("名前名前", 6), "名前…");
  assert.equal(clipToWidth("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assert.equal(clipToWidth("名", 1), "…");
  assert.equal(clipToWidth("x", 0), "");
});

test("padToWidth() gives text of exactly the width", () => {
  fc.assert(fc.property(text, fc.nat(40), (written, columns) => {
    assert.equal(displayWidth(padToWidth(escapeInvisible(written), columns)), columns);
  }));
});
