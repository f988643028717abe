import assert from "node:assert/strict";
import { sshdTest } from "../../support/sshd.ts";
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

function mode(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}
