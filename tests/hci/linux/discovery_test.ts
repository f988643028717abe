import assert from "node:assert/strict";
import { kernelDiscovery } from "../../../src/hci/linux/discovery.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { test } from "../../support/test.ts";
import { FakeLibc } from "./fake_libc.ts";

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

test("KernelDiscovery.begin() has the kernel remember a discovery of bluetoothd's usual type", async () => {
  for (const [supported, commands] of [[7, ["23 7", "24 7"]], [6, ["23 7", "23 6", "24 6"]]] as const) {
    const libc = new FakeLibc();
    let running = 0;
    libc.manage = (command) => {
      const [opcode = 0, , , , , , type = 0] = command;
      const status = opcode === 0x23 ? type === supported ? 0 : 0x0c : running === type ? 0 : 0x0b;
      if (status === 0) running = opcode === 0x23 ? type : 0;
      return [Uint8Array.of(1, 0, 3, 0, 4, 0, opcode, 0, status, type)];
    };
    assert.equal(await kernelDiscovery(libc, 3, new FakeClock()).begin(new AbortController().signal), "none");
    const sent = libc.managed.map((command) => `${command[0]?.toString(16)} ${command[6]}`);
    assert.deepEqual(sent.slice(1), commands);
    assert.equal(running, 0);
    assert.equal(libc.openDescriptors, 0);
  }
});

test("KernelDiscovery.begin() has ended its discovery before it resolves, also where the controller answers late", async () => {
  const libc = new FakeLibc();
  const clock = new FakeClock();
  libc.manage = (command) => {
    const [opcode = 0, , , , , , type = 0] = command;
    if (opcode === 0x24 && libc.managed.length === 1) return [answer(0x0b)];
    void clock.sleep(1_500).then(() => libc.deliverManagement(Uint8Array.of(1, 0, 3, 0, 4, 0, opcode, 0, 0, type)));
    return [];
  };
  let end: string | null = null;
  void kernelDiscovery(libc, 3, clock).begin(new AbortController().signal).then((result) => end = result);
  await clock.advance(2_900);
  assert.deepEqual(libc.managed.slice(1).map(([opcode, , , , , , type]) => [opcode, type]), [[0x23, 7], [0x24, 7]]);
  assert.equal(end, null);
  await clock.advance(200);
  assert.equal(end, "none");
});

test("KernelDiscovery.begin() waits no longer once the signal aborts", async () => {
  const libc = new FakeLibc();
  const clock = new FakeClock();
  libc.manage = ([opcode]) => opcode === 0x24 ? [answer(0x0b)] : [];
  const stop = new AbortController();
  const beginning = assert.rejects(kernelDiscovery(libc, 3, clock).begin(stop.signal), /told to end/);
  await clock.advance(100);
  stop.abort(new Error("told to end"));
  await beginning;
  assert.equal(libc.openDescriptors, 0);
  assert.equal(clock.sleeping, 0);
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
