import assert from "node:assert/strict";
import { freePort } from "../../support/free_port.ts";
import { sshdTest } from "../../support/sshd.ts";
import { Fleet } from "./fleet.ts";

sshdTest("scripts/deploy leaves a 32-bit system alone, whatever its kernel is", async () => {
  await using fleet = await Fleet.start();
  await fleet.stub("getconf", "#!/bin/sh\n[ $1 = LONG_BIT ] && echo 32\n");
  const before = await fleet.snapshot();
  const { code, stdout } = await fleet.deployFirst("1.0");
  assert.equal(code, 1);
  assert.match(stdout, /127\.0\.0\.1 {2}FAILED: is a 32-bit system, whatever its kernel is/);
  assert.deepEqual(await fleet.snapshot(), before);
});

sshdTest("scripts/deploy does the other hosts where some fail, and counts those", async () => {
  await using fleet = await Fleet.start();
  const hosts = ["# the fleet", "127.0.0.1", "", "root@127.0.0.2", "127.0.0.9 # nobody there", "127.0.0.3"].join("\n");
  await Deno.writeTextFile(`${fleet.folder}/hosts`, hosts);
  await Deno.writeTextFile(`${fleet.folder}/config-127.0.0.1`, "scanner:\n");
  await Deno.writeTextFile(`${fleet.folder}/config-127.0.0.2`, "scanner:\n");
  const { code, stdout } = await fleet.deploy(
    ...["--hosts", `${fleet.folder}/hosts`, "--parallel", "2"],
    ...["--file", await fleet.program("1.0"), "--config", `${fleet.folder}/config-{host}`],
  );
  assert.equal(code, 2);
  assert.match(stdout, /^127\.0\.0\.9 {7}FAILED: ssh: connect to host 127\.0\.0\.9 .*refused/m);
  assert.match(stdout, /^127\.0\.0\.3 {7}FAILED: .*config-127\.0\.0\.3/m);
  assert.match(stdout, /\n4 hosts: 2 changed, 2 failed\n$/);
  const versions = await Promise.all(["127.0.0.1", "127.0.0.2", "127.0.0.3"].map((host) => fleet.version(host)));
  assert.deepEqual(versions, ["1.0", "1.0", null]);
});

sshdTest("scripts/deploy tells for each host what it is at", async () => {
  await using fleet = await Fleet.start();
  const args = ["--file", await fleet.program("1.0"), "--config", `${fleet.folder}/config`];
  const { stdout } = await fleet.deploy(...args, "127.0.0.1", "127.0.0.2");
  for (const host of ["127.0.0.1", "127.0.0.2"]) {
    const states = stdout.split("\n").filter((line) => line.startsWith(host)).map((line) => line.slice(11));
    assert.deepEqual(states.slice(0, -1), ["looking", "uploading 1 kB", "checking the configuration", "restarting"]);
  }
});

sshdTest("scripts/deploy --dry-run says what it would do, and changes nothing", async () => {
  await using fleet = await Fleet.start();
  const dryFirst = await fleet.deploy("--dry-run", "--file", await fleet.program("1.0"), "127.0.0.1");
  assert.match(dryFirst.stdout, /would install program none → [0-9a-f]{8}, unit none → [0-9a-f]{8}, restart\n/);
  assert.deepEqual(await fleet.snapshot(), {});
  await fleet.deployFirst("1.0");
  await fleet.deployFirst("2.0");
  await fleet.systemctlCalls();
  const before = await fleet.snapshot();
  const dryUpdate = await fleet.deploy("--dry-run", "--file", await fleet.program("3.0"), "127.0.0.1");
  assert.match(dryUpdate.stdout, /would install program [0-9a-f]{8} → [0-9a-f]{8}, restart\n/);
  const dryRollback = await fleet.deploy("--dry-run", "--rollback", "127.0.0.1");
  assert.match(dryRollback.stdout, /would roll back to program [0-9a-f]{8}\n/);
  assert.deepEqual([dryUpdate.code, dryRollback.code], [0, 0]);
  assert.deepEqual(await fleet.snapshot(), before);
  assert.deepEqual(await fleet.systemctlCalls(), []);
});

sshdTest("scripts/deploy refuses a program that is for another machine", async () => {
  await using fleet = await Fleet.start();
  const elf = new Uint8Array(64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf[18] = Deno.build.arch === "x86_64" ? 183 : 62;
  await Deno.writeFile(`${fleet.folder}/elf`, elf);
  const { code, stdout } = await fleet.deploy("--file", `${fleet.folder}/elf`, "127.0.0.1");
  assert.equal(code, 1);
  assert.match(stdout, /FAILED: .*\/elf is for (aarch64|x86_64), the host is (aarch64|x86_64)\n/);
});

sshdTest("scripts/deploy leaves a host alone where a package owns the program", async () => {
  await using fleet = await Fleet.start();
  const dpkgQuery = `#!/bin/sh\necho "bt-scanner: $2"\n`;
  await fleet.stub("dpkg-query", dpkgQuery);
  const { code, stdout } = await fleet.deployFirst("1.0");
  assert.equal(code, 1);
  assert.match(stdout, /FAILED: bt-scanner belongs to the Debian package bt-scanner there/);
  assert.deepEqual(await fleet.snapshot(), {});
});

sshdTest("scripts/deploy becomes root with sudo, and never asks for a password", async () => {
  await using fleet = await Fleet.start();
  await fleet.stub("id", `#!/bin/sh\necho 1000\n`);
  await fleet.stub("sudo", `#!/bin/sh\nprintf '%s\\n' "$1" >>'${fleet.folder}/sudo'\nshift\nexec "$@"\n`);
  const { code } = await fleet.deployFirst("1.0");
  assert.deepEqual([code, await fleet.version()], [0, "1.0"]);
  assert.equal(await Deno.readTextFile(`${fleet.folder}/sudo`), "-n\n-n\n");
});

sshdTest("scripts/deploy fails where nobody listens, exit code 1", async () => {
  await using fleet = await Fleet.start();
  const { code, stdout } = await fleet.deploy("--port", String(freePort()), "--rollback", "127.0.0.1");
  assert.equal(code, 1);
  assert.match(stdout, /FAILED: ssh: connect to host 127\.0\.0\.1/);
});
