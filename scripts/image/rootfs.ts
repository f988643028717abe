import { fileURLToPath } from "node:url";
import { unpack } from "../compile/self_extracting.ts";
import { command } from "./command.ts";

const BASE = fileURLToPath(new URL("base.sh", import.meta.url));

/** Debian's names of the architectures, which are those of OCI as well. */
export type Architecture = "amd64" | "arm64";

/** Where things are in the image. */
const EXECUTABLE = "/usr/bin/bt-scanner";
const FOLDER = "/usr/lib/bt-scanner";
const PROGRAM = `${FOLDER}/bt-scanner.mjs`;
/** What Deno remembers of the program. */
export const CACHE = `${FOLDER}/cache`;

/** A folder that is to be an image, and how what is in it is started. */
export interface Rootfs {
  readonly root: string;
  readonly entrypoint: readonly [string, ...string[]];
}

/**
 * Lays out an image: Debian's C library, and of our package the program and its papers. A
 * self-extracting program is taken apart, for an image needs neither a shell nor a cache.
 *
 * @param deb our package for this architecture
 * @param root an empty folder
 */
export async function layOut(architecture: Architecture, deb: string, root: string): Promise<Rootfs> {
  await command(BASE, architecture, root);
  const tree = await Deno.makeTempDir({ prefix: "bt-scanner-image-" });
  try {
    await command("dpkg-deb", "--extract", deb, tree);
    const doc = "usr/share/doc/bt-scanner";
    await command("cp", "-r", `${tree}/${doc}`, `${root}/${doc}`);
    await Deno.mkdir(`${root}/usr/bin`);
    return { root, entrypoint: await layProgram(await Deno.readFile(`${tree}${EXECUTABLE}`), root) };
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

async function layProgram(executable: Uint8Array<ArrayBuffer>, root: string): Promise<[string, ...string[]]> {
  const unpacked = unpack(executable);
  await Deno.writeFile(`${root}${EXECUTABLE}`, unpacked?.runtime ?? executable, { mode: 0o755 });
  await Deno.mkdir(`${root}${CACHE}`, { recursive: true });
  if (unpacked === null) return [EXECUTABLE];
  await Deno.writeFile(`${root}${PROGRAM}`, unpacked.program, { mode: 0o644 });
  return [EXECUTABLE, "run", ...unpacked.flags, PROGRAM];
}

/** Runs the rest in a folder as its root, with a /proc that goes with it. */
const IN_ROOT = `mount -t proc proc "$1/proc" && exec env -i PATH="$PATH" DENO_DIR=${CACHE} chroot "$@"`;

/** Has the program of an image for a machine like this one say its version, there. */
export async function tryOut({ root, entrypoint }: Rootfs): Promise<string> {
  const said = await command("unshare", "--mount", "sh", "-c", IN_ROOT, "sh", root, ...entrypoint, "--version");
  return said.trim();
}

/**
 * Leaves in an image what Deno remembers of a program that it has read once; without it, each start
 * would take 15 MB more. It is the same on every machine, so this machine's Deno reads it, under the
 * names that it has in the image.
 *
 * @param own the image for a machine like this one
 */
export async function remember({ root, entrypoint }: Rootfs, own: Rootfs): Promise<void> {
  if (entrypoint.length === 1) return; // compiled: it knows the program
  const bind = `mount --bind "$1" "$3${FOLDER}" && mount --bind "$2" "$3${EXECUTABLE}" && shift 2 && ${IN_ROOT}`;
  const words = [`${root}${FOLDER}`, Deno.execPath(), own.root, ...entrypoint, "--version"];
  await command("unshare", "--mount", "sh", "-c", bind, "sh", ...words);
}
