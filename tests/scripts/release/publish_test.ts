import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { run, runToEnd, testWith } from "../../support/programs.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";

const PUBLISH = fileURLToPath(new URL("../../../scripts/release/publish", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../../../scripts/release/packages", import.meta.url));

/** A release of one file, and stand-ins for the programs that reach the network, which say how they were called. */
async function prepare(version: string): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.make();
  await Deno.mkdir(`${folder.path}/release`);
  await Deno.writeTextFile(`${folder.path}/release/RELEASE_NOTES.md`, "- new\n");
  await Deno.writeTextFile(`${folder.path}/release/bt-scanner-${version}-oci.tar`, "image");
  const sums = await run("sh", "-c", `cd ${folder.path}/release && sha256sum *.tar`);
  await Deno.writeTextFile(`${folder.path}/release/SHA256SUMS`, sums);
  for (const name of ["gh", "skopeo"]) {
    const script =
      `#!/bin/sh\necho "${name} $*" | sed 's#${folder.path}/##g' >&2\n[ "$1" != inspect ] || printf index\n`;
    await Deno.writeTextFile(`${folder.path}/${name}`, script, { mode: 0o755 });
  }
  return folder;
}

async function publish(folder: TemporaryFolder, tag: string): Promise<{ code: number; calls: string[]; out: string }> {
  const env = { PATH: `${folder.path}:${Deno.env.get("PATH")}`, IMAGE: "ghcr.io/a/b", GITHUB_OUTPUT: "/dev/stdout" };
  const { code, stdout, stderr } = await runToEnd(PUBLISH, [tag, `${folder.path}/release`], { env });
  return { code, calls: stderr.trim().split("\n"), out: stdout };
}

testWith(
  ["bash"],
  "a release is published with its notes and all its files, and its image under two names",
  async () => {
    await using folder = await prepare("1.2.3");
    const { code, calls, out } = await publish(folder, "v1.2.3");
    const archive = "oci-archive:release/bt-scanner-1.2.3-oci.tar";
    assert.deepEqual(calls, [
      `skopeo copy --all --preserve-digests ${archive} docker://ghcr.io/a/b:1.2.3`,
      `skopeo copy --all --preserve-digests ${archive} docker://ghcr.io/a/b:latest`,
      `skopeo inspect --raw ${archive}`,
      "gh release create v1.2.3 --verify-tag --latest --title bt-scanner 1.2.3 --notes-file release/RELEASE_NOTES.md " +
      "release/SHA256SUMS release/bt-scanner-1.2.3-oci.tar",
    ]);
    assert.equal(out, "digest=sha256:1bc04b5291c26a46d918139138b992d2de976d6851d0893b0476b85bfbdfc6e6\n");
    assert.equal(code, 0);
  },
);

testWith(["bash"], "a candidate is published as one, and does not become the latest image", async () => {
  await using folder = await prepare("1.2.3-rc.1");
  const { code, calls } = await publish(folder, "v1.2.3-rc.1");
  assert.equal(calls.filter((call) => call.startsWith("skopeo copy")).length, 1);
  assert.match(calls.at(-1) ?? "", / --prerelease /);
  assert.equal(code, 0);
});

testWith(["bash"], "nothing is published of what differs from its sums", async () => {
  await using folder = await prepare("1.2.3");
  await Deno.writeTextFile(`${folder.path}/release/bt-scanner-1.2.3-oci.tar`, "damaged");
  const { code, calls } = await publish(folder, "v1.2.3");
  assert.notEqual(code, 0);
  assert.deepEqual(calls.filter((call) => /^(gh|skopeo)/.test(call)), []);
});

testWith(["bash"], "the repository is made of packages that are as their release's sums have them", async () => {
  await using folder = await TemporaryFolder.make();
  const gh = `#!/bin/sh
case "$2" in
  list) echo v1.0.1; echo v1.0.0 ;;
  download) cd "$9" && echo "$3" >"bt-scanner_\${3#v}-1_amd64.deb" && sha256sum *.deb >SHA256SUMS
    [ ! -e '${folder.path}/damage' ] || echo more >>"$(ls *.deb)" ;;
esac
`;
  await Deno.writeTextFile(`${folder.path}/gh`, gh, { mode: 0o755 });
  const download = () => {
    const env = { PATH: `${folder.path}:${Deno.env.get("PATH")}` };
    return runToEnd(PACKAGES, [`${folder.path}/released`], { env });
  };
  const { code, stderr } = await download();
  assert.equal(code, 0, stderr);
  const names = await Array.fromAsync(Deno.readDir(`${folder.path}/released`), ({ name }) => name);
  assert.deepEqual(names.sort(), ["bt-scanner_1.0.0-1_amd64.deb", "bt-scanner_1.0.1-1_amd64.deb"]);
  await Deno.writeTextFile(`${folder.path}/damage`, "");
  assert.notEqual((await download()).code, 0);
});
