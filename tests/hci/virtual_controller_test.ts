import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtualController } from "../../src/hci/virtual_controller.ts";
import { test } from "../support/test.ts";

// Opcodes, statuses and layouts are retyped from Bluetooth Core Specification 5.4, Vol 4, Part E, 7.
const RESET = 0x0c03;
const SET_SCAN_PARAMETERS = 0x200b;
const SET_SCAN_ENABLE = 0x200c;
const SET_EXTENDED_SCAN_PARAMETERS = 0x2041;
const SET_EXTENDED_SCAN_ENABLE = 0x2042;
const ACTIVE_60_OF_30 = [1, 0x60, 0, 0x30, 0, 0, 0];
const EXTENDED_ACTIVE_1M = [0, 0, 1, 1, 0x60, 0, 0x30, 0];

/** Sends a command and gives its Command Complete's return parameters; -1 and the status for Command Status. */
function ask(controller: VirtualController, opcode: number, parameters: readonly number[] = []): number[] {
  const answer = controller.answer(
    Uint8Array.of(1, opcode & 0xff, opcode >> 8, parameters.length, ...parameters),
  );
  assert.ok(answer);
  const [type, event, length, ...rest] = answer;
  assert.equal(type, 4);
  assert.equal(length, rest.length);
  if (event === 0x0f) {
    assert.deepEqual(rest.slice(1), [1, opcode & 0xff, opcode >> 8]);
    return [-1, rest[0] ?? -1];
  }
  assert.equal(event, 0x0e);
  assert.deepEqual(rest.slice(0, 3), [1, opcode & 0xff, opcode >> 8]);
  return rest.slice(3);
}

test("VirtualController answers what a driver asks to get going", () => {
  const controller = new VirtualController();
  assert.deepEqual(ask(controller, RESET), [0]);
  assert.deepEqual(ask(controller, 0x0c01, [0xff, 0xff, 0xfb, 0xff, 7, 0xf8, 0xbf, 0x3d]), [0]);
  assert.deepEqual(ask(controller, 0x2001, [0x1f, 0, 0, 0, 0, 0, 0, 0]), [0]);
  assert.deepEqual(ask(controller, 0x1001).slice(0, 2), [0, 0x0d]); // Bluetooth 5.4
  assert.equal(ask(controller, 0x1001).length, 9);
  assert.equal(ask(controller, 0x1009).length, 7);
  assert.equal(ask(controller, 0x1005).length, 8);
  assert.equal(ask(controller, 0x2002).length, 4);
  assert.deepEqual(ask(controller, 0x2031, [0, 5, 5]), [0]);
});

test("VirtualController names exactly the commands it knows as supported", () => {
  const bits = ask(new VirtualController(), 0x1002);
  assert.equal(bits.length, 65);
  const set = bits.slice(1).flatMap((byte, octet) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (1 << bit)) !== 0).map((bit) => `${octet}.${bit}`)
  );
  assert.deepEqual(
    set,
    "5.6 5.7 14.3 14.4 14.7 15.1 24.5 24.6 25.0 25.1 25.2 26.2 26.3 35.5 37.5 37.6".split(" "),
  );
});

test("VirtualController has the features coded PHY (bit 11) and extended advertising (bit 12)", () => {
  assert.deepEqual(ask(new VirtualController(), 0x2003), [0, 0, 0x18, 0, 0, 0, 0, 0, 0]);
});

