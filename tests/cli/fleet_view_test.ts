import assert from "node:assert/strict";
import { collect } from "../../src/cli/fleet/collect.ts";
import { survey } from "../../src/cli/fleet/survey.ts";
import { FleetView } from "../../src/cli/fleet/view.ts";
import { type Key, parseKeys } from "../../src/cli/live/mod.ts";
import { ConnectionFailure } from "../../src/mqtt/mod.ts";
import type { Stats } from "../../src/status/mod.ts";
import { displayWidth } from "../../src/text/mod.ts";
import { test } from "../support/test.ts";
import { FleetRig } from "./fleet_support.ts";

const SIZE = { columns: 80, rows: 12 };
const REVERSE = "\x1b[7m";

/** A live table of `pi-1` to `pi-20`, of which the fifth is offline. */
function someView() {
  const rig = new FleetRig();
  for (let i = 1; i <= 20; i++) rig.status({ scanner_id: `pi-${i}` }, true);
  rig.status({ scanner_id: "pi-5", status: "offline", scanning: false, reason: "connection lost" }, true);
  const state = { disconnection: null as string | null };
  const view = new FleetView({
    look: () => survey(rig.fleet, rig.moment, { expected: null, filters: [] }),
    disconnection: () => state.disconnection,
    broker: () => "mqtt://b:1883",
  });
  view.frame(SIZE);
  const press = (typed: string) => {
    const next = view.typed(typed);
    return { next, frame: view.frame(SIZE) };
  };
  return { rig, view, state, press };
}

/** The scanners of a frame, the chosen one in brackets. */
function shown(frame: readonly string[]): string {
  const ids = frame.flatMap((line) => {
    const [, id] = /^(pi-\d+) {2}/.exec(line.replace(REVERSE, "")) ?? [];
    return id === undefined ? [] : [line.startsWith(REVERSE) ? `[${id}]` : id];
  });
  return ids.join(" ").replaceAll("pi-", "");
}

test("parseKeys() tells keys that type nothing from those that do, and sequences that it does not know from both", () => {
  const names = (typed: string) =>
    parseKeys(typed).map((key: Key) => key.name === "character" ? key.character : key.name);
  assert.deepEqual(names("aé名\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~\r\n\x7f\x1b"), [
    ...["a", "é", "名", "up", "down", "page up", "page down", "home", "end", "enter", "enter", "backspace", "escape"],
  ]);
  assert.deepEqual(names("\x1b[15~\x1b[1;5C\x00\x1b[A"), ["up"]);
  assert.deepEqual(names("\x1bq"), ["escape", "q"]);
});

test("FleetView shows as many as there is room for, the worst first, and follows the one that is chosen", () => {
  const { view, press } = someView();
  const frame = view.frame(SIZE);
  assert.equal(frame.length, 12);
  assert.equal(frame[0], "20 scanners at mqtt://b:1883: 1 with something wrong");
  assert.match(frame.at(-1) ?? "", /^by worst {2}.*q quit$/);
  assert.equal(shown(frame), "5 1 2 3 4 6 7 8 9");
  assert.equal(shown(press("\x1b[B").frame), "5 [1] 2 3 4 6 7 8 9");
  assert.equal(shown(press("jj").frame), "5 1 2 [3] 4 6 7 8 9");
  assert.equal(shown(press("\x1b[F").frame), "12 13 14 15 16 17 18 19 [20]");
  assert.equal(shown(press("k\x1b[B\x1b[B").frame), "12 13 14 15 16 17 18 19 [20]");
  assert.equal(shown(press("\x1b[H\x1b[A").frame), "[5] 1 2 3 4 6 7 8 9");
});

test("FleetView sorts by what s has come to", () => {
  const { press } = someView();
  assert.match(press("s").frame.at(-1) ?? "", /^by id /);
  assert.equal(shown(press("").frame), "1 2 3 4 5 6 7 8 9");
  assert.match(press("S").frame.at(-1) ?? "", /^by worst /);
  assert.match(press("S").frame.at(-1) ?? "", /^by version /);
});

