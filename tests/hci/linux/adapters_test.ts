import assert from "node:assert/strict";
import fc from "fast-check";
import { openControl, selectAdapter, setPower } from "../../../src/hci/linux/adapters.ts";
import { HciError, type LinuxHost, listAdapters, resetAdapter } from "../../../src/hci/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { test } from "../../support/test.ts";
import { FakeLibc, hciError } from "./fake_libc.ts";

function host(libc: FakeLibc): LinuxHost {
  return { openLibc: () => libc, clock: new FakeClock() };
}

function assertReleased(libc: FakeLibc): void {
  assert.equal(libc.openDescriptors, 0);
  assert(libc.disposed);
}

test("listAdapters() tells index, name, address, state, bus and rfkill, by index", () => {
  const libc = new FakeLibc([
    { index: 2, up: false, bus: 3, rfkill: "hard" },
    { index: 0, addressBytes: [0x5e, 0x4d, 0x3c, 0x2b, 0x1a, 0x00], up: true, bus: 1 },
    { index: 5, up: false, bus: 15, rfkill: "soft" },
  ]);
  assert.deepEqual(listAdapters(host(libc)), [
    { index: 0, name: "hci0", address: "00:1A:2B:3C:4D:5E", state: "up", bus: "usb", rfkillBlocked: false },
    { index: 2, name: "hci2", address: null, state: "down", bus: "uart", rfkillBlocked: true },
    { index: 5, name: "hci5", address: null, state: "down", bus: "bus 15", rfkillBlocked: true },
  ]);
  assertReleased(libc);
});

test("listAdapters() gives rfkillBlocked null where rfkill cannot be read", () => {
  const libc = new FakeLibc();
  libc.open = () => -2;
  assert.equal(listAdapters(host(libc))[0]?.rfkillBlocked, null);
  assertReleased(libc);
});

test("listAdapters() passes over the name of an rfkill switch that has just gone", () => {
  const libc = new FakeLibc([{ index: 0, up: true, rfkill: "soft" }]);
  const open = libc.open.bind(libc);
  libc.open = (path, flags) => path === "/dev/rfkill" ? open(path, flags) : -2;
  assert.equal(listAdapters(host(libc))[0]?.rfkillBlocked, false);
  assertReleased(libc);
});

test("listAdapters() leaves out an adapter that goes while it is listed", () => {
  const libc = new FakeLibc();
  libc.results.ioctl = [];
  const ioctl = libc.ioctl.bind(libc);
  libc.ioctl = (fd, request, argument) => request === 0x800448d3 ? -19 : ioctl(fd, request, argument);
  assert.deepEqual(listAdapters(host(libc)), []);
});

test("listAdapters() says what to do on a kernel without Bluetooth", () => {
  for (const errno of [97, 93]) {
    const libc = new FakeLibc();
    libc.results.socket = [-errno];
    assert.throws(() => listAdapters(host(libc)), hciError("EAFNOSUPPORT", /modprobe bluetooth.*--source simulate/));
    assertReleased(libc);
  }
});

test("listAdapters() tells what rfkill blocks also to a service that is shown no devices", () => {
  const libc = new FakeLibc([
    { index: 0, up: false, rfkill: "soft" },
    { index: 1, up: false, rfkill: "hard" },
    { index: 2, up: true },
  ]);
  libc.hasDevices = false;
  assert.deepEqual(listAdapters(host(libc)).map(({ rfkillBlocked }) => rfkillBlocked), [true, true, false]);
  assertReleased(libc);
});

test("listAdapters() releases the socket where the list is refused", () => {
  const libc = new FakeLibc();
  libc.results.ioctl = [-12];
  assert.throws(() => listAdapters(host(libc)), hciError("EIO", /Cannot list the Bluetooth adapters: error 12/));
  assertReleased(libc);
});

const hci0 = {
  index: 0,
  name: "hci0",
  address: "AA:BB:CC:DD:EE:FF",
  state: "down",
  bus: "usb",
  rfkillBlocked: false,
} as const;
const hci3 = { ...hci0, index: 3, name: "hci3", address: null, state: "up" } as const;

test("selectAdapter() finds an adapter by name, index and address, in either case", () => {
  for (const selector of ["hci0", "HCI0", "0", "AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"]) {
    assert.equal(selectAdapter([hci3, hci0], selector), hci0);
  }
  assert.equal(selectAdapter([hci0, hci3], "3"), hci3);
});

