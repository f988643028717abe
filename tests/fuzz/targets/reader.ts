import assert from "node:assert/strict";
import { type Advertisement, ReportReader } from "../../../src/advertisement/mod.ts";
import type { Target } from "../fuzzer.ts";
import { PAUSE, pauseMs } from "./pause.ts";
import { ReferenceReader } from "./reference_reader.ts";
import { AD_WORDS, FRAGMENT_SEEDS, REPORT_SEEDS, REPORT_WORDS } from "./words.ts";

const MOST_CHAINS = 64;

/** HCI events, read by the reader under test and by another one: both find the same, event by event. */
export const readerTarget: Target = {
  name: "reader",
  share: 3,
  seeds: [...REPORT_SEEDS, ...FRAGMENT_SEEDS],
  words: [...AD_WORDS, ...REPORT_WORDS, PAUSE],
  execute(input) {
    let nowMs = 0;
    let found: string[] = [];
    const reader = new ReportReader({
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
      sink: { advertisement: (heard) => found.push(describe(heard)), invalid: () => found.push("invalid") },
    });
    const reference = new ReferenceReader();
    for (const piece of input) {
      nowMs += pauseMs(piece);
      found = [];
      reader.read(piece);
      assert.deepEqual(found, reference.read(piece, nowMs), piece.toHex());
      assert.ok(reader.pendingFragments <= MOST_CHAINS, "chains without bound");
    }
    found = [];
    reader.end();
    assert.equal(found.length, reference.pending, "chains that nobody counts");
    return Promise.resolve();
  },
};

function describe({ address, rssiDbm, data }: Advertisement): string {
  return `${address} ${rssiDbm} ${data.toHex()}`;
}
