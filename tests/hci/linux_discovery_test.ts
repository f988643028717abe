import assert from "node:assert/strict";
import { kernelDiscovery } from "../../src/hci/linux/discovery.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { FakeLibc } from "./linux_fake_libc.ts";

const STOP_HCI3 = [0x24, 0x00, 3, 0, 1, 0];

/** What the management interface answers: event, adapter, length, then the command and its status. */
function answer(status: number, event = 1): Uint8Array {
  return Uint8Array.of(event, 0, 3, 0, 4, 0, 0x24, 0x00, status, 6);
}

test("KernelDiscovery.end() stops the discovery by the type that the kernel has of it", async () => {
  const libc = new FakeLibc();
  const deviceFound = Uint8Array.of(0x12, 0, 3, 0, 3, 0, 1, 2, 3);
  const otherAnswer = Uint8Array.of(1, 0, 3, 0, 3, 0, 0x23, 0x00, 0);
  const cut = Uint8Array.of(1, 0, 3);
  libc.manage = (command) => [cut, deviceFound, otherAnswer, answer(command[6] === 1 ? 0 : 0x0d)];
  assert.equal(await kernelDiscovery(libc, 3, new FakeClock()).end(), "ended");
  assert.deepEqual(libc.managed.map((command) => [...command]), [6, 7, 1].map((type) => [...STOP_HCI3, type]));
  assert.equal(libc.openDescriptors, 0);
});

test("KernelDiscovery.end() says where there is no discovery, and where it may not end one", async () => {
  for (const [status, end] of [[0x0b, "none"], [0x0d, "none"], [0x14, "denied"]] as const) {
    const libc = new FakeLibc();
    libc.manage = () => [answer(status, 2)];
    assert.equal(await kernelDiscovery(libc, 0, new FakeClock()).end(), end);
    assert.equal(libc.openDescriptors, 0);
  }
  for (const call of ["socket", "bind"] as const) {
    const libc = new FakeLibc();
    libc.results[call] = [-1];
    assert.equal(await kernelDiscovery(libc, 0, new FakeClock()).end(), "denied");
    assert.equal(libc.openDescriptors, 0);
  }
});

test("KernelDiscovery.end() waits half a second for the kernel, no longer", async () => {
  const libc = new FakeLibc();
  const clock = new FakeClock();
  let end: string | null = null;
  void kernelDiscovery(libc, 0, clock).end().then((result) => end = result);
  await clock.advance(490);
  assert.equal(end, null);
  await clock.advance(10);
  assert.equal(end, "ended");
  assert.equal(libc.managed.length, 1);
  assert.equal(libc.openDescriptors, 0);
});

test("KernelDiscovery.hasNewNeighbours() tells programs that have come from those that were there or have gone", () => {
  const libc = new FakeLibc();
  const sockets = (...inodes: number[]) =>
    libc.procNetHci = [
      "sk               RefCnt Rmem   Wmem   User   Inode  Parent",
      ...inodes.map((inode) => `00000000c0ffee00 2      0      0      0      ${inode}   0     `),
      "",
    ].join("\n");
  sockets(11, 12);
  const discovery = kernelDiscovery(libc, 0, new FakeClock());
  assert.equal(discovery.hasNewNeighbours(), false);
  sockets(11, 12, 13);
  assert.deepEqual([discovery.hasNewNeighbours(), discovery.hasNewNeighbours()], [true, false]);
  sockets(12, 13);
  assert.equal(discovery.hasNewNeighbours(), false);
  sockets(12, 14);
  assert.equal(discovery.hasNewNeighbours(), true);
  libc.procNetHci = null;
  assert.equal(discovery.hasNewNeighbours(), false);
});