test("VirtualController without extended advertising does not know its commands", () => {
  const controller = new VirtualController({ extendedAdvertising: false });
  assert.deepEqual(ask(controller, 0x2003), [0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal((ask(controller, 0x1002)[1 + 37] ?? -1) & 0b0110_0000, 0);
  assert.deepEqual(ask(controller, SET_EXTENDED_SCAN_PARAMETERS, EXTENDED_ACTIVE_1M), [-1, 0x01]);
  assert.deepEqual(ask(controller, SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0]), [-1, 0x01]);
  assert.deepEqual(ask(controller, SET_SCAN_ENABLE, [1, 0]), [0]);
});

test("VirtualController keeps LE host support", () => {
  const controller = new VirtualController();
  assert.deepEqual(ask(controller, 0x0c6d, [0, 0]), [0]);
  assert.deepEqual(ask(controller, 0x0c6c), [0, 0, 0]);
  assert.deepEqual(ask(controller, 0x0c6d, [1, 0]), [0]);
  assert.deepEqual(ask(controller, 0x0c6c), [0, 1, 0]);
  assert.deepEqual(ask(controller, 0x0c6d, [2, 0]), [0x12]);
});

test("VirtualController scans as legacy commands tell it, until disabled or reset", () => {
  const controller = new VirtualController();
  assert.deepEqual(controller.scan, { kind: "idle" });
  assert.deepEqual(ask(controller, SET_SCAN_PARAMETERS, ACTIVE_60_OF_30), [0]);
  assert.deepEqual(controller.scan, { kind: "idle" });
  assert.deepEqual(ask(controller, SET_SCAN_ENABLE, [1, 1]), [0]);
  assert.deepEqual(controller.scan, {
    kind: "scanning",
    active: true,
    intervalMs: 60,
    windowMs: 30,
    extended: false,
    filterDuplicates: true,
    le1mPhy: true,
    codedPhy: false,
  });
  assert.deepEqual(ask(controller, SET_SCAN_ENABLE, [0, 0]), [0]);
  assert.deepEqual(controller.scan, { kind: "idle" });
  ask(controller, SET_SCAN_ENABLE, [1, 0]);
  assert.equal(controller.scan.kind, "scanning");
  assert.deepEqual(ask(controller, RESET), [0]);
  assert.deepEqual(controller.scan, { kind: "idle" });
  ask(controller, SET_SCAN_ENABLE, [1, 0]);
  assert.equal(controller.scan.kind === "scanning" && controller.scan.active, false);
});

test("VirtualController scans the PHYs that extended commands name, with the first one's type and timing", () => {
  const coded = [0, 0xc0, 0, 0x10, 0];
  for (
    const [phys, expected] of [
      [[0b001, 1, 0x60, 0, 0x30, 0], { active: true, intervalMs: 60, le1mPhy: true, codedPhy: false }],
      [[0b100, ...coded], { active: false, intervalMs: 120, le1mPhy: false, codedPhy: true }],
      [[0b101, 1, 0x60, 0, 0x30, 0, ...coded], { active: true, intervalMs: 60, le1mPhy: true, codedPhy: true }],
    ] as const
  ) {
    const controller = new VirtualController();
    assert.deepEqual(ask(controller, SET_EXTENDED_SCAN_PARAMETERS, [0, 0, ...phys]), [0]);
    assert.deepEqual(ask(controller, SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0]), [0]);
    assert.ok(controller.scan.kind === "scanning" && controller.scan.extended);
    assert.deepEqual({ ...controller.scan, ...expected }, controller.scan);
  }
});

test("VirtualController refuses parameters while it scans (0x0c)", () => {
  const legacy = new VirtualController();
  ask(legacy, SET_SCAN_ENABLE, [1, 0]);
  assert.deepEqual(ask(legacy, SET_SCAN_PARAMETERS, ACTIVE_60_OF_30), [0x0c]);
  const extended = new VirtualController();
  ask(extended, SET_EXTENDED_SCAN_ENABLE, [1, 0, 0, 0, 0, 0]);
  assert.deepEqual(ask(extended, SET_EXTENDED_SCAN_PARAMETERS, EXTENDED_ACTIVE_1M), [0x0c]);
});

test("VirtualController refuses to mix legacy and extended commands (0x0c) until it is reset", () => {
  const legacy: ReadonlyArray<readonly [number, readonly number[]]> = [
    [SET_SCAN_PARAMETERS, ACTIVE_60_OF_30],
    [SET_SCAN_ENABLE, [0, 0]],
  ];
  const extended: typeof legacy = [
    [SET_EXTENDED_SCAN_PARAMETERS, EXTENDED_ACTIVE_1M],
    [SET_EXTENDED_SCAN_ENABLE, [0, 0, 0, 0, 0, 0]],
  ];
  for (const [family, other] of [[legacy, extended], [extended, legacy]] as const) {
    for (const [opcode, parameters] of family) {
      const controller = new VirtualController();
      assert.deepEqual(ask(controller, opcode, parameters), [0]);
      for (const [mixed, values] of other) assert.deepEqual(ask(controller, mixed, values), [0x0c]);
      ask(controller, RESET);
      for (const [mixed, values] of other) assert.deepEqual(ask(controller, mixed, values), [0]);
    }
  }
});

