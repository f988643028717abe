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

/** Where Deno keeps a package: `node_modules/.deno/@scope+name@1.2.3/node_modules/@scope/name/`. */
const FOLDER = /^node_modules\/\.deno\/([^/]+)\/node_modules\/(?:@[^/]+\/)?[^/]+\//;

/** The packages in the program, our own left out. Found by bundling it, not by what packages say. */
export async function bundledComponents(): Promise<Component[]> {
  const lock: LockFile = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  const own = Object.keys(lock.workspace.links ?? {}).map((key) => key.replace("npm:", "").replace("/", "+"));
  const folders = new Set<string>();
  for (const path of await bundledFiles()) {
    if (!path.startsWith("node_modules/")) continue;
    const [folder, stored = ""] = FOLDER.exec(path) ?? [];
    if (folder === undefined) throw new Error(`Cannot tell which package ${path} is of`);
    if (!own.includes(stored)) folders.add(folder);
  }
  const found = await Promise.all([...folders].map((folder) => readComponent(`${ROOT}${folder}`, lock)));
  const components = found.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const isComponent = (name: string) => components.some((component) => component.name === name);
  return components.map((one) => ({ ...one, dependencies: one.dependencies.filter(isComponent) }));
}

async function readComponent(folder: string, { npm }: LockFile): Promise<Component> {
  const { name, version, license } = JSON.parse(await Deno.readTextFile(`${folder}package.json`));
  // Behind an underscore are the peers it was resolved with.
  const [, locked] = Object.entries(npm).find(([key]) => key.split("_")[0] === `${name}@${version}`) ?? [];
  if (locked?.integrity === undefined) throw new Error(`deno.lock has no integrity of ${name}@${version}`);
  return {
    name,
    version,
    integrity: locked.integrity,
    license,
    licenseText: await readLicense(folder),
    direct: name in project.imports,
    dependencies: (locked.dependencies ?? []).map((dependency) => dependency.replace(/(.)@.*$/, "$1")),
  };
}

async function readLicense(folder: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    if (/^licen[cs]e(\.(md|txt))?$/i.test(name)) return (await Deno.readTextFile(`${folder}${name}`)).trim();
  }
  throw new Error(`There is no licence in ${folder}`);
}

if (import.meta.main) console.log(JSON.stringify(await bundledComponents()));
