/**
 * What `deno task release --dry-run` has made, in `dist/release` or the folder that `TEST_RELEASE` names, tried
 * with the programs that its users have. Needs root, for containers.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { Mosquitto } from "../support/mosquitto.ts";
import { programEnd, run, runToEnd } from "../support/programs.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";
import { Image } from "./container.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RELEASE = Deno.env.get("TEST_RELEASE") ?? `${ROOT}dist/release`;
const ARCHIVE = `${RELEASE}/bt-scanner-${project.version}-oci.tar`;
const BOTH = ["CAP_NET_RAW", "CAP_NET_ADMIN"];

test("SHA256SUMS is right, and names every file but itself and the notes", async () => {
  const { code, stdout, stderr } = await runToEnd("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: RELEASE });
  assert.equal(code, 0, stderr);
  const checked = stdout.trim().split("\n").map((line) => line.replace(": OK", ""));
  const names = await filesOf();
  assert.deepEqual([...checked, "RELEASE_NOTES.md", "SHA256SUMS"].sort(), names.sort());
  assert.equal(checked.length, 7);
});

test("each package holds the executable and the bill of materials that are beside it", async () => {
  for (const [arch, file] of [["amd64", "bt-scanner-linux-x64"], ["arm64", "bt-scanner-linux-arm64"]] as const) {
    await using folder = await TemporaryFolder.make();
    const deb = (await filesOf()).find((name) => name.endsWith(`_${arch}.deb`)) ?? "";
    await run("dpkg-deb", "--extract", `${RELEASE}/${deb}`, folder.path);
    const same = (a: string, b: string) => run("cmp", a, `${folder.path}/${b}`);
    await same(`${RELEASE}/${file}`, "usr/bin/bt-scanner");
    await same(`${RELEASE}/${deb.replace(/deb$/, "cdx.json")}`, "usr/share/doc/bt-scanner/sbom.cdx.json");
  }
});

test("the image is one for both architectures, of nobody in particular, and starts the program alone", async () => {
  const { manifests } = JSON.parse(await run("skopeo", "inspect", "--raw", `oci-archive:${ARCHIVE}`));
  const platforms = manifests.map(({ platform }: { platform: unknown }) => platform);
  const expected = ["amd64", "arm64"].map((architecture) => ({ architecture, os: "linux" }));
  assert.deepEqual(new Set(platforms), new Set(expected));
  for (const arch of ["amd64", "arm64"]) {
    const text = await run("skopeo", "--override-arch", arch, "inspect", "--config", `oci-archive:${ARCHIVE}`);
    const { architecture, config } = JSON.parse(text);
    assert.equal(architecture, arch);
    assert.equal(config.User, "65532:65532");
    assert.equal(config.Entrypoint[0], "/usr/bin/bt-scanner");
    assert.deepEqual(config.Cmd, ["run"]);
    assert.equal(config.Labels["org.opencontainers.image.version"], project.version);
  }
});

test("the image holds the program, what it needs of Debian, and no other program", async () => {
  await using image = await Image.open(ARCHIVE);
  const root = await image.mount();
  const executables = (await run("find", root, "-type", "f", "-perm", "/111", "-printf", "/%P\\n")).trim().split("\n");
  const isLibrary = (path: string) => /^\/usr\/lib(64)?\/.*\.so\.\d+$/.test(path);
  assert.deepEqual(executables.filter((path) => !isLibrary(path)), ["/usr/bin/bt-scanner"]);
  assert.match(await run("getcap", `${root}/usr/bin/bt-scanner`), / cap_net_admin,cap_net_raw=ep$/m);
  assert.match(await Deno.readTextFile(`${root}/etc/os-release`), /^VERSION_CODENAME=bookworm$/m);
  assert.match(await Deno.readTextFile(`${root}/var/lib/dpkg/status.d/libc6`), /^Package: libc6\n.*\n?Version: 2\./m);
  for (const name of ["copyright", "sbom.cdx.json"]) await Deno.stat(`${root}/usr/share/doc/bt-scanner/${name}`);
  const isSelfExtracting = image.entrypoint.length > 1;
  if (isSelfExtracting) await Deno.stat(`${root}/usr/lib/bt-scanner/cache/dep_analysis_cache_v2`);
  assert.equal(await run("find", root, "-perm", "/022", "!", "-type", "l", "!", "-name", "tmp"), "");
});

test("a container publishes as an ordinary user with two capabilities, and says goodbye at SIGTERM", async () => {
  await using broker = await Mosquitto.start();
  await using subscriber = await Subscriber.open(broker.port, "ble/#");
  await using image = await Image.open(ARCHIVE);
  const id = `container-${broker.port}`;
  const options = ["--scanner-id", id, "--broker", `mqtt://127.0.0.1:${broker.port}`, "--source", "simulate"];
  const container = await image.start(BOTH, "run", ...options, "--log-level", "warning");
  const output = container.output();
  const ended = output.then((end) => Promise.reject(new Error(`It ended: ${JSON.stringify(programEnd(end))}`)));
  const heard = () => subscriber.messages.some(({ topic }) => topic.startsWith(`ble/raw/${id}/`));
  await Promise.race([ended, waitFor(heard, "a message", 60_000)]);
  ended.catch(() => {}); // later it is to

  const pid = await processWith("/usr/bin/bt-scanner", id);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
  assert.equal(field("Uid"), "65532");
  for (const set of ["CapPrm", "CapEff", "CapBnd"]) assert.equal(field(set), "0000000000003000", set);

  Deno.kill(pid, "SIGTERM");
  const { code, stdout, stderr } = programEnd(await output);
  assert.equal(code, 0, stdout + stderr);
  await waitFor(
    () => JSON.parse(subscriber.payloads(`ble/status/${id}`).at(-1) ?? "{}").status === "offline",
    "offline",
  );
});

test("a container without one of the capabilities is refused by the kernel, not started half able", async () => {
  await using image = await Image.open(ARCHIVE);
  const { code, stdout, stderr } = await image.runToEnd(["CAP_NET_RAW"], "--version");
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /bt-scanner: operation not permitted/);
});

async function filesOf(): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(RELEASE), ({ name }) => name);
}

/** The process that a program was started as, with this word among its arguments. */
async function processWith(program: string, word: string): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""); // no process, or gone
    const words = line.split("\0");
    if (words[0] === program && words.includes(word)) return Number(name);
  }
  throw new Error(`No process is ${program} with ${word}`);
}
