/**
 * The packages in the program. As a command: prints them as JSON.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import project from "../../deno.json" with { type: "json" };
import { fileURLToPath } from "node:url";
import { bundledFiles } from "../compile/bundle.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A package of which something is in the program. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Of the archive it came in, as `deno.lock` has it: `sha512-` and base64. */
  readonly integrity: string;
  /** SPDX expression. */
  readonly license: string;
  /** The licence word by word, which is to go with every copy. */
  readonly licenseText: string;
  /** Whether the program itself imports it. */
  readonly direct: boolean;
  /** Names of those among the others that it asks for. */
  readonly dependencies: readonly string[];
}

interface LockFile {
  readonly npm: Readonly<Record<string, { readonly integrity?: string; readonly dependencies?: readonly string[] }>>;
  readonly workspace: { readonly links?: Readonly<Record<string, unknown>> };
}

/** The packages in the program by name, our own left out. Found by bundling it, not by what packages say. */
export async function bundledComponents(): Promise<Component[]> {
  const lock: LockFile = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  const linked = Object.keys(lock.workspace.links ?? {}).map((key) => key.replace("npm:", ""));
  const folders = new Map<string, string>();
  for (const path of await bundledFiles()) {
    const [folder, store = "", name = ""] = /^node_modules\/\.deno\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)\//
      .exec(path) ?? [];
    const key = store.replace("+", "/");
    if (folder !== undefined && !linked.includes(key)) folders.set(name, folder);
    else if (path.includes("node_modules/") && folder === undefined) throw new Error(`Which package is ${path} of?`);
  }
  const names = [...folders.keys()].sort();
  return await Promise.all(names.map((name) => readComponent(name, `${ROOT}${folders.get(name)}`, lock, names)));
}

async function readComponent(
  name: string,
  folder: string,
  { npm }: LockFile,
  names: readonly string[],
): Promise<Component> {
  const { version, license } = JSON.parse(await Deno.readTextFile(`${folder}package.json`));
  // Behind an underscore are the peers it was resolved with.
  const [, locked] = Object.entries(npm).find(([key]) => key.split("_")[0] === `${name}@${version}`) ?? [];
  if (locked?.integrity === undefined) throw new Error(`deno.lock has no integrity of ${name}@${version}`);
  const wanted = (locked.dependencies ?? []).map((dependency) => dependency.replace(/(.)@.*$/, "$1"));
  return {
    name,
    version,
    integrity: locked.integrity,
    license,
    licenseText: await readLicense(folder),
    direct: name in project.imports,
    dependencies: names.filter((other) => wanted.includes(other)),
  };
}

async function readLicense(folder: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    if (/^licen[cs]e(\.(md|txt))?$/i.test(name)) return (await Deno.readTextFile(`${folder}${name}`)).trim();
  }
  throw new Error(`There is no licence in ${folder}`);
}

if (import.meta.main) console.log(JSON.stringify(await bundledComponents()));