test("VirtualController refuses parameters out of range (0x12)", () => {
  for (
    const parameters of [
      [2, 0x60, 0, 0x30, 0, 0, 0], // type
      [1, 3, 0, 3, 0, 0, 0], // interval too short
      [1, 1, 0x40, 4, 0, 0, 0], // interval too long
      [1, 0x60, 0, 0x61, 0, 0, 0], // window above interval
      [1, 0x60, 0, 3, 0, 0, 0], // window too short
      [1, 0x60, 0, 0x30, 0, 4, 0], // own address type
      [1, 0x60, 0, 0x30, 0, 0, 4], // filter policy
    ]
  ) {
    assert.deepEqual(ask(new VirtualController(), SET_SCAN_PARAMETERS, parameters), [0x12]);
  }
  for (
    const [parameters, status] of [
      [[0, 0, 0], 0x12], // no PHY
      [[0, 0, 2, 1, 0x60, 0, 0x30, 0], 0x11], // LE 2M is no primary PHY
      [[0, 0, 5, 1, 0x60, 0, 0x30, 0], 0x12], // one PHY's parameters missing
      [[0, 0], 0x12],
      [[4, 0, 1, 1, 0x60, 0, 0x30, 0], 0x12],
      [[0, 0, 5, 1, 0x60, 0, 0x30, 0, 1, 0x60, 0, 0x61, 0], 0x12],
    ] as const
  ) {
    assert.deepEqual(ask(new VirtualController(), SET_EXTENDED_SCAN_PARAMETERS, parameters), [status]);
  }
  assert.deepEqual(ask(new VirtualController(), SET_SCAN_ENABLE, [2, 0]), [0x12]);
  assert.deepEqual(ask(new VirtualController(), SET_SCAN_ENABLE, [1, 2]), [0x12]);
  assert.deepEqual(ask(new VirtualController(), SET_EXTENDED_SCAN_ENABLE, [2, 0, 0, 0, 0, 0]), [0x12]);
  assert.deepEqual(ask(new VirtualController(), SET_EXTENDED_SCAN_ENABLE, [1, 2, 0, 0, 0, 0]), [0x12]);
  assert.deepEqual(ask(new VirtualController(), SET_EXTENDED_SCAN_ENABLE, [1, 0, 100, 0, 0, 0]), [0x11]);
  assert.deepEqual(ask(new VirtualController(), SET_EXTENDED_SCAN_ENABLE, [0, 9, 9, 9, 9, 9]), [0]);
});

test("VirtualController answers unknown commands and wrong lengths with Command Status", () => {
  assert.deepEqual(ask(new VirtualController(), 0xfc01, [1, 2]), [-1, 0x01]);
  assert.deepEqual(ask(new VirtualController(), RESET, [0]), [-1, 0x12]);
  assert.deepEqual(ask(new VirtualController(), SET_SCAN_ENABLE, [1]), [-1, 0x12]);
});

test("VirtualController has no answer to what is no command", () => {
  const controller = new VirtualController();
  for (const packet of [[], [1], [1, 3, 0x0c], [2, 0x40, 0, 0, 0], [4, 0x0e, 0]]) {
    assert.equal(controller.answer(Uint8Array.from(packet)), null);
  }
});

test("VirtualController answers any command exactly once and never throws", () => {
  const known = fc.constantFrom(
    ...[RESET, SET_SCAN_PARAMETERS, SET_SCAN_ENABLE, SET_EXTENDED_SCAN_PARAMETERS, SET_EXTENDED_SCAN_ENABLE],
    ...[0x0c01, 0x0c6c, 0x0c6d, 0x1001, 0x1002, 0x1005, 0x1009, 0x2001, 0x2002, 0x2003, 0x2031],
  );
  const small = fc.uint8Array({ maxLength: 16, max: 5 });
  const parameters = fc.oneof(small, fc.uint8Array({ maxLength: 255 })).map((bytes) => [...bytes]);
  const command = fc.tuple(fc.oneof(known, fc.integer({ min: 0, max: 0xffff })), parameters);
  fc.assert(fc.property(fc.boolean(), fc.array(command), (extendedAdvertising, commands) => {
    const controller = new VirtualController({ extendedAdvertising });
    for (const [opcode, values] of commands) ask(controller, opcode, values);
  }));
});

test("VirtualController reads a command within a larger buffer", () => {
  const buffer = Uint8Array.of(9, 9, 1, 0x0c, 0x20, 2, 1, 0, 9);
  const controller = new VirtualController();
  assert.ok(controller.answer(buffer.subarray(2, 8)));
  assert.equal(controller.scan.kind, "scanning");
});
