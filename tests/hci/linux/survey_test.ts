import assert from "node:assert/strict";
import { surveyBluetooth } from "../../../src/hci/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { test } from "../../support/test.ts";
import { type FakeAdapter, FakeLibc, hciError } from "./fake_libc.ts";

function survey(libc: FakeLibc) {
  const found = surveyBluetooth({ openLibc: () => libc, clock: new FakeClock() });
  assert.equal(libc.openDescriptors, 0);
  assert.ok(libc.disposed);
  return found;
}

test("surveyBluetooth() tells of each adapter what listAdapters() does, and whether it has LE", () => {
  const adapters: FakeAdapter[] = [
    { index: 0, addressBytes: [1, 2, 3, 4, 5, 6], up: true, features: [0xff, 0xff, 0, 0, 0x40] },
    { index: 1, up: true, features: [0xff, 0xff, 0xff, 0xff, 0xbf, 0xff, 0xff, 0xff] },
    { index: 2, up: false },
  ];
  const found = survey(new FakeLibc(adapters));
  assert.deepEqual(found.adapters.map(({ lowEnergy }) => lowEnergy), [true, false, null]);
  assert.deepEqual(found.adapters[0], {
    index: 0,
    name: "hci0",
    address: "06:05:04:03:02:01",
    state: "up",
    bus: "usb",
    rfkillBlocked: false,
    lowEnergy: true,
  });
});

test("surveyBluetooth() tells what the kernel lets this process do, without an adapter too", () => {
  for (const [capNetRaw, capNetAdmin] of [[true, true], [true, false], [false, true], [false, false]] as const) {
    const libc = new FakeLibc([]);
    Object.assign(libc, { capNetRaw, capNetAdmin });
    const { mayScan, mayPowerUp } = survey(libc);
    assert.deepEqual([mayScan, mayPowerUp], [capNetRaw, capNetAdmin]);
  }
});

test("surveyBluetooth() counts the sockets of other programs, where the system tells", () => {
  const libc = new FakeLibc();
  assert.equal(survey(libc).foreignSockets, null);
  const shown = new FakeLibc();
  const line = "0000000000000000 2      0      0      0      12345  0     \n";
  shown.procNetHci = `sk               RefCnt Rmem   Wmem   User   Inode  Parent\n${line}${line}`;
  assert.equal(survey(shown).foreignSockets, 2);
});

test("surveyBluetooth() fails where there is no Bluetooth", () => {
  const libc = new FakeLibc();
  libc.results.socket = [-97];
  assert.throws(() => survey(libc), hciError("EAFNOSUPPORT", /modprobe bluetooth/));
});
