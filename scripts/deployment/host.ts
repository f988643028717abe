import { type Content, contentOf, type Item, ITEMS, machineOf } from "./content.ts";
import { type DeployOptions, hostName } from "./options.ts";
import { callRemote, type RemoteEnd } from "./remote.ts";

/** How it went with a host. */
export interface Outcome {
  readonly kind: "unchanged" | "changed" | "planned" | "failed";
  readonly text: string;
  /** More about a failure, in lines. */
  readonly details: readonly string[];
}

/** Where the files come from; each is read once for all hosts. */
export interface Sources {
  readonly read: (path: string) => Promise<Content>;
  /** The program for a machine, as `uname -m` calls it. */
  readonly binaryFor: (machine: string) => string;
  readonly unit: string;
}

/** Shows what is done with a host, and how far, in percent. */
export type Show = (state: string, percent?: number) => void;

/** Brings one host to the wanted state. Never throws because of the host. */
export async function deployTo(host: string, options: DeployOptions, sources: Sources, show: Show): Promise<Outcome> {
  try {
    show("looking");
    const found = await look(host, options);
    return options.operation === "rollback"
      ? await rollBack(host, options, found, show)
      : await install(host, options, found, sources, show);
  } catch (error) {
    if (error instanceof HostError) return { kind: "failed", text: error.message, details: error.details };
    if (isUnreadable(error)) return { kind: "failed", text: error.message, details: [] };
    throw error;
  }
}

/** A file may be missing for one host alone, where its path holds the host's name. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied;
}

class HostError extends Error {
  override readonly name = "HostError";
  constructor(message: string, readonly details: readonly string[] = []) {
    super(message);
  }
}

type Found = ReadonlyMap<string, string>;

async function look(host: string, options: DeployOptions): Promise<Found> {
  const end = await call(host, options, "look", new Map(), () => {});
  const found: Found = new Map(end.answers);
  if (!found.has("looked")) throw failure(end, "cannot be looked at");
  if (found.get("bits") === "32") {
    throw new HostError("is a 32-bit system, whatever its kernel is; it takes a 64-bit one");
  }
  const owner = found.get("package");
  if (owner !== undefined) {
    throw new HostError(`bt-scanner belongs to the Debian package ${owner} there: upgrade that, or remove it first`);
  }
  return found;
}

async function install(
  host: string,
  options: DeployOptions,
  found: Found,
  sources: Sources,
  show: Show,
): Promise<Outcome> {
  const files = new Map<Item, Content>();
  for (const [item, content] of await wanted(host, options, found, sources)) {
    if (content.digest !== found.get(item)) files.set(item, content);
  }
  const interrupted = found.has("interrupted");
  if (files.size === 0 && found.has("active") && !interrupted) {
    return { kind: "unchanged", text: "unchanged", details: [] };
  }

  const what = ITEMS.filter((item) => files.has(item)).map((item) => change(item, found, files)).join(", ");
  if (options.dryRun) {
    const undo = interrupted ? "undo a deployment that was cut short, " : "";
    return { kind: "planned", text: `would ${undo}${what === "" ? "" : `install ${what}, `}restart`, details: [] };
  }
  const bytes = [...files.values()].reduce((sum, file) => sum + file.bytes.length, 0);
  const end = await call(host, options, "install", files, show, bytes);
  if (!end.answers.some(([word]) => word === "deployed")) throw failure(end, "ended without an answer");
  return { kind: "changed", text: what === "" ? "restarted" : `deployed ${what}`, details: [] };
}

async function rollBack(host: string, options: DeployOptions, found: Found, show: Show): Promise<Outcome> {
  const previous = found.get("previous") ?? "none";
  const interrupted = found.has("interrupted");
  if (previous === "none" && !interrupted) throw new HostError("no previous version is kept there");
  const what = interrupted ? "before a deployment that was cut short" : `program ${brief(previous)}`;
  if (options.dryRun) return { kind: "planned", text: `would roll back to ${what}`, details: [] };
  const end = await call(host, options, "rollback", new Map(), show);
  if (!end.answers.some(([word]) => word === "deployed")) throw failure(end, "ended without an answer");
  return { kind: "changed", text: `rolled back to ${what}`, details: [] };
}

/** The files that the host is to have. */
async function wanted(
  host: string,
  options: DeployOptions,
  found: Found,
  sources: Sources,
): Promise<Map<Item, Content>> {
  const machine = found.get("arch") ?? "";
  const path = sources.binaryFor(machine);
  const binary = await sources.read(path);
  const made = machineOf(binary.bytes);
  if (made !== null && made !== machine) throw new HostError(`${path} is for ${made}, the host is ${machine}`);
  const files = new Map<Item, Content>([["binary", binary], ["unit", await sources.read(sources.unit)]]);
  if (options.config !== null) {
    const name = hostName(host);
    const { bytes } = await sources.read(options.config.replaceAll("{host}", name));
    const text = new TextDecoder().decode(bytes).replaceAll("{host}", name);
    files.set("config", await contentOf(new TextEncoder().encode(text)));
  }
  return files;
}

async function call(
  host: string,
  options: DeployOptions,
  operation: string,
  files: ReadonlyMap<Item, Content>,
  show: Show,
  bytes = 0,
): Promise<RemoteEnd> {
  const variables = {
    operation,
    root: options.root.replaceAll("{host}", hostName(host)),
    wait: String(options.waitS),
    settle: String(options.settleS),
  };
  return await callRemote(
    host,
    options.ssh,
    { variables, files },
    ([word, text]) => word === "stage" && show(text),
    (sent) => bytes > 0 && sent > 0 && show(`uploading ${size(bytes)}`, Math.floor(100 * sent / bytes)),
  );
}

/** Why it did not go well: what the host says, else what ssh says. */
function failure({ answers, complaint, code }: RemoteEnd, otherwise: string): HostError {
  const said = answers.find(([word]) => word === "failed")?.[1];
  const details = answers.filter(([word]) => word === "detail").map(([, text]) => text);
  const complaints = complaint === "" ? [] : complaint.split("\n");
  if (said !== undefined) return new HostError(said, [...details, ...complaints]);
  return new HostError(complaints.pop()?.trim() ?? `${otherwise}, ssh's exit code is ${code}`, complaints);
}

function change(item: Item, found: Found, files: ReadonlyMap<Item, Content>): string {
  const name = { binary: "program", config: "configuration", unit: "unit" }[item];
  return `${name} ${brief(found.get(item) ?? "none")} → ${brief(files.get(item)?.digest ?? "none")}`;
}

function brief(digest: string): string {
  return digest.slice(0, 8);
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
