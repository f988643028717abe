/**
 * `deno task image [--packages FOLDER] [--out FILE]`: a container image of the Debian packages in `dist/`,
 * for both architectures, as one OCI archive. Needs root, buildah and Debian 12.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { versionAndCommit } from "./compile/version.ts";
import { Buildah } from "./image/buildah.ts";
import { type Architecture, layOut, remember, type Rootfs, tryOut } from "./image/rootfs.ts";
import { debianVersion, sourceDateEpoch } from "./package/version.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const OWN: Architecture = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
const OTHER: Architecture = OWN === "arm64" ? "amd64" : "arm64";

/** Lays out both images, and tries the one that this machine can. */
async function layOutBoth(packages: string, folder: string): Promise<ReadonlyMap<Architecture, Rootfs>> {
  const lay = async (architecture: Architecture) => {
    const root = `${folder}/${architecture}`;
    await Deno.mkdir(root);
    return await layOut(architecture, `${packages}/bt-scanner_${debianVersion()}_${architecture}.deb`, root);
  };
  const [own, other] = [await lay(OWN), await lay(OTHER)];
  console.log(`The program in the image for ${OWN} says ${await tryOut(own)}`);
  for (const each of [own, other]) await remember(each, own);
  return new Map([[OWN, own], [OTHER, other]]);
}

async function makeImage(packages: string, file: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-image-" });
  try {
    const both = await layOutBoth(packages, folder);
    const { version, license } = project;
    const facts = { version, license, revision: await versionAndCommit(), epochS: await sourceDateEpoch() };
    await using buildah = await Buildah.open();
    const images: string[] = [];
    for (const [architecture, rootfs] of both) images.push(await buildah.commit(architecture, rootfs, facts));
    await Deno.remove(file).catch(() => {});
    await buildah.archive(images, version, file);
    console.log(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: { packages: { type: "string", default: `${ROOT}dist` }, out: { type: "string" } },
    });
    await makeImage(values.packages, values.out ?? `${values.packages}/bt-scanner-${project.version}-oci.tar`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