test("FleetView filters by what is typed, of which q is a letter", () => {
  const { press } = someView();
  const typing = press("/pi-1q");
  assert.equal(typing.next, "redraw");
  assert.match(typing.frame.at(-1) ?? "", /^filter: pi-1q/);
  assert.equal(shown(typing.frame), "");
  assert.equal(shown(press("\x7f").frame), "1 10 11 12 13 14 15 16 17");
  assert.match(press("\r").frame.at(-1) ?? "", /^only “pi-1”: 11 {2}by worst/);
  assert.equal(shown(press("\x1b").frame), "5 1 2 3 4 6 7 8 9");
  assert.match(press("/\x1b[A\u202e").frame.at(-1) ?? "", /^filter: ▏/); // what would not be shown is not typed
  assert.match(press(`${"x".repeat(500)}`).frame.at(-1) ?? "", /^filter: x{64}▏/);
});

test("FleetView filters by labels and by the digest of the configuration, too", () => {
  const { rig, press } = someView();
  rig.status({ scanner_id: "pi-3", labels: { room: "attic" }, config_digest: "fedcba9876543210" });
  assert.equal(shown(press("/room=attic").frame), "3");
  press("\x1b");
  assert.equal(shown(press("/fedcba").frame), "3");
});

test("FleetView looks into one, scrolls, and goes back", () => {
  const { rig, press } = someView();
  const detail = press("j\r").frame;
  assert.equal(detail[1], "pi-1: scanning for 90m");
  assert.match(detail.at(-1) ?? "", /^Esc back/);
  assert.match(press("j").frame[1] ?? "", /not heard yet/);
  assert.match(press("\x1b[F").frame.at(-2) ?? "", /^ {2}statistics +none came$/);
  assert.equal(shown(press("\x1b").frame), "5 [1] 2 3 4 6 7 8 9");
  press("\r");
  rig.publish("ble/status/pi-1", "");
  assert.equal(press("").frame[1], "pi-1 is no longer there");
  assert.equal(press("q").next, "quit");
});

test("FleetView says that it is not connected, and why, above what was seen last", () => {
  const { state, press } = someView();
  state.disconnection = "connection refused\x1b[2J (5s)";
  const { frame } = press("");
  assert.deepEqual(frame.slice(0, 2), [
    "Not connected: connection refused\\u001b[2J (5s)",
    "Last seen: 20 scanners at mqtt://b:1883: 1 with something wrong",
  ]);
  assert.equal(frame.length, 12);
});

test("FleetView is no higher and no wider than the terminal, whatever it is and shows", () => {
  const { rig, view, press } = someView();
  for (let i = 0; i < 9; i++) rig.publish(`ble/status/${"名".repeat(50)}${i}`, "");
  for (const keys of ["", "j", "/x", "\x1b", "\r"]) {
    press(keys);
    for (const size of [{ columns: 1, rows: 1 }, { columns: 20, rows: 3 }, { columns: 80, rows: 5 }, SIZE]) {
      const frame = view.frame(size);
      assert.ok(frame.length <= size.rows, `${frame.length} of ${size.rows}`);
      for (const line of frame) {
        const plain = line.replace(REVERSE, "").replace("\x1b[0m", "");
        assert.ok(displayWidth(plain) <= size.columns, `${line} in ${size.columns}`);
      }
    }
  }
});

/** Collects, and says after how many seconds it was done. */
async function collecting(
  rig: FleetRig,
  expected: readonly string[] | null,
  during: () => Promise<void>,
  durationMs: number | null = null,
): Promise<number> {
  let doneMs: number | null = null;
  const options = { durationMs, expected: expected === null ? null : new Set(expected) };
  const { signal } = new AbortController();
  const collected = collect({ fleet: rig.fleet, usualIntervalMs: 60_000 }, options, rig.clock, signal)
    .then(() => doneMs = rig.clock.monotonicMs());
  await during();
  for (let s = 0; doneMs === null && s < 1_000; s++) await rig.clock.advance(1_000);
  await collected;
  return Math.round((doneMs ?? 0) / 1_000);
}

