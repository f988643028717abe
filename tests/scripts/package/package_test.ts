import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { runToEnd, testWith } from "../../support/programs.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";

const PACKAGE = fileURLToPath(new URL("../../../scripts/package.ts", import.meta.url));
/** Data behind the script's end, as a self-extracting executable has it. */
const STAND_IN = "#!/bin/sh\necho stand-in\nexit\n(((\n";

interface Sbom {
  readonly metadata: { readonly component: { readonly "bom-ref": string } };
  readonly components: readonly { readonly "bom-ref": string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** A folder with a stand-in for the executable. */
async function folderWithExecutable(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  await Deno.writeTextFile(`${folder.path}/executable`, STAND_IN);
  return folder;
}

/** Packages the stand-in into a folder below, and returns the path of the package. */
async function makePackage(folder: string, arch: string, out = "out", epochS = "1800000000"): Promise<string> {
  const start = ["run", "-A", "--no-check", "--node-modules-dir=manual", PACKAGE];
  const args = [...start, "--arch", arch, "--executable", `${folder}/executable`];
  const stdout = await run(Deno.execPath(), [...args, "--out", `${folder}/${out}`], { SOURCE_DATE_EPOCH: epochS });
  return stdout.trim();
}

async function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(program, args, { env: { NO_COLOR: "1", LC_ALL: "C", ...env } });
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

testWith(
  ["dpkg-deb"],
  "deno task package holds program, unit, configuration, manual, completion and papers",
  async () => {
    await using folder = await folderWithExecutable();
    const deb = await makePackage(folder.path, "arm64");
    assert.match(deb, /bt-scanner_[\d.]+-1_arm64\.deb$/);
    const listed = (await run("dpkg-deb", ["--contents", deb])).trim().split("\n").map((line) => line.split(/\s+/));
    const files = listed.filter(([mode]) => mode?.startsWith("-")).map((
      [mode, owner, , , , path],
    ) => [mode, owner, path]);
    const doc = "./usr/share/doc/bt-scanner";
    assert.deepEqual(files, [
      ["-rw-r--r--", "root/root", "./etc/bt-scanner/config.yaml"],
      ["-rwxr-xr-x", "root/root", "./usr/bin/bt-scanner"],
      ["-rw-r--r--", "root/root", "./usr/lib/systemd/system/bt-scanner.service"],
      ["-rw-r--r--", "root/root", "./usr/lib/systemd/system/bt-scanner@.service"],
      ["-rw-r--r--", "root/root", "./usr/share/bash-completion/completions/bt-scanner"],
      ["-rw-r--r--", "root/root", `${doc}/changelog.Debian.gz`],
      ["-rw-r--r--", "root/root", `${doc}/changelog.gz`],
      ["-rw-r--r--", "root/root", `${doc}/copyright`],
      ["-rw-r--r--", "root/root", `${doc}/sbom.cdx.json`],
      ["-rw-r--r--", "root/root", "./usr/share/fish/vendor_completions.d/bt-scanner.fish"],
      ["-rw-r--r--", "root/root", "./usr/share/lintian/overrides/bt-scanner"],
      ["-rw-r--r--", "root/root", "./usr/share/man/man1/bt-scanner.1.gz"],
      ["-rw-r--r--", "root/root", "./usr/share/zsh/vendor-completions/_bt-scanner"],
    ]);
    assert.equal(await run("dpkg-deb", ["--info", deb, "conffiles"]), "/etc/bt-scanner/config.yaml\n");
    assert.equal(await run("dpkg-deb", ["--field", deb, "Architecture"]), "arm64\n");
    await run("dpkg-deb", ["--extract", deb, `${folder.path}/x`]);
    assert.match(await Deno.readTextFile(`${folder.path}/x/etc/bt-scanner/config.yaml`), /^ {2}id: "\{hostname\}"$/m);
    assert.equal(await Deno.readTextFile(`${folder.path}/x/usr/bin/bt-scanner`), STAND_IN);
    const manual = gunzipSync(await Deno.readFile(`${folder.path}/x/usr/share/man/man1/bt-scanner.1.gz`)).toString();
    assert.match(manual, /^\.TH BT-SCANNER 1 2027-01-15 /);
    const sbom = await Deno.readTextFile(`${folder.path}/x/usr/share/doc/bt-scanner/sbom.cdx.json`);
    assert.equal(JSON.parse(sbom).metadata.timestamp, "2027-01-15T08:00:00.000Z");
    assert.equal(await Deno.readTextFile(deb.replace(/deb$/, "cdx.json")), sbom);
  },
);

testWith(["dpkg-deb"], "deno task package refers to no part of the program that it does not describe", async () => {
  await using folder = await folderWithExecutable();
  const deb = await makePackage(folder.path, "arm64");
  const { metadata, components, dependencies } = JSON.parse(
    await Deno.readTextFile(deb.replace(/deb$/, "cdx.json")),
  ) as Sbom;
  const known = [metadata.component, ...components].map((component) => component["bom-ref"]);
  assert.deepEqual(dependencies.map(({ ref }) => ref), known);
  const wanted = new Set(dependencies.flatMap(({ dependsOn }) => dependsOn));
  assert.deepEqual([...wanted].sort(), known.slice(1).sort(), "each is there because something asks for it");
});

testWith(["dpkg-deb"], "deno task package makes the same bytes of the same commit", async () => {
  await using folder = await folderWithExecutable();
  const first = await Deno.readFile(await makePackage(folder.path, "amd64", "first"));
  const second = await Deno.readFile(await makePackage(folder.path, "amd64", "second"));
  assert.deepEqual(first, second);
  const later = await Deno.readFile(await makePackage(folder.path, "amd64", "later", "1800000001"));
  assert.notDeepEqual(first, later);
});

testWith(["dpkg-deb", "lintian"], "lintian finds no error and no warning in the package", async () => {
  await using folder = await folderWithExecutable();
  for (const arch of ["arm64", "amd64"]) {
    const deb = await makePackage(folder.path, arch);
    assert.equal(await run("lintian", ["--fail-on", "error,warning", "--display-level", ">=warning", deb]), "");
  }
});

testWith(
  ["dpkg-deb", "dpkg"],
  "the package keeps an edited configuration until it is purged, with what was unpacked, and starts nothing",
  async () => {
    await using folder = await folderWithExecutable();
    const root = await emptySystem(folder.path);
    const config = `${root}/etc/bt-scanner/config.yaml`;
    const dpkg = (...args: string[]) => dpkgIn(folder.path, root, args);
    const deb = await makePackage(folder.path, "amd64");

    await dpkg("--install", deb);
    assert.equal(await Deno.readTextFile(`${root}/usr/bin/bt-scanner`), STAND_IN);
    assert.equal(await calls(folder.path), "daemon-reload\n");
    await Deno.writeTextFile(config, "scanner: { id: mine }\n");
    await Deno.writeTextFile(`${folder.path}/executable`, `${STAND_IN}# newer\n`);
    await dpkg("--install", await makePackage(folder.path, "amd64", "newer"));
    assert.match(await Deno.readTextFile(`${root}/usr/bin/bt-scanner`), /newer/);
    assert.equal(
      await calls(folder.path),
      "daemon-reload\ntry-restart --no-block bt-scanner.service bt-scanner@*.service\n",
    );

    await dpkg("--remove", "bt-scanner");
    assert.equal(await Deno.readTextFile(config), "scanner: { id: mine }\n");
    assert.deepEqual((await calls(folder.path)).split("\n"), [
      "stop bt-scanner.service bt-scanner@*.service",
      "disable bt-scanner.service bt-scanner@.service",
      "daemon-reload",
      "",
    ]);
    await Deno.writeTextFile(`${root}/etc/bt-scanner/mqtt-password`, "secret\n");
    const [theirs, ...ours] = ["home/pi/.cache", "root/.cache", "var/cache", "var/cache/private"]
      .map((cache) => `${root}/${cache}/bt-scanner`);
    for (const cache of [...ours, theirs ?? ""]) {
      await Deno.mkdir(`${cache}/bt-scanner-0123456789abcdef`, { recursive: true });
    }
    await dpkg("--purge", "bt-scanner");
    for (const cache of ours) await assert.rejects(Deno.stat(cache), Deno.errors.NotFound);
    assert.ok((await Deno.stat(theirs ?? "")).isDirectory, "what a user has unpacked is that user's");
    await assert.rejects(Deno.stat(`${root}/etc/bt-scanner`), Deno.errors.NotFound);
    await assert.rejects(Deno.stat(`${root}/usr/bin/bt-scanner`), Deno.errors.NotFound);
  },
);

/** A root folder in which dpkg has installed nothing yet, and a systemctl that remembers its calls. */
async function emptySystem(folder: string): Promise<string> {
  const root = `${folder}/root`;
  for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "run/systemd/system"]) {
    await Deno.mkdir(`${root}/${path}`, { recursive: true });
  }
  for (const name of ["status", "available"]) await Deno.writeTextFile(`${root}/var/lib/dpkg/${name}`, "");
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/systemctl`, `#!/bin/sh\necho "$*" >>'${folder}/calls'\n`, { mode: 0o755 });
  return root;
}

async function dpkgIn(folder: string, root: string, args: readonly string[]): Promise<void> {
  const force = ["not-root", "script-chrootless", "depends", "architecture"].map((what) => `--force-${what}`);
  const path = `${folder}/bin:${Deno.env.get("PATH")}:/usr/local/sbin:/usr/sbin:/sbin`;
  await run("dpkg", [`--root=${root}`, "--log=/dev/null", ...force, ...args], { PATH: path });
}

/** What systemctl was called for since this was asked last. */
async function calls(folder: string): Promise<string> {
  const text = await Deno.readTextFile(`${folder}/calls`);
  await Deno.remove(`${folder}/calls`);
  return text;
}
