import assert from "node:assert/strict";
import { sshdTest } from "../../support/sshd.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Fleet } from "./fleet.ts";

const MANY_BYTES = 12_000_000;

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

function uploads(snapshot: Record<string, string>): number {
  return Object.keys(snapshot).filter((path) => path.includes("/upload.")).length;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
