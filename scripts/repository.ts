/**
 * `deno task repository [--packages FOLDER]… [--out FOLDER]`: a signed apt repository of Debian packages, made by
 * aptly: static files for any web server, with the public key. Every version that is in the folders stays
 * installable.
 *
 * The secret key, ASCII-armoured and without a passphrase, is in `APT_SIGNING_KEY`; it is on no disk and no
 * command line but for the time of this, in a folder of its own.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Keyring } from "./repository/keyring.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const NAME = "bt-scanner";
const DISTRIBUTION = "stable";
const ARCHITECTURES = "amd64,arm64";

async function makeRepository(secretKey: string, packages: readonly string[], out: string): Promise<void> {
  await using keyring = await Keyring.of(secretKey);
  const root = `${keyring.folder}/aptly`;
  const config = `${keyring.folder}/aptly.conf`;
  await Deno.writeTextFile(config, JSON.stringify({ rootDir: root, gpgProvider: "gpg" }));
  const aptly = (...args: string[]) => keyring.run("aptly", `-config=${config}`, ...args);
  await aptly("repo", "create", `-distribution=${DISTRIBUTION}`, "-component=main", NAME);
  await aptly("repo", "add", NAME, ...packages);
  const description = [`-origin=${NAME}`, `-label=${NAME}`, `-architectures=${ARCHITECTURES}`];
  const signing = ["-batch", `-gpg-key=${keyring.fingerprint}`];
  await aptly("publish", "repo", "-skip-contents", "-acquire-by-hash", ...description, ...signing, NAME);
  await Deno.writeFile(`${root}/public/${NAME}.gpg`, await keyring.publicKey());
  await Deno.remove(out, { recursive: true }).catch(() => {});
  await keyring.run("cp", "-r", `${root}/public`, out);
  console.log(`${out}: ${(await aptly("repo", "show", "-with-packages", NAME)).split("Packages:")[1]?.trim()}`);
  console.log(`signed with ${keyring.fingerprint}`);
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        packages: { type: "string", multiple: true, default: [`${ROOT}dist/release`] },
        out: { type: "string", default: `${ROOT}dist/apt` },
      },
    });
    const secretKey = Deno.env.get("APT_SIGNING_KEY");
    if (secretKey === undefined) {
      throw new Error("APT_SIGNING_KEY is not set: what `gpg --armor --export-secret-keys` prints");
    }
    await makeRepository(secretKey, values.packages, values.out);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
