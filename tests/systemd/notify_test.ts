import assert from "node:assert/strict";
import { libcPaths, linuxHost } from "../../src/hci/mod.ts";
import { type NotifyCalls, readNotifySettings, sendNotification } from "../../src/systemd/mod.ts";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";

const onLinux = { ignore: libcPaths().length === 0 };
const PID = 42;
const NOTIFY_SOCKET = "/run/systemd/notify";

test("readNotifySettings() is null without a socket that can be reached", () => {
  for (const socket of [undefined, "", "@", "/", "notify", "vsock:2:1234"]) {
    assert.equal(readNotifySettings({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: "1000000" }, PID), null, `${socket}`);
  }
});

test("readNotifySettings() takes a watchdog that is meant for this process, and none else", () => {
  const watchdog = (env: Record<string, string>) => readNotifySettings({ NOTIFY_SOCKET, ...env }, PID)?.watchdogMs;
  assert.equal(watchdog({}), null);
  assert.equal(watchdog({ WATCHDOG_USEC: "2500000" }), 2_500);
  assert.equal(watchdog({ WATCHDOG_USEC: "2500000", WATCHDOG_PID: "42" }), 2_500);
  assert.equal(watchdog({ WATCHDOG_USEC: "2500000", WATCHDOG_PID: "43" }), null);
  for (const broken of ["", "0", "-1", "soon", "1e6", "0x10"]) assert.equal(watchdog({ WATCHDOG_USEC: broken }), null);
});

test("sendNotification() reaches a socket in the file system, and one outside it", async () => {
  await using folder = await TemporaryFolder.make();
  using libc = linuxHost.openLibc();
  using file = new NotifyReceiver(`${folder.path}/notify`);
  using abstract = NotifyReceiver.abstract();
  for (const receiver of [file, abstract]) {
    assert.ok(sendNotification(libc, receiver.name, "READY=1\nSTATUS=hört zu") > 0);
    assert.ok(sendNotification(libc, receiver.name, "WATCHDOG=1") > 0);
    assert.deepEqual(receiver.receive(), ["READY=1\nSTATUS=hört zu", "WATCHDOG=1"]);
  }
}, onLinux);

test("sendNotification() waits for nobody, tells the error, and leaves nothing open", () => {
  const ENOENT = 2, EAGAIN = 11, ECONNREFUSED = 111;
  using libc = linuxHost.openLibc();
  const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = openFiles();
  assert.equal(sendNotification(libc, "/nowhere/at/all", "READY=1"), -ENOENT);
  assert.equal(sendNotification(libc, "@nobody-listens-here", "READY=1"), -ECONNREFUSED);
  assert.equal(openFiles(), before);
  using deaf = NotifyReceiver.abstract();
  let result = 0;
  for (let i = 0; i < 100_000 && result >= 0; i++) result = sendNotification(libc, deaf.name, "WATCHDOG=1");
  assert.equal(result, -EAGAIN);
}, onLinux);

test("sendNotification() tells the error of a socket that cannot be opened", () => {
  const EMFILE = 24;
  const unreachable = () => assert.fail("called without a socket");
  const calls: NotifyCalls = { socket: () => -EMFILE, connect: unreachable, write: unreachable, close: unreachable };
  assert.equal(sendNotification(calls, NOTIFY_SOCKET, "READY=1"), -EMFILE);
});
