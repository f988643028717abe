import assert from "node:assert/strict";
import { openLibc } from "../../../src/hci/linux/libc.ts";
import { HciError, libcPaths, listAdapters, openLinuxHciSocket } from "../../../src/hci/mod.ts";
import { runToEnd } from "../../support/programs.ts";
import { test } from "../../support/test.ts";

const NONBLOCK_CLOEXEC = 0o2004000;
const EAGAIN = 11, EBADF = 9, ENOENT = 2;
const options = { ignore: libcPaths().length === 0 };

test("libcPaths() are absolute, and none where HCI sockets are not supported", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    const paths = libcPaths({ os: "linux", arch });
    assert(paths.length > 0);
    for (const path of paths) assert.match(path, /^\/[\w/-]+\/libc\.so\.6$/);
  }
  assert.deepEqual(libcPaths({ os: "darwin", arch: "aarch64" }), []);
  assert.deepEqual(libcPaths({ os: "windows", arch: "x86_64" }), []);
});

test("openLibc() calls the system and gives its error numbers, negated", () => {
  using libc = openLibc();
  const alarm = libc.eventfd(5, NONBLOCK_CLOEXEC);
  assert(alarm >= 0);
  const counter = new Uint8Array(8);
  assert.equal(libc.read(alarm, counter), 8);
  assert.deepEqual([...counter], [5, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(libc.read(alarm, counter), -EAGAIN);
  assert.equal(libc.write(alarm, counter), 8);
  assert.equal(libc.close(alarm), 0);
  assert.equal(libc.close(alarm), -EBADF);
  assert.equal(libc.read(alarm, counter), -EBADF);
  assert.equal(libc.write(alarm, counter), -EBADF);
  assert.equal(libc.bind(alarm, counter), -EBADF);
  assert.equal(libc.connect(alarm, counter), -EBADF);
  assert.equal(libc.ioctl(alarm, 0x5401, 0), -EBADF);
  assert.equal(libc.ioctl(alarm, 0x5401, counter), -EBADF);
  assert.equal(libc.setsockopt(alarm, 1, 8, counter), -EBADF);
  assert.equal(libc.open("/nowhere/at/all", NONBLOCK_CLOEXEC), -ENOENT);
}, options);

test("openLibc() opens Internet sockets too, whose options can be set and read", () => {
  using libc = openLibc();
  const socket = libc.socket(2, 2 | NONBLOCK_CLOEXEC, 0); // AF_INET, SOCK_DGRAM
  assert(socket >= 0);
  const size = Uint32Array.of(10_000);
  assert.equal(libc.setsockopt(socket, 1, 8, new Uint8Array(size.buffer)), 0); // SO_RCVBUF
  assert.equal(libc.getsockopt(socket, 1, 8, new Uint8Array(size.buffer)), 0);
  assert.equal(size[0], 20_000); // Linux doubles it
  libc.close(socket);
}, options);

test("openLibc() waits off the main thread for one of several descriptors", async () => {
  using libc = openLibc();
  const quiet = libc.eventfd(0, NONBLOCK_CLOEXEC), alarm = libc.eventfd(0, NONBLOCK_CLOEXEC);
  const fds = new DataView(new ArrayBuffer(16));
  [quiet, alarm].forEach((fd, i) => {
    fds.setInt32(i * 8, fd, true);
    fds.setInt16(i * 8 + 4, 1, true);
  });
  const ready = libc.poll(new Uint8Array(fds.buffer));
  libc.write(alarm, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  assert.equal(await ready, 1);
  assert.deepEqual([fds.getInt16(6, true), fds.getInt16(14, true)], [0, 1]);
  assert.equal(await libc.ioctlInBackground(alarm, 0x5401, 0), -1);
  libc.close(quiet);
  libc.close(alarm);
}, options);

test("openLibc() says which systems are supported", () => {
  assert.throws(
    () => openLibc([]),
    (error) => error instanceof HciError && error.code === "EAFNOSUPPORT" && /--source simulate/.test(error.message),
  );
});

test("openLibc() tries every path and says which", () => {
  assert.throws(
    () => openLibc(["/nowhere/libc.so.6", "/nor/here/libc.so.6"]),
    (error) =>
      error instanceof HciError && error.code === "EAFNOSUPPORT" && error.cause instanceof Error &&
      /none of \/nowhere\/libc\.so\.6, \/nor\/here\/libc\.so\.6/.test(error.message),
  );
  const [real] = libcPaths().filter((path) => exists(path));
  if (real !== undefined) openLibc(["/nowhere/libc.so.6", real])[Symbol.dispose]();
}, options);

/** Runs `source` in a Deno of its own, with these permissions. */
async function runDeno(permissions: readonly string[], source: string): Promise<string> {
  const options = ["--no-prompt", "--no-config", "--no-check", ...permissions];
  const args = ["run", ...options, `data:application/typescript,${source}`];
  const { stdout, stderr } = await runToEnd(Deno.execPath(), args, { env: { NO_COLOR: "1" } });
  return stdout + stderr;
}

const openAndTell = encodeURIComponent(`
  import { openLibc } from ${JSON.stringify(new URL("../../../src/hci/linux/libc.ts", import.meta.url))};
  try {
    using libc = openLibc();
    console.log("opened", libc.close(99));
  } catch (error) {
    console.log(error.code, error.message);
  }`);

test("openLibc() needs no more than permission for libcPaths()", async () => {
  const list = libcPaths().join(",");
  assert.equal(await runDeno([`--allow-ffi=${list}`], openAndTell), `opened -${EBADF}\n`);
  assert.equal(await runDeno(["--allow-ffi"], openAndTell), `opened -${EBADF}\n`);
  assert.match(await runDeno([], openAndTell), new RegExp(`^EPERM .*run with --allow-ffi=${list}`));
}, options);

test("listAdapters() and openLinuxHciSocket() ask the kernel of this very machine", async () => {
  const bluetooth = supportsBluetooth();
  if (bluetooth) {
    assert(Array.isArray(listAdapters()));
  } else {
    const isMissing = (error: unknown) => error instanceof HciError && error.code === "EAFNOSUPPORT";
    assert.throws(() => listAdapters(), isMissing);
    await assert.rejects(openLinuxHciSocket({ adapter: null, channel: "raw", powerUp: false }), isMissing);
  }
});

function supportsBluetooth(): boolean {
  if (libcPaths().length === 0) return false;
  using libc = openLibc();
  const socket = libc.socket(31, 3 | NONBLOCK_CLOEXEC, 1);
  if (socket >= 0) libc.close(socket);
  return socket >= 0;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
