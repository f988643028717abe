// vm: VM_FAKE_ARGS='--fleet 50 --rate 0'
// on: amd64/6.1 arm64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import process from "node:process";
import {
  commandPacket,
  hci,
  HciError,
  type HciErrorCode,
  type LinuxHost,
  linuxHost,
  listAdapters,
  openLinuxHciSocket,
  resetAdapter,
} from "../../../src/hci/mod.ts";
import { TestHost, withPatience } from "../../support/hci_host.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { controller, power, rfkill, run, runAsUser, startController } from "../guest.ts";

const HCI0_ADDRESS = "C0:FF:EE:00:00:01";
const raw = { adapter: "hci0", channel: "raw", powerUp: false } as const;
const user = { adapter: "hci0", channel: "user", powerUp: false } as const;

function hciError(code: HciErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof HciError && error.code === code && words.test(error.message);
}

test("listAdapters() tells index, name, address, state, bus and rfkill", async () => {
  const hci1 = await startController("hci1", "--addr", "C0:FF:EE:00:00:02");
  try {
    const hci0 = { index: 0, name: "hci0", bus: "virtual", rfkillBlocked: false };
    await waitFor(() => listAdapters()[1]?.address !== null, "the kernel to read the address of hci1");
    assert.deepEqual(listAdapters(), [
      { ...hci0, address: HCI0_ADDRESS, state: "up" },
      { ...hci0, index: 1, name: "hci1", address: "C0:FF:EE:00:00:02", state: "down" },
    ]);
  } finally {
    hci1.control("quit");
  }
  await waitFor(() => listAdapters().length === 1, "hci1 to go");
});

test("receive() delivers every report that the controller sends, 3,000 a second asked for", async () => {
  await using transport = await openLinuxHciSocket(raw);
  const before = await controller.reportsSent();
  const stop = new AbortController();
  let received = 0, scanning: boolean | null = null;
  const receiving = transport.receive((packet) => {
    if (packet[1] === hci.EVENT_LE_META) received++;
    else if (packet[1] === hci.EVENT_COMMAND_COMPLETE && packet[4] === 0x0c && packet[5] === 0x20) scanning = !scanning;
    return undefined;
  }, stop.signal);
  transport.send(commandPacket(hci.CMD_LE_SET_SCAN_PARAMETERS, [0, 0x10, 0, 0x10, 0, 0, 0]));
  transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 0]));
  const startMs = performance.now(), startCpu = process.cpuUsage();
  controller.control("rate 3000");
  await waitFor(() => received >= 10_000, "10,000 reports", 300_000);
  const cpu = process.cpuUsage(startCpu), seconds = (performance.now() - startMs) / 1_000;
  const perSecond = Math.round(received / seconds);
  controller.control("rate 0");
  transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
  await waitFor(() => scanning === false, "the end of the scan"); // what came before it has been delivered
  const sent = await controller.reportsSent() - before;
  const cpuMicroseconds = Math.round((cpu.user + cpu.system) / received);
  console.log(`sent ${sent}, received ${received}, ${perSecond}/s, ${cpuMicroseconds} µs of processor time a report`);
  assert.equal(received, sent);
  assert.equal(transport.droppedPackets(), 0);
  stop.abort();
  await receiving;
});

test("droppedPackets() counts what the kernel had no room for", async () => {
  await using transport = await openLinuxHciSocket(raw);
  transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 0]));
  const before = await controller.reportsSent();
  controller.control("burst 6000");
  const sent = await controller.reportsSent() - before;
  assert.equal(sent, 6_000);
  await using host = new TestHost(transport);
  await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]).catch(() => {}); // its answer may be among the lost
  await waitFor(() => host.reports.length + transport.droppedPackets() >= sent, "all reports to be accounted for");
  console.log(`kept ${host.reports.length}, dropped ${transport.droppedPackets()}`);
  assert(host.reports.length > 1_000);
  assert(transport.droppedPackets() > 0);
});

test("receive() delivers the commands of other programs, and not its own", async () => {
  await using host = new TestHost(await openLinuxHciSocket(raw));
  await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]);
  assert.equal(host.packets.some(([type]) => type === hci.PACKET_COMMAND), false);
  await run("hcitool", "-i", "hci0", "cmd", "0x08", "0x000c", "00", "01");
  const foreign = [0x01, 0x0c, 0x20, 2, 0, 1];
  await host.until(() => host.packets.some((packet) => String(packet) === String(foreign)), "the other's command");
});

test("receive() resolves as soon as its signal aborts", async () => {
  await using transport = await openLinuxHciSocket(raw);
  const stop = new AbortController();
  const receiving = transport.receive(() => undefined, stop.signal);
  await new Promise((resolve) => setTimeout(resolve, 200)); // so that poll() waits by now
  const startMs = performance.now();
  stop.abort();
  await withPatience(receiving, "the end of receive()");
  console.log(`took ${(performance.now() - startMs).toFixed(1)} ms`);
});

