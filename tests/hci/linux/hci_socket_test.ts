import assert from "node:assert/strict";
import fc from "fast-check";
import {
  commandPacket,
  hci,
  type HciErrorCode,
  type LinuxHciSocket,
  type LinuxHciSocketOptions,
  openLinuxHciSocket,
} from "../../../src/hci/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { test } from "../../support/test.ts";
import { type FakeCall, FakeLibc, hciError } from "./fake_libc.ts";

function open(libc: FakeLibc, options: Partial<LinuxHciSocketOptions> = {}): Promise<LinuxHciSocket> {
  return openLinuxHciSocket(
    { adapter: null, channel: "raw", powerUp: false, ...options },
    { openLibc: () => libc, clock: new FakeClock() },
  );
}

/** Starts receiving; `packets` are copies. */
function startReceiving(transport: LinuxHciSocket, onCount?: (count: number) => void) {
  const controller = new AbortController();
  const packets: number[][] = [];
  const done = transport.receive((packet) => {
    packets.push([...packet]);
    onCount?.(packets.length);
    return undefined;
  }, controller.signal);
  return { packets, done, abort: () => controller.abort() };
}

test("openLinuxHciSocket() binds the raw channel and asks for the events of scanning", async () => {
  const libc = new FakeLibc([{ index: 3, addressBytes: [6, 5, 4, 3, 2, 1], up: true }]);
  await using transport = await open(libc, { adapter: "01:02:03:04:05:06" });
  assert.deepEqual(libc.bound, Uint8Array.of(31, 0, 3, 0, 0, 0));
  // Types command and event; events 0x0e, 0x0f, 0x10 and, in the second word, 0x3e; any opcode.
  assert.deepEqual(libc.filter, Uint8Array.of(0x12, 0, 0, 0, 0, 0xc0, 1, 0, 0, 0, 0, 0x40, 0, 0, 0, 0));
  assert.equal(libc.receiveBuffer, 1_048_576);
  assert.deepEqual([transport.name, transport.paced, transport.exclusive], ["hci3", false, false]);
  assert.equal(transport.adapter.address, "01:02:03:04:05:06");
  assert.equal(transport.isUp(), true);
  assert.equal(transport.droppedPackets(), 7);
});

test("openLinuxHciSocket() binds the user channel, which has no filter", async () => {
  const libc = new FakeLibc([{ index: 0, up: false }]);
  await using transport = await open(libc, { channel: "user", powerUp: true });
  assert.deepEqual(libc.bound, Uint8Array.of(31, 0, 0, 0, 1, 0));
  assert.deepEqual(libc.filter, new Uint8Array(16));
  assert.equal(transport.exclusive, true);
  assert.equal(libc.adapters[0]?.up, false); // the kernel does it, in bind()
});

test("openLinuxHciSocket() powers an adapter up that is down, if it may", async () => {
  const down = new FakeLibc([{ index: 0, up: false }]);
  await using left = await open(down);
  assert.equal(left.isUp(), false);
  const raised = new FakeLibc([{ index: 0, up: false }]);
  await using transport = await open(raised, { powerUp: true });
  assert.equal(transport.isUp(), true);
});

test("openLinuxHciSocket() falls back to the system's limit for the receive buffer", async () => {
  const libc = new FakeLibc();
  libc.results.setsockopt = [-1];
  await using _transport = await open(libc);
  assert.equal(libc.receiveBuffer, 1_048_576);
});

test("openLinuxHciSocket() notices that LE events are kept from it", async () => {
  const libc = new FakeLibc();
  libc.capNetRaw = false;
  await assert.rejects(open(libc), hciError("EPERM", /Cannot open hci0: permission denied.*setcap cap_net_raw/));
  assert.equal(libc.openDescriptors, 0);
  assert(libc.disposed);
});

test("openLinuxHciSocket() releases everything whichever call fails", async () => {
  const failures: [FakeCall, number[], Partial<LinuxHciSocketOptions>, HciErrorCode, RegExp][] = [
    ["socket", [-97], {}, "EAFNOSUPPORT", /open a Bluetooth socket/],
    ["ioctl", [-5], {}, "EIO", /list the Bluetooth adapters: error 5/],
    ["ioctlInBackground", [-1], { powerUp: true }, "EPERM", /power up hci0.*CAP_NET_ADMIN/],
    ["bind", [-1], { channel: "user" }, "EPERM", /open the user channel of hci0: permission denied/],
    ["bind", [-16], { channel: "user" }, "EBUSY", /power it down with `sudo hciconfig hci0 down`/],
    ["bind", [-19], {}, "ENODEV", /open the raw channel of hci0: the adapter is gone/],
    ["bind", [-132], { channel: "user" }, "ERFKILL", /rfkill unblock/],
    ["getsockopt", [-22], {}, "EIO", /read back the events of hci0: error 22/],
    ["eventfd", [-24], {}, "EIO", /open hci0: error 24/],
  ];
  for (const [call, results, options, code, words] of failures) {
    const libc = new FakeLibc([{ index: 0, up: false }]);
    libc.results[call] = results;
    if (options.powerUp) libc.capNetAdmin = false;
    await assert.rejects(open(libc, options), hciError(code, words), call);
    assert.equal(libc.openDescriptors, 0, call);
    assert(libc.disposed, call);
  }
});

test("LinuxHciSocket.send() writes the packet", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  const packet = commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 0]);
  transport.send(packet);
  assert.deepEqual(libc.written, [Uint8Array.of(0x01, 0x0c, 0x20, 2, 1, 0)]);
});

