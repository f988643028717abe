import assert from "node:assert/strict";
import { freePort } from "../../support/free_port.ts";
import { sshdTest } from "../../support/sshd.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Fleet } from "./fleet.ts";

const MANY_BYTES = 12_000_000;

sshdTest("scripts/deploy installs program, configuration and unit, and starts the service", async () => {
  await using fleet = await Fleet.start();
  const { code, stdout, stderr } = await fleet.deployFirst("1.0");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /127\.0\.0\.1 {2}deployed program none → [0-9a-f]{8}, configuration none → /);
  assert.equal(await fleet.version(), "1.0");
  assert.equal(await Deno.readTextFile(fleet.path("etc/bt-scanner/config.yaml")), "scanner:\n  id: '127.0.0.1'\n");
  assert.equal(mode(fleet.path("etc/bt-scanner/config.yaml")), 0o644);
  assert.equal(mode(fleet.path("usr/bin/bt-scanner")), 0o755);
  assert.equal(mode(fleet.path("etc/systemd/system/bt-scanner.service")), 0o644);
  assert.deepEqual(await fleet.systemctlCalls(), ["daemon-reload", "enable", "reset-failed", "restart"]);
});

sshdTest("scripts/deploy replaces a version, keeps the one before, and leaves the configuration's mode", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  await Deno.chmod(fleet.path("etc/bt-scanner/config.yaml"), 0o640);
  await Deno.writeTextFile(`${fleet.folder}/config`, "scanner:\n  id: other\n");
  const { code } = await fleet.deployFirst("2.0");
  assert.equal(code, 0);
  assert.equal(await fleet.version(), "2.0");
  assert.equal(mode(fleet.path("etc/bt-scanner/config.yaml")), 0o640);
  const previous = await Deno.readTextFile(fleet.path("var/lib/bt-scanner-deploy/previous/binary"));
  assert.match(previous, /^# 1\.0$/m);
});

sshdTest("scripts/deploy leaves a host alone that has it all", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  await fleet.systemctlCalls();
  const before = await fleet.snapshot();
  const { code, stdout } = await fleet.deployFirst("1.0");
  assert.deepEqual([code, stdout.includes("127.0.0.1  unchanged\n")], [0, true]);
  assert.deepEqual(await fleet.snapshot(), before);
  assert.deepEqual(await fleet.systemctlCalls(), []);
});

sshdTest("scripts/deploy leaves a 32-bit system alone, whatever its kernel is", async () => {
  await using fleet = await Fleet.start();
  await fleet.stub("getconf", "#!/bin/sh\n[ $1 = LONG_BIT ] && echo 32\n");
  const before = await fleet.snapshot();
  const { code, stdout } = await fleet.deployFirst("1.0");
  assert.equal(code, 1);
  assert.match(stdout, /127\.0\.0\.1 {2}FAILED: is a 32-bit system, whatever its kernel is/);
  assert.deepEqual(await fleet.snapshot(), before);
});

sshdTest("scripts/deploy starts a service that is installed but does not run", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  await Deno.remove(fleet.path("active"));
  const { code, stdout } = await fleet.deployFirst("1.0");
  assert.deepEqual([code, stdout.includes("127.0.0.1  restarted\n")], [0, true]);
  assert.ok((await fleet.systemctlCalls()).includes("restart"));
});

sshdTest("scripts/deploy refuses a program that arrives damaged", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  const before = await fleet.snapshot();
  await Deno.writeTextFile(`${fleet.folder}/upload`, "damage");
  const { code, stdout } = await fleet.deployFirst("2.0", { bytes: MANY_BYTES });
  assert.equal(code, 1);
  assert.match(stdout, /FAILED: binary arrived damaged/);
  assert.deepEqual(await fleet.snapshot(), before);
});

for (const standIn of [{ ready: false }, { ready: null }, { stays: false }] as const) {
  sshdTest(`scripts/deploy rolls back a version with ${JSON.stringify(standIn)}`, async () => {
    await using fleet = await Fleet.start();
    await fleet.deployFirst("1.0");
    const before = await fleet.snapshot();
    await fleet.systemctlCalls();
    await Deno.writeTextFile(`${fleet.folder}/config`, "scanner:\n  id: other\n");
    await Deno.writeTextFile(`${fleet.folder}/unit`, "[Service]\n[Install]\n");
    const { code, stdout, stderr } = await fleet.deployFirst("2.0", standIn);
    assert.equal(code, 1);
    assert.match(stdout, /FAILED: did not become ready; rolled back\n/);
    assert.match(
      stderr,
      /^127\.0\.0\.1: (Job for bt-scanner\.service failed\.|it ended again within 0 s|not ready within 3 s)$/m,
    );
    assert.deepEqual(await fleet.snapshot(), before);
    assert.deepEqual((await fleet.systemctlCalls()).slice(-3), ["daemon-reload", "reset-failed", "restart"]);
  });
}