test("collect() is done once every scanner that the broker knows is offline or has sent statistics", async () => {
  const rig = new FleetRig();
  const doneS = await collecting(rig, null, async () => {
    rig.status({ scanner_id: "a" }, true);
    rig.status({ scanner_id: "b", status: "offline" }, true);
    await rig.clock.advance(40_000);
    rig.stats({ scanner_id: "a" });
  });
  assert.equal(doneS, 40);
});

test("collect() waits for an interval and a half where a broker keeps nothing, unless all that are expected came", async () => {
  const told = (rig: FleetRig) => async () => {
    await rig.clock.advance(10_000);
    rig.stats();
    rig.status();
  };
  const unknown = new FleetRig();
  assert.equal(await collecting(unknown, null, told(unknown)), 95);
  const known = new FleetRig();
  assert.equal(await collecting(known, ["s1"], told(known)), 12);
  const missed = new FleetRig();
  assert.equal(await collecting(missed, ["s1", "s2"], told(missed)), 95);
});

test("collect() waits for a scanner's own interval, bounded, and for no longer than it may", async () => {
  const status = (interval_s: number) => async () => await Promise.resolve(rig.status({ interval_s }, true));
  let rig = new FleetRig();
  assert.equal(await collecting(rig, null, status(100)), 155);
  rig = new FleetRig();
  assert.equal(await collecting(rig, null, status(1e9)), 905);
  rig = new FleetRig();
  assert.equal(await collecting(rig, null, status(100), 7_000), 7);
});

test("collect() gives up at once where only a person can help, and after 20 s where nobody answers", async () => {
  const failing = (kind: "rejected" | "unreachable") => {
    const rig = new FleetRig(false);
    rig.fleet.setConnection({ kind: "failed", failure: new ConnectionFailure(kind, "no", null) });
    return rig;
  };
  assert.equal(await collecting(failing("rejected"), null, () => Promise.resolve()), 0);
  assert.equal(await collecting(failing("unreachable"), null, () => Promise.resolve()), 20);
});

test("collect() gives up 20 s after the connection was lost, whatever is known by then", async () => {
  const failure = new ConnectionFailure("unreachable", "no", null);
  for (const isKnown of [true, false]) {
    const rig = new FleetRig();
    const doneS = await collecting(rig, null, async () => {
      if (isKnown) rig.status({}, true);
      await rig.clock.advance(40_000);
      rig.fleet.setConnection({ kind: "failed", failure });
      await rig.clock.advance(19_000);
    });
    assert.equal(doneS, 60);
  }
  const flapping = new FleetRig();
  const doneS = await collecting(flapping, null, async () => {
    flapping.status({}, true);
    for (let i = 0; i < 50; i++) {
      await flapping.clock.advance(10_000);
      flapping.fleet.setConnection({ kind: "failed", failure });
      await flapping.clock.advance(1_000);
      flapping.subscribed();
    }
  });
  assert.equal(doneS, 230);
});

test("collect() waits for the next statistics where the first tell of drops or misses, bounded", async () => {
  const telling = (rig: FleetRig, lost: Partial<Stats>, seconds: readonly number[]) => async () => {
    rig.status({}, true);
    for (const [i, s] of seconds.entries()) {
      await rig.clock.advance(s * 1_000 - rig.clock.monotonicMs());
      rig.status();
      rig.stats({ uptime_s: 60 * (i + 1), dropped_backpressure: 0, ...lost });
    }
  };
  const after = async (lost: Partial<Stats>, ...seconds: number[]) => {
    const rig = new FleetRig();
    return await collecting(rig, null, telling(rig, lost, seconds));
  };
  assert.equal(await after({}, 50), 50);
  assert.equal(await after({ dropped_backpressure: 100 }, 50, 110), 110);
  assert.equal(await after({ missed: 1 }, 50, 110), 110);
  assert.equal(await after({ missed: 1 }, 50), 185); // it says nothing more
  const limited = new FleetRig();
  assert.equal(await collecting(limited, null, telling(limited, { missed: 1 }, [50]), 70_000), 70);
});