test("send() throws ENETDOWN while the adapter is down, and powerUp brings it up", async () => {
  await power("down");
  {
    await using transport = await openLinuxHciSocket(raw);
    assert.equal(transport.isUp(), false);
    assert.throws(() => transport.send(commandPacket(hci.CMD_RESET)), hciError("ENETDOWN", /hci0.*powered down/));
  }
  await using transport = await openLinuxHciSocket({ ...raw, adapter: HCI0_ADDRESS, powerUp: true });
  assert.equal(transport.isUp(), true);
  await using host = new TestHost(transport);
  assert.equal((await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0])).status, 0);
});

test("powerUp says that rfkill blocks the adapter", async () => {
  rfkill(true);
  try {
    await waitFor(() => listAdapters()[0]?.state === "down", "rfkill to power hci0 down");
    assert.equal(listAdapters()[0]?.rfkillBlocked, true);
    await assert.rejects(openLinuxHciSocket({ ...raw, powerUp: true }), hciError("ERFKILL", /rfkill unblock/));
  } finally {
    rfkill(false);
  }
  await using transport = await openLinuxHciSocket({ ...raw, powerUp: true });
  assert.equal(transport.isUp(), true);
});

test("powerUp gives up on a mute controller without holding up the program; resetAdapter() brings it back", async () => {
  await power("down");
  controller.control("mute");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 50);
  try {
    await assert.rejects(openLinuxHciSocket({ ...raw, powerUp: true }), hciError("EIO", /power up hci0.*not answer/));
    assert(ticks > 10, `${ticks} ticks`);
  } finally {
    clearInterval(timer);
    controller.control("unmute");
  }
  await resetAdapter("hci0");
  assert.equal(listAdapters()[0]?.state, "up");
});

test("the user channel is refused while the adapter is up, and has it alone when it is down", async () => {
  await power("up");
  await assert.rejects(openLinuxHciSocket(user), hciError("EBUSY", /hciconfig hci0 down/));
  await power("down");
  await using transport = await openLinuxHciSocket(user);
  assert.equal(transport.isUp(), true);
  await assert.rejects(openLinuxHciSocket(user), hciError("EBUSY", /hci0/));
  await using host = new TestHost(transport);
  assert.equal((await host.command(hci.CMD_RESET)).status, 0);
});

test("capabilities decide: none, CAP_NET_RAW to receive, CAP_NET_ADMIN to power up and for the user channel", async () => {
  const open = async (capabilities: string, ...ways: string[]) =>
    (await runAsUser(capabilities, "tests/vm/open_adapter.ts", ...ways)).split("\n");
  await power("down");
  const [raised = "", unraised] = await open("net_raw", "raw+up", "raw");
  assert.match(raised, /^EPERM Cannot power up hci0: .*CAP_NET_ADMIN.*bluetoothctl power on/);
  assert.match(unraised ?? "", /^ENETDOWN Cannot send to hci0/);
  assert.deepEqual(await open("net_raw,net_admin", "raw+up"), ["ok", ""]);
  const [shared, exclusive = ""] = await open("net_raw", "raw+up", "user");
  assert.equal(shared, "ok");
  assert.match(exclusive, /^EPERM Cannot open the user channel of hci0/);
  for (const capabilities of ["-", "net_admin"]) {
    const [refused = ""] = await open(capabilities, "raw");
    assert.match(refused, /^EPERM Cannot open hci0: .*setcap cap_net_raw,cap_net_admin\+eip/);
  }
});

test("a thousand openings and closings leave nothing open", async () => {
  await power("up");
  const openAndClose = async (host?: LinuxHost) => {
    await using transport = await openLinuxHciSocket(raw, host);
    const receiving = transport.receive(() => undefined, new AbortController().signal);
    transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]));
    await transport[Symbol.asyncDispose]();
    await receiving;
  };
  const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await openAndClose();
  const before = openFiles();
  for (let cycle = 0; cycle < 20; cycle++) await openAndClose();
  // Loading the library is what takes most of a cycle in an emulated machine: the rest share one.
  using libc = linuxHost.openLibc();
  const host = { ...linuxHost, openLibc: () => ({ ...libc, [Symbol.dispose]: () => {} }) };
  for (let cycle = 20; cycle < 1_000; cycle++) await openAndClose(host);
  assert.equal(openFiles(), before);
});

// Last, for the adapter comes back under another number while the socket of the first is open.
test("receive() rejects with ENODEV when the adapter is pulled out, and its address finds it again", async () => {
  await power("up");
  await using transport = await openLinuxHciSocket(raw);
  const receiving = transport.receive(() => undefined, new AbortController().signal);
  const startMs = performance.now();
  controller.control("vanish");
  await assert.rejects(withPatience(receiving, "the end of receive()"), hciError("ENODEV", /hci0.*plug it back in/));
  console.log(`took ${(performance.now() - startMs).toFixed(1)} ms`);
  assert.equal(transport.isUp(), false);
  assert.throws(() => transport.send(commandPacket(hci.CMD_RESET)), hciError("ENODEV", /hci0/));
  await waitFor(() => listAdapters().length === 0, "hci0 to go");
  await assert.rejects(openLinuxHciSocket(raw), hciError("ENODEV", /there is none/));
  controller.control("appear");
  await waitFor(() => listAdapters()[0]?.address === HCI0_ADDRESS, "hci0 to come back");
  await using again = await openLinuxHciSocket({ ...raw, adapter: HCI0_ADDRESS, powerUp: true });
  assert.equal(again.isUp(), true);
});
