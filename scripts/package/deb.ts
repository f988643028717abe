import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { isSelfExtracting } from "../compile/self_extracting.ts";

/** A file of the package; `path` is where it will be, without the first slash. */
export interface PackageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** 0o644, or 0o755 for a program. */
  readonly mode: number;
}

/** What the package says of itself. */
export interface PackageFacts {
  readonly architecture: string;
  readonly version: string;
  readonly maintainer: string;
}

const encoder = new TextEncoder();

export function textFile(path: string, text: string, mode = 0o644): PackageFile {
  return { path, bytes: encoder.encode(text), mode };
}

/** A file as Debian wants documentation: compressed, and the same each time. */
export function compressedFile(path: string, text: string): PackageFile {
  return { path: `${path}.gz`, bytes: gzipSync(text, { level: 9 }), mode: 0o644 };
}

/** The files of the folder `DEBIAN`: what the package is, and what it holds. */
export function controlFiles(facts: PackageFacts, files: readonly PackageFile[]): PackageFile[] {
  const sorted = files.toSorted((a, b) => a.path < b.path ? -1 : 1);
  const sums = sorted.filter(({ path }) => !isConffile(path))
    .map(({ path, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${path}\n`);
  const conffiles = sorted.filter(({ path }) => isConffile(path)).map(({ path }) => `/${path}\n`);
  return [
    textFile("control", control(facts, sorted)),
    textFile("conffiles", conffiles.join("")),
    textFile("md5sums", sums.join("")),
  ];
}

function isConffile(path: string): boolean {
  return path.startsWith("etc/");
}

function control({ architecture, version, maintainer }: PackageFacts, files: readonly PackageFile[]): string {
  const kib = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0);
  return `Package: bt-scanner
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${kib}
Depends: libc6 (>= 2.27), libgcc-s1
Recommends: ca-certificates
Section: net
Priority: optional
Description: publishes Bluetooth LE advertisements to an MQTT broker
 Listens to Bluetooth Low Energy advertisements, on a Raspberry Pi for
 example, and publishes each as one JSON message to an MQTT 3.1.1 broker.
 It comes back by itself when the broker, the network or the adapter went
 away, and its counters account for every report it ever received.
`;
}

/**
 * Builds the package. The same files and the same time give the same bytes.
 *
 * @param epochS time of all that is in it, in seconds since 1970
 * @throws {Error} where dpkg-deb fails
 */
export async function buildDeb(
  out: string,
  files: readonly PackageFile[],
  control: readonly PackageFile[],
  epochS: number,
): Promise<void> {
  const tree = await Deno.makeTempDir({ prefix: "bt-scanner-package-" });
  try {
    for (
      const { path, bytes, mode } of [...files, ...control.map((file) => ({ ...file, path: `DEBIAN/${file.path}` }))]
    ) {
      const target = `${tree}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(target, bytes);
      await Deno.chmod(target, mode);
    }
    await settle(tree, epochS);
    // What is compressed already would take a minute to become no smaller.
    await dpkgDeb(tree, out, files.some(({ bytes }) => isSelfExtracting(bytes)) ? 0 : 6, epochS);
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

/** Folders get the same mode whatever the umask, and everything the same time. */
async function settle(folder: string, epochS: number): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await settle(`${folder}/${name}`, epochS);
    else await Deno.utime(`${folder}/${name}`, epochS, epochS);
  }
  await Deno.chmod(folder, 0o755);
  await Deno.utime(folder, epochS, epochS);
}

async function dpkgDeb(tree: string, out: string, level: number, epochS: number): Promise<void> {
  const { success, stderr } = await new Deno.Command("dpkg-deb", {
    // One thread: with more, what xz writes depends on the machine.
    args: ["--root-owner-group", "-Zxz", `-z${level}`, "--threads-max=1", "--build", tree, out],
    env: { SOURCE_DATE_EPOCH: String(epochS) },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot build ${out}: ${new TextDecoder().decode(stderr)}`);
}