test("selectAdapter() without a wish prefers the first that is up", () => {
  assert.equal(selectAdapter([hci0, hci3], null), hci3);
  assert.equal(selectAdapter([hci0, { ...hci3, state: "down" }], null), hci0);
});

test("selectAdapter() names what there is to choose from", () => {
  assert.throws(
    () => selectAdapter([hci0, hci3], "hci1"),
    hciError("ENODEV", /adapter hci1: choose one of hci0 \(AA:BB:CC:DD:EE:FF, down\), hci3 \(no address, up\)$/),
  );
  assert.throws(() => selectAdapter([], "hci0"), hciError("ENODEV", /adapter hci0: there is none; plug one in/));
  assert.throws(() => selectAdapter([], null), hciError("ENODEV", /find a Bluetooth adapter: there is none/));
});

test("selectAdapter() chooses what the selector names, or throws HciError", () => {
  fc.assert(fc.property(fc.string(), (selector) => {
    try {
      const { name, index, address } = selectAdapter([hci0, hci3], selector);
      assert([name, String(index), address].includes(selector) || selector.toUpperCase() !== selector);
    } catch (error) {
      assert(error instanceof HciError);
    }
  }));
});

test("resetAdapter() powers the adapter down and up again", async () => {
  const libc = new FakeLibc();
  const requests: number[] = [];
  const ioctl = libc.ioctlInBackground.bind(libc);
  libc.ioctlInBackground = (fd, request, index) => {
    requests.push(request);
    return ioctl(fd, request, index);
  };
  await resetAdapter("06:05:04:03:02:01", host(libc));
  assert.deepEqual(requests, [0x400448ca, 0x400448c9]);
  assertReleased(libc);
});

test("resetAdapter() releases everything where the adapter does not come back", async () => {
  const libc = new FakeLibc([{ index: 0, up: true, rfkill: "soft" }]);
  const ioctl = libc.ioctlInBackground.bind(libc);
  libc.ioctlInBackground = (fd, request, index) =>
    request === 0x400448c9 ? Promise.resolve(-1) : ioctl(fd, request, index);
  await assert.rejects(resetAdapter(null, host(libc)), hciError("ERFKILL", /power up hci0.*rfkill unblock bluetooth/));
  assertReleased(libc);
});

/** Asks a kernel that answers after `tookMs` that it will not. */
async function refusing(libc: FakeLibc, power: "up" | "down", tookMs = 0): Promise<void> {
  const clock = new FakeClock();
  libc.ioctlInBackground = async () => {
    await clock.advance(tookMs);
    return -1;
  };
  const ioctl = libc.ioctl.bind(libc);
  libc.ioctl = (fd, request, argument) =>
    typeof argument === "number"
      ? assert.fail("a request that may take seconds, on this thread")
      : ioctl(fd, request, argument);
  using control = openControl(libc);
  await setPower(power, hci0, libc, control.fd, clock);
}

test("setPower() takes an adapter that is up already for success", async () => {
  await refusing(new FakeLibc([{ index: 0, up: true }]), "up");
});

test("setPower() says why the kernel refuses, and does not ask again for it", async () => {
  const unprivileged = new FakeLibc([{ index: 0, up: false }]);
  unprivileged.capNetAdmin = false;
  await assert.rejects(
    refusing(unprivileged, "up"),
    hciError("EPERM", /power up hci0.*CAP_NET_ADMIN.*bluetoothctl power on/),
  );
  const blocked = new FakeLibc([{ index: 0, up: false, rfkill: "hard" }]);
  await assert.rejects(refusing(blocked, "up"), hciError("ERFKILL", /rfkill unblock bluetooth/));
  await assert.rejects(refusing(new FakeLibc([]), "up"), hciError("ENODEV", /plug it back in/));
  await assert.rejects(refusing(new FakeLibc(), "down"), hciError("EBUSY", /in use/));
  await assert.rejects(refusing(new FakeLibc([{ index: 0, up: false }]), "up"), hciError("EIO", /dmesg/));
});

test("setPower() tells a controller that is silent", async () => {
  const libc = new FakeLibc([{ index: 0, up: false }]);
  await assert.rejects(refusing(libc, "up", 2_000), hciError("EIO", /power up hci0: the controller does not answer/));
});
