import assert from "node:assert/strict";
import fc from "fast-check";
import type { Advertisement } from "../../src/advertisement/mod.ts";
import { NameRequests, WINDOW_MS } from "../../src/scanner_hci/name_requests.ts";
import { someAdvertisement } from "../advertisement/support.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

const SHARE = 0.05;
/** Seldom enough for any number of windows to be allowed. */
const PAUSE_MS = 10 * 60_000;

function asking(share = SHARE) {
  const clock = new FakeClock(0, settlePromises);
  return { clock, names: new NameRequests(share, clock) };
}

const device = (number: number): string =>
  number.toString(16).toUpperCase().padStart(12, "0").replace(/..(?!$)/g, "$&:");
const nameless = (address: string, more: Partial<Advertisement> = {}) => someAdvertisement({ address, ...more });
const answer = (address: string, localName: string | null) =>
  someAdvertisement({ address, localName, scanResponse: true, connectable: null });

/** Is active for once, in which nobody answers; returns whether that was due. */
async function unanswered({ clock, names }: ReturnType<typeof asking>): Promise<boolean> {
  if (!names.isDue) return false;
  names.begin();
  await clock.advance(WINDOW_MS);
  assert.ok(names.isDue);
  names.end();
  return true;
}

test("NameRequests has a scan active for who has no name and may answer, until it does", () => {
  const { names } = asking();
  assert.equal(names.isDue, false);
  names.heard(nameless("AA:BB:CC:DD:EE:FF"));
  assert.equal(names.isDue, true);
  names.begin();
  assert.equal(names.isDue, false);
  names.heard(nameless("AA:BB:CC:DD:EE:FF"));
  names.heard(answer("AA:BB:CC:DD:EE:FF", "Lock"));
  assert.equal(names.isDue, true);
  names.end();
  names.heard(nameless("AA:BB:CC:DD:EE:FF"));
  assert.equal(names.isDue, false);
});

test("NameRequests leaves those alone who have told a name, and those who answer nobody", () => {
  const { names } = asking();
  names.heard(nameless("00:00:00:00:00:01", { localName: "Lock" }));
  names.heard(nameless("00:00:00:00:00:01"));
  names.heard(nameless("00:00:00:00:00:02", { scannable: false }));
  names.heard(nameless("00:00:00:00:00:03", { directed: true }));
  names.heard(nameless("00:00:00:00:00:04", { addressType: "anonymous" }));
  assert.deepEqual([names.waiting, names.isDue], [0, false]);
});

test("NameRequests asks again before a name is forgotten, and a day later who has answered without one", async () => {
  const { clock, names } = asking();
  const [named, unnamed] = [device(1), device(2)];
  const meet = () => {
    names.heard(nameless(named));
    names.heard(nameless(unnamed));
    return names.waiting;
  };
  assert.equal(meet(), 2);
  names.begin();
  names.heard(answer(named, "Lock"));
  names.heard(answer(unnamed, null));
  names.end();
  await clock.advance(49 * 60_000);
  assert.equal(meet(), 0);
  await clock.advance(60_000);
  assert.equal(meet(), 1);
  await clock.advance(24 * 60 * 60_000);
  assert.equal(meet(), 2);
});

test("NameRequests asks whoever never answers ever more rarely, at last once a day", async () => {
  const asked = asking();
  const times: number[] = [];
  for (let minute = 0; minute < 5 * 24 * 60; minute++) {
    asked.names.heard(nameless("AA:BB:CC:DD:EE:FF"));
    if (await unanswered(asked)) times.push(minute);
    await asked.clock.advance(60_000);
  }
  const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  assert.deepEqual(waits.slice(0, 4), [1, 2, 10, 60]);
  assert.ok(waits.slice(4).every((wait) => wait >= 24 * 60 && wait <= 24 * 60 + 2), waits.join());
});

test("NameRequests keeps a scan active no longer than its share of the time and four windows, whoever comes", async () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 1, max: 20_000 }),
    who: fc.nat(1_000),
    what: fc.constantFrom("nameless", "named", "answer", "empty answer"),
  });
  const run = async (share: number, events: readonly { afterMs: number; who: number; what: string }[]) => {
    const { clock, names } = asking(share);
    let activeMs = 0;
    let isActive = false;
    for (const { afterMs, who, what } of events) {
      if (what === "nameless") names.heard(nameless(device(who)));
      else if (what === "named") names.heard(nameless(device(who), { localName: "x" }));
      else names.heard(answer(device(who), what === "answer" ? "x" : null));
      const dueMs = isActive ? Math.min(afterMs, WINDOW_MS) : afterMs;
      await clock.advance(dueMs);
      if (names.isDue) {
        if (isActive) activeMs += names.end();
        else names.begin();
        isActive = !isActive;
      }
      await clock.advance(isActive ? 0 : afterMs - dueMs);
      const nowMs = clock.monotonicMs();
      // It is looked at now and then only: by that much a window may be longer.
      assert.ok(activeMs <= 4 * WINDOW_MS + share * nowMs + WINDOW_MS, `${activeMs} of ${nowMs}`);
    }
  };
  const share = fc.double({ min: 0.001, max: 0.5, noNaN: true });
  await fc.assert(fc.asyncProperty(share, fc.array(event, { maxLength: 300 }), run), { numRuns: 50 });
});

test("NameRequests has no more waiting than it can ask at once, and remembers no more than it has room for", async () => {
  const asked = asking(0.5);
  for (let number = 0; number < 20_000; number++) asked.names.heard(nameless(device(number)));
  assert.equal(asked.names.waiting, 64);
  assert.ok(await unanswered(asked));
  assert.equal(asked.names.waiting, 0);
  await asked.clock.advance(PAUSE_MS);
  asked.names.heard(nameless(device(0)));
  assert.ok(asked.names.isDue);
});

test("NameRequests does not take who stays in range for new because many pass by", async () => {
  const asked = asking(0.5);
  const stays = nameless(device(0xffff_ffff));
  asked.names.heard(stays);
  for (let turn = 0; turn < 5; turn++) {
    await unanswered(asked);
    await asked.clock.advance(2 * 60 * 60_000);
    asked.names.heard(stays);
  }
  assert.equal(asked.names.isDue, false);
  for (let number = 0; number < 20_000; number++) {
    asked.names.heard(nameless(device(number), { localName: "x" }));
    if (number % 100 === 0) asked.names.heard(stays);
  }
  assert.equal(asked.names.waiting, 0);
});
