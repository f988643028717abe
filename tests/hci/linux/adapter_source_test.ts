import assert from "node:assert/strict";
import { HciError, linuxAdapterSource } from "../../../src/hci/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { test } from "../../support/test.ts";
import { type FakeAdapter, FakeLibc, hciError } from "./fake_libc.ts";

const ONE = [1, 2, 3, 4, 5, 6], OTHER = [9, 9, 9, 9, 9, 9];

function machine(...adapters: FakeAdapter[]) {
  const powered: string[] = [];
  const openLibc = () => {
    const libc = new FakeLibc(adapters);
    const ioctl = libc.ioctlInBackground.bind(libc);
    libc.ioctlInBackground = (fd, request, index) => {
      powered.push(`${request.toString(16)} hci${index}`);
      return ioctl(fd, request, index);
    };
    return libc;
  };
  const plugged = (...now: FakeAdapter[]) => adapters.splice(0, Infinity, ...now);
  return { powered, host: { openLibc, clock: new FakeClock() }, plugged };
}

/** Opens the adapter and closes it again; returns its name. */
async function opened(source: ReturnType<typeof linuxAdapterSource>): Promise<string> {
  await using transport = await source.open();
  return transport.name;
}

test("linuxAdapterSource() follows an adapter by its address when it comes back under another number", async () => {
  for (const selector of ["hci0", "0", "06:05:04:03:02:01", null]) {
    const { host, plugged } = machine({ index: 0, addressBytes: ONE, up: true });
    const source = linuxAdapterSource(selector, host);
    assert.equal(await opened(source), "hci0");
    plugged({ index: 0, addressBytes: OTHER, up: true }, { index: 1, addressBytes: ONE, up: true });
    assert.equal(await opened(source), "hci1");
  }
});

test("linuxAdapterSource() takes what was asked for where the adapter of before is away", async () => {
  const { host, plugged } = machine({ index: 0, addressBytes: ONE, up: true });
  const source = linuxAdapterSource("hci0", host);
  await opened(source);
  plugged({ index: 1, addressBytes: OTHER, up: true });
  await assert.rejects(opened(source), hciError("ENODEV", /adapter hci0: choose one of hci1/));
  plugged({ index: 0, addressBytes: OTHER, up: true });
  assert.equal(await opened(source), "hci0");
});

test("linuxAdapterSource() waits for an adapter that was put back and has no address yet", async () => {
  for (const selector of ["hci0", null]) {
    const { host, plugged } = machine({ index: 0, addressBytes: ONE, up: true });
    const source = linuxAdapterSource(selector, host);
    await opened(source);
    const other = { index: 0, addressBytes: OTHER, up: true };
    plugged(other, { index: 1, up: false });
    await assert.rejects(opened(source), hciError("ENODEV", /06:05:04:03:02:01 yet: an adapter is being set up/));
    plugged(other, { index: 1, addressBytes: ONE, up: true });
    assert.equal(await opened(source), "hci1");
    plugged(other, { index: 1, up: false });
    await assert.rejects(opened(source), hciError("ENODEV", /being set up/));
    await host.clock.advance(5_000);
    assert.equal(await opened(source), "hci0", "not for ever");
  }
});

test("linuxAdapterSource() keeps to the adapter that was asked for among those that share an address", async () => {
  const { host } = machine({ index: 0, addressBytes: ONE, up: true }, { index: 1, addressBytes: ONE, up: true });
  const source = linuxAdapterSource("hci1", host);
  assert.deepEqual([await opened(source), await opened(source)], ["hci1", "hci1"]);
});

test("linuxAdapterSource() resets the adapter that it follows", async () => {
  const { powered, host, plugged } = machine({ index: 0, addressBytes: ONE, up: true });
  const source = linuxAdapterSource(null, host);
  await opened(source);
  plugged({ index: 0, addressBytes: OTHER, up: true }, { index: 1, addressBytes: ONE, up: true });
  await source.reset();
  assert.deepEqual(powered, ["400448ca hci1", "400448c9 hci1"]);
  plugged();
  await assert.rejects(source.reset(), hciError("ENODEV", /there is none/));
});

test("linuxAdapterSource() opens the C library once, and again only where it could not", async () => {
  const { host, plugged } = machine();
  let loads = 0;
  const openLibc = () => {
    if (++loads === 1) throw new HciError("EAFNOSUPPORT", "Cannot open the C library");
    return host.openLibc();
  };
  const source = linuxAdapterSource(null, { ...host, openLibc });
  await assert.rejects(opened(source), hciError("EAFNOSUPPORT", /C library/));
  for (let i = 0; i < 3; i++) await assert.rejects(opened(source), hciError("ENODEV", /there is none/));
  plugged({ index: 0, addressBytes: ONE, up: true });
  assert.deepEqual([await opened(source), await opened(source)], ["hci0", "hci0"]);
  await source.reset();
  assert.equal(loads, 2);
});

test("linuxAdapterSource() follows an adapter that told its address when it was powered up", async () => {
  const { host, plugged } = machine({ index: 0, up: false });
  const openLibc = () => {
    const libc = host.openLibc();
    const ioctl = libc.ioctlInBackground.bind(libc);
    libc.ioctlInBackground = (fd, request, index) => {
      plugged({ index: 0, addressBytes: ONE, up: false });
      return ioctl(fd, request, index);
    };
    return libc;
  };
  const source = linuxAdapterSource("hci0", { ...host, openLibc });
  assert.equal(await opened(source), "hci0");
  plugged({ index: 1, addressBytes: ONE, up: true });
  assert.equal(await opened(source), "hci1");
});

test("linuxAdapterSource() opens and resets the adapter that it chose, though the numbers change right after", async () => {
  const { powered, host, plugged } = machine({ index: 0, addressBytes: ONE, up: true });
  const openLibc = () => {
    const libc = host.openLibc();
    const [socket, close] = [libc.socket.bind(libc), libc.close.bind(libc)];
    const sockets = new Set<number>();
    libc.socket = (...args) => {
      const fd = socket(...args);
      sockets.add(fd);
      return fd;
    };
    libc.close = (fd) => { // what was listed through this socket is of the past
      if (sockets.delete(fd)) {
        plugged({ index: 0, addressBytes: ONE, up: true }, { index: 1, addressBytes: OTHER, up: true });
      }
      return close(fd);
    };
    return libc;
  };
  const source = linuxAdapterSource(null, { ...host, openLibc });
  await opened(source);
  for (const act of [() => opened(source), () => source.reset().then(() => powered.at(-1)?.slice(-4))]) {
    plugged({ index: 0, addressBytes: OTHER, up: true }, { index: 1, addressBytes: ONE, up: true });
    assert.equal(await act(), "hci1");
  }
});

test("linuxAdapterSource() does not take another adapter that got the number while its own was powered up", async () => {
  const { host, plugged } = machine({ index: 0, addressBytes: ONE, up: false });
  const openLibc = () => {
    const libc = host.openLibc();
    libc.ioctlInBackground = () => {
      plugged({ index: 0, addressBytes: OTHER, up: true }, { index: 1, addressBytes: ONE, up: true });
      return Promise.resolve(0);
    };
    return libc;
  };
  const source = linuxAdapterSource("06:05:04:03:02:01", { ...host, openLibc });
  await assert.rejects(opened(source), hciError("ENODEV", /Cannot open hci0: the adapter is gone/));
  assert.equal(await opened(source), "hci1");
});