test("LinuxHciSocket.send() says why the kernel refuses", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  const packet = commandPacket(hci.CMD_RESET);
  const failures: [number, HciErrorCode, RegExp][] = [
    [-100, "ENETDOWN", /Cannot send to hci0: the adapter is powered down.*bluetoothctl power on.*hciconfig hci0 up/],
    [-1, "EPERM", /send to hci0: permission denied/],
    [-32, "ENODEV", /send to hci0: the adapter is gone/],
    [-19, "ENODEV", /send to hci0: the adapter is gone/],
    [-11, "EIO", /send to hci0: error 11/],
    [3, "EIO", /send to hci0: error 5/],
  ];
  for (const [result, code, words] of failures) {
    libc.results.write = [result];
    assert.throws(() => transport.send(packet), hciError(code, words));
  }
});

test("LinuxHciSocket.receive() delivers packets unchanged and in order, whatever their bytes", async () => {
  const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 258 }), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(packets, async (sent) => {
      const libc = new FakeLibc();
      await using transport = await open(libc);
      libc.deliver(...sent, -32);
      const { packets, done } = startReceiving(transport);
      await assert.rejects(done);
      assert.deepEqual(packets, sent.map((packet) => [...packet]));
    }),
    { numRuns: 50 },
  );
});

test("LinuxHciSocket.receive() lets others have their turn under a flood", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  libc.deliver(...Array.from({ length: 1_000 }, () => Uint8Array.of(4, 0x3e, 0)));
  const { packets, done, abort } = startReceiving(transport, (count) => {
    if (count === 1_000) abort();
  });
  await done;
  assert.equal(packets.length, 1_000);
  assert(libc.polls >= 1_000 / 64, `${libc.polls} polls`);
});

test("LinuxHciSocket.receive() does not wait for a promise of its receiver", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  libc.deliver(Uint8Array.of(4, 1, 0), Uint8Array.of(4, 2, 0));
  const codes: (number | undefined)[] = [];
  const controller = new AbortController();
  await transport.receive((packet) => {
    codes.push(packet[1]);
    if (codes.length === 2) controller.abort();
    return new Promise(() => {});
  }, controller.signal);
  assert.deepEqual(codes, [1, 2]);
});

test("LinuxHciSocket.receive() goes on after an interrupted poll() and after a packet that is not there", async () => {
  const libc = new FakeLibc();
  libc.results.poll = [-1];
  await using transport = await open(libc);
  libc.deliver(-11, -4, Uint8Array.of(4, 0x0e, 0));
  const { packets, done, abort } = startReceiving(transport, () => abort());
  await done;
  assert.deepEqual(packets, [[4, 0x0e, 0]]);
});

test("LinuxHciSocket.receive() rejects when the adapter goes, in each of the ways the kernel says it", async () => {
  for (const arrival of [-32, -19, 0]) {
    const libc = new FakeLibc();
    await using transport = await open(libc);
    const { packets, done } = startReceiving(transport);
    libc.deliver(Uint8Array.of(4, 0x3e, 0), arrival);
    await assert.rejects(done, hciError("ENODEV", /Cannot read from hci0: the adapter is gone; plug it back in/));
    assert.equal(packets.length, 1);
    assert.equal(transport.isUp(), false); // though another may be hci0 by now
  }
});

test("LinuxHciSocket.receive() takes POLLERR, POLLHUP and POLLNVAL without a packet for the adapter's end", async () => {
  for (const trouble of [0x08, 0x10, 0x20]) {
    const libc = new FakeLibc();
    await using transport = await open(libc);
    libc.trouble = trouble;
    await assert.rejects(startReceiving(transport).done, hciError("ENODEV", /hci0/));
  }
});

test("LinuxHciSocket.receive() rejects with EIO where reading fails otherwise", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  libc.deliver(-12);
  await assert.rejects(startReceiving(transport).done, hciError("EIO", /read from hci0: error 12/));
  assert.equal(transport.isUp(), true);
});

test("LinuxHciSocket.receive() rejects with what its receiver throws", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  libc.deliver(Uint8Array.of(4));
  await assert.rejects(
    transport.receive(() => {
      throw new RangeError("no");
    }, new AbortController().signal),
    RangeError,
  );
});

test("LinuxHciSocket.receive() resolves when its signal aborts, while it waits or before", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  const { done, abort } = startReceiving(transport);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(libc.polls, 1);
  abort();
  await done;
  await using other = await open(new FakeLibc());
  await other.receive(() => assert.fail("a packet"), AbortSignal.abort());
});

test("LinuxHciSocket.receive() delivers nothing after its signal aborts", async () => {
  const libc = new FakeLibc();
  await using transport = await open(libc);
  libc.deliver(Uint8Array.of(4, 1), Uint8Array.of(4, 2));
  const { packets, done, abort } = startReceiving(transport, () => abort());
  await done;
  assert.deepEqual(packets, [[4, 1]]);
});

test("LinuxHciSocket.receive() may be called once", async () => {
  await using transport = await open(new FakeLibc());
  const first = startReceiving(transport);
  await assert.rejects(transport.receive(() => undefined, new AbortController().signal), TypeError);
  first.abort();
  await first.done;
});

test("LinuxHciSocket can be disposed of while it receives, and twice", async () => {
  const libc = new FakeLibc();
  const transport = await open(libc);
  const { done } = startReceiving(transport);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await transport[Symbol.asyncDispose]();
  await done;
  await transport[Symbol.asyncDispose]();
  assert.equal(libc.openDescriptors, 0);
  assert(libc.disposed);
});

test("LinuxHciSocket is down, and refuses to send, once it is disposed of", async () => {
  const transport = await open(new FakeLibc());
  await transport[Symbol.asyncDispose]();
  assert.equal(transport.isUp(), false);
  assert.equal(transport.droppedPackets(), 0);
  assert.throws(() => transport.send(commandPacket(hci.CMD_RESET)), hciError("ENODEV", /this program has closed it/));
});
