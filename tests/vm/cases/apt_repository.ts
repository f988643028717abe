// vm: VM_INIT=systemd VM_APT=1 VM_PREPARE=tests/vm/prepare/apt_repository.ts VM_FAKE_ARGS='--fleet 20 --rate 20'
// on: amd64/6.1
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { run } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";

const UNIT = "bt-scanner.service";
const PORT = 8080;
const KEYRING = "/usr/share/keyrings/bt-scanner.gpg";
const CONFIGURATION = "/etc/bt-scanner/config.yaml";
const PATIENCE_MS = 180_000;
const [OLDER = "", NEWER = ""] = (await Deno.readTextFile("versions")).split(" ");

/** Nobody is asked: what an operator has edited stays. */
const APT = ["--yes", "--quiet", "-o", "Dpkg::Options::=--force-confold"];

/** The repository, served as any web server would, from what may be changed in it. */
async function serve(): Promise<AsyncDisposable> {
  await run("cp", "-r", "repository", "/tmp/repository");
  const args = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", "/tmp/repository", String(PORT)];
  const server = new Deno.Command("python3", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  await waitFor(
    () => run("wget", "-q", "-O", "-", `http://127.0.0.1:${PORT}/bt-scanner.gpg`).then(() => true, () => false),
    "the server",
    PATIENCE_MS,
  );
  return {
    async [Symbol.asyncDispose]() {
      server.kill();
      await server.status;
      await run("rm", "-r", "/tmp/repository");
    },
  };
}

async function trust(key: string): Promise<void> {
  await Deno.mkdir("/usr/share/keyrings", { recursive: true });
  await Deno.copyFile(key, KEYRING);
  const source = [
    "Types: deb",
    `URIs: http://127.0.0.1:${PORT}/`,
    "Suites: stable",
    "Components: main",
    `Signed-By: ${KEYRING}`,
  ];
  await Deno.writeTextFile("/etc/apt/sources.list.d/bt-scanner.sources", `${source.join("\n")}\n`);
}

async function installed(): Promise<string> {
  return await run("dpkg-query", "--show", "--showformat", "${Status} ${Version}", "bt-scanner");
}

async function show(property: string): Promise<string> {
  return (await run("systemctl", "show", "--value", "-p", property, UNIT)).trim();
}

/** Waits until a process other than `before` is the service, and publishes. */
async function restarted(before: string, broker: Mosquitto): Promise<string> {
  const runs = async () => await show("ActiveState") === "active" && await show("MainPID") !== before;
  await waitFor(runs, "the service to run again", PATIENCE_MS);
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/mine/+");
  await waitFor(() => subscriber.payloads.length > 0, "a message", PATIENCE_MS);
  assert.deepEqual([await show("NRestarts"), await show("Result")], ["0", "success"]);
  return await show("MainPID");
}

test("a repository that somebody else has signed is refused, and one whose list was changed", async () => {
  await using _ = await serve();
  await trust("foreign.gpg");
  await assert.rejects(run("apt-get", "update", "--error-on=any"), /NO_PUBKEY|not signed/);
  await trust("repository/bt-scanner.gpg");
  await run("apt-get", "update", "--error-on=any");
  await run("sed", "-i", "s/^Origin: .*/Origin: another/", "/tmp/repository/dists/stable/InRelease");
  await assert.rejects(run("apt-get", "update", "--error-on=any"), /BADSIG|signature/);
});

// With the list that the test before has left.
test("apt installs, upgrades and goes back: the configuration is kept, the service runs what is installed", async () => {
  await using _ = await serve();
  await using broker = await Mosquitto.start();

  await run("apt-get", "install", ...APT, `bt-scanner=${OLDER}`);
  assert.equal(await installed(), `install ok installed ${OLDER}`);
  assert.equal(await show("ActiveState"), "inactive", "it waits for its configuration");
  const mine = `scanner: { id: mine }\nmqtt: { broker: { port: ${broker.port} } }\n`;
  await Deno.writeTextFile(CONFIGURATION, mine);
  await run("systemctl", "add-wants", "job.target", UNIT);
  await run("systemctl", "start", "--no-block", UNIT);
  const first = await restarted("0", broker);

  await run("apt-get", "update", "--error-on=any");
  assert.match(await run("apt-get", "upgrade", ...APT), /bt-scanner/);
  assert.equal(await installed(), `install ok installed ${NEWER}`);
  assert.equal(await Deno.readTextFile(CONFIGURATION), mine);
  const second = await restarted(first, broker);

  await run("apt-get", "install", ...APT, "--allow-downgrades", `bt-scanner=${OLDER}`);
  assert.equal(await installed(), `install ok installed ${OLDER}`);
  assert.equal(await Deno.readTextFile(CONFIGURATION), mine);
  await restarted(second, broker);

  await run("apt-get", "purge", ...APT, "bt-scanner");
  assert.equal(await show("ActiveState"), "inactive");
  await assert.rejects(Deno.stat(CONFIGURATION), Deno.errors.NotFound);
});