sshdTest("scripts/deploy leaves nothing behind of a first installation that does not become ready", async () => {
  await using fleet = await Fleet.start();
  const { code } = await fleet.deployFirst("1.0", { ready: false });
  assert.equal(code, 1);
  assert.deepEqual(await fleet.snapshot(), {});
  const { stdout } = await fleet.deploy("--rollback", "127.0.0.1");
  assert.match(stdout, /FAILED: no previous version is kept there/);
});

sshdTest("scripts/deploy changes nothing where the new version refuses the configuration", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  const before = await fleet.snapshot();
  await fleet.systemctlCalls();
  await Deno.writeTextFile(`${fleet.folder}/config`, "nonsense\n");
  const { code, stdout, stderr } = await fleet.deployFirst("2.0");
  assert.equal(code, 1);
  assert.match(stdout, /FAILED: the new version refuses the configuration; nothing was changed/);
  assert.match(stderr, /^127\.0\.0\.1: .*scanner\.id: expects a name$/m);
  assert.deepEqual(await fleet.snapshot(), before);
  assert.deepEqual(await fleet.systemctlCalls(), []);
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

sshdTest("scripts/deploy --rollback goes back, configuration and unit included, and forth again", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  await Deno.writeTextFile(`${fleet.folder}/config`, "scanner:\n  id: second\n");
  await fleet.deployFirst("2.0");
  const back = await fleet.deploy("--rollback", "127.0.0.1");
  assert.deepEqual([back.code, await fleet.version()], [0, "1.0"]);
  assert.match(await Deno.readTextFile(fleet.path("etc/bt-scanner/config.yaml")), /127\.0\.0\.1/);
  const forth = await fleet.deploy("--rollback", "127.0.0.1");
  assert.deepEqual([forth.code, await fleet.version()], [0, "2.0"]);
  assert.match(await Deno.readTextFile(fleet.path("etc/bt-scanner/config.yaml")), /second/);
});

sshdTest("scripts/deploy killed while it uploads leaves the host as it was", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  const before = await fleet.snapshot();
  await Deno.writeTextFile(`${fleet.folder}/upload`, "stall");
  const program = await fleet.program("2.0", { bytes: MANY_BYTES });
  const deployment = fleet.spawn("--file", program, "127.0.0.1");
  await waitFor(() => exists(`${fleet.folder}/stalled`), "the upload to begin");
  deployment.kill("SIGKILL");
  await Promise.all([deployment.status, deployment.stdout.cancel(), deployment.stderr.cancel()]);
  await Deno.writeTextFile(`${fleet.folder}/go-on`, "");
  await waitFor(async () => uploads(await fleet.snapshot()) === 0, "the host to give up");
  assert.deepEqual(await fleet.snapshot(), before);
  const again = await fleet.deploy("--file", program, "127.0.0.1");
  assert.deepEqual([again.code, await fleet.version()], [0, "2.0"]);
});

sshdTest("scripts/deploy undoes what a host that lost its power in the middle was left with", async () => {
  await using fleet = await Fleet.start();
  await fleet.deployFirst("1.0");
  const state = fleet.path("var/lib/bt-scanner-deploy");
  await Deno.mkdir(`${state}/before`);
  for (const [name, path] of [["binary", "usr/bin/bt-scanner"], ["config", "etc/bt-scanner/config.yaml"]] as const) {
    await Deno.copyFile(fleet.path(path), `${state}/before/${name}`);
  }
  await Deno.copyFile(fleet.path("etc/systemd/system/bt-scanner.service"), `${state}/before/unit`);
  await Deno.writeTextFile(`${state}/before/ready`, "");
  await Deno.writeTextFile(`${state}/before/running`, "");
  await Deno.writeTextFile(`${state}/before/enabled`, "");
  await Deno.copyFile(await fleet.program("2.0"), fleet.path("usr/bin/bt-scanner"));
  const dry = await fleet.deploy("--dry-run", "--file", await fleet.program("3.0"), "127.0.0.1");
  assert.match(dry.stdout, /would undo a deployment that was cut short, install program /);
  const { code, stdout } = await fleet.deploy("--rollback", "127.0.0.1");
  assert.equal(code, 0, stdout);
  assert.match(stdout, /rolled back to before a deployment that was cut short/);
  assert.equal(await fleet.version(), "1.0");
  assert.equal(await exists(`${state}/before`), false);
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

function mode(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

function uploads(snapshot: Record<string, string>): number {
  return Object.keys(snapshot).filter((path) => path.includes("/upload.")).length;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
