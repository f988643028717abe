/**
 * Makes, on the host, what the case `apt_repository` serves in the guest: `apt_repository.ts FOLDER` leaves in
 * FOLDER the agent as a bundle, `repository`, in which two versions of its package are, `foreign.gpg`, the key
 * of somebody else, and `versions`, the older one first.
 */
import { bundle } from "../../../scripts/compile/bundle.ts";
import { debianVersion } from "../../../scripts/package/version.ts";
import { run, runToEnd } from "../../support/programs.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";

const OLDER = "0.0.1-1";
const CONFIGURATION = "etc/bt-scanner/config.yaml";

const [out = ""] = Deno.args;
await using folder = await TemporaryFolder.make();

/** Makes a key pair, and exports of it what `exporting` says, to `file`. */
async function newKey(name: string, file: string, ...exporting: string[]): Promise<void> {
  const home = `${folder.path}/${name}`;
  await Deno.mkdir(home, { mode: 0o700 });
  const gpg = (...args: string[]) => run("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args);
  await gpg("--quick-gen-key", `${name} <${name}@example.org>`, "ed25519", "sign", "never");
  await gpg("--output", file, ...exporting);
  await run("gpgconf", "--homedir", home, "--kill", "all");
}

/** The agent as the other cases start it, but with nothing of the host in it: a package of a few kilobytes. */
async function makePackage(packages: string): Promise<string> {
  await Deno.writeFile(`${out}/packaged.js`, await bundle("packaged (bundle)"));
  const { default: { tasks } } = await import("../../../deno.json", { with: { type: "json" } });
  const permissions = tasks.start.command.match(/--\S+/g)?.join(" ");
  const start = `exec /job/files/bin/deno run --no-config ${permissions} --allow-write /job/files/packaged.js "$@"`;
  const script = `#!/bin/sh\nexport DENO_DIR="\${CACHE_DIRECTORY:-/tmp}/deno"\n${start}\n`;
  await Deno.writeTextFile(`${folder.path}/bt-scanner`, script);
  const what = ["--arch", "amd64", "--executable", `${folder.path}/bt-scanner`, "--out", packages];
  return (await run(Deno.execPath(), "run", "-A", "scripts/package.ts", ...what)).trim();
}

/** The same as an older version had it, with another example of a configuration. */
async function makeOlder(deb: string, packages: string): Promise<void> {
  const tree = `${folder.path}/older`;
  await run("dpkg-deb", "--raw-extract", deb, tree);
  const edit = async (path: string, change: (text: string) => string) => {
    await Deno.writeTextFile(`${tree}/${path}`, change(await Deno.readTextFile(`${tree}/${path}`)));
  };
  await edit("DEBIAN/control", (text) => text.replace(/^Version: .*$/m, `Version: ${OLDER}`));
  await edit(CONFIGURATION, (text) => `# as of an older version\n${text}`);
  await run("dpkg-deb", "--root-owner-group", "--build", tree, packages);
}

const packages = `${folder.path}/packages`;
await makeOlder(await makePackage(packages), packages);
const secret = `${folder.path}/secret`;
await newKey("ours", secret, "--armor", "--export-secret-keys");
const APT_SIGNING_KEY = await Deno.readTextFile(secret);
const args = ["run", "-A", "scripts/repository.ts", "--packages", packages, "--out", `${out}/repository`];
const { code, stderr } = await runToEnd(Deno.execPath(), args, { env: { APT_SIGNING_KEY } });
if (code !== 0) throw new Error(stderr);
await newKey("foreign", `${out}/foreign.gpg`, "--export");
await Deno.writeTextFile(`${out}/versions`, `${OLDER} ${debianVersion()}`);
