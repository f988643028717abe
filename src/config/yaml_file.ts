import type { Alias, Document, LineCounter, Node, Pair, ParsedNode, YAMLMap } from "yaml";
import type { ConfigKey, ConfigSection } from "./keys.ts";
import { keysOf } from "./keys.ts";
import { mapOf, type Setting, type SourceSettings } from "./settings.ts";
import { type ConfigProblem, nearest, quote } from "./problem.ts";
import { yamlValue } from "./render.ts";
import { describeYamlError, isTooDeep, QUOTE_IT } from "./yaml_error.ts";

/** A file longer than this is not a configuration; reading YAML takes time and memory in proportion to its length. */
const MOST_CHARACTERS = 262_144;
/** More than anyone needs; each costs a search through the file. */
const MOST_ALIASES = 100;

const QUOTE_COMMA = "put a value with a comma in quotes";

type Yaml = typeof import("yaml");

/** What the file at `path` sets. Never rejects: whatever is wrong becomes a problem. */
export async function readConfigFile(
  path: string,
  tree: ConfigSection,
  readTextFile: (path: string) => Promise<string>,
): Promise<SourceSettings & { readonly complete: boolean }> {
  const failed = (problem: string, remedy: string | null) => ({
    settings: new Map(),
    problems: [{ source: path, key: null, value: null, problem, remedy }],
    complete: false,
  });
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (cause) {
    return failed(...unreadable(cause));
  }
  if (text.length > MOST_CHARACTERS) {
    return failed(`longer than ${MOST_CHARACTERS} characters`, "is this the right file?");
  }
  // Imported here because it takes 1.4 MB of memory, which a start without a file can save.
  return new FileReader(await import("yaml"), path, tree).read(text);
}

function unreadable(cause: unknown): [problem: string, remedy: string | null] {
  const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
  if (name === "NotFound") return ["there is no such file", "check --config"];
  if (name === "PermissionDenied") {
    return ["permission denied", "use sudo, or let the user who runs bt-scanner read it; --no-config reads none"];
  }
  return [`cannot be read: ${message}`, null];
}

/**
 * Walks the YAML along the tree of known keys, so that the cost of aliases and nesting is bounded by the number of
 * keys.
 */
class FileReader {
  readonly #settings = new Map<string, Setting>();
  readonly #problems: ConfigProblem[] = [];
  readonly #lines: LineCounter;
  #document: Document.Parsed<ParsedNode> | null = null;
  #aliases = 0;

  constructor(private readonly yaml: Yaml, private readonly path: string, private readonly tree: ConfigSection) {
    this.#lines = new yaml.LineCounter();
  }

  read(text: string): SourceSettings & { readonly complete: boolean } {
    const options = { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false };
    this.#document = this.yaml.parseDocument(text, options);
    const { errors, warnings, contents } = this.#document;
    for (const error of errors.some(isTooDeep) ? errors.filter(isTooDeep).slice(0, 1) : [...errors, ...warnings]) {
      this.#note(this.#place(error.pos[0]), null, ...describeYamlError(error));
    }
    const complete = this.#problems.length === 0;
    if (complete) this.#readContents(contents);
    return { settings: this.#settings, problems: this.#problems, complete };
  }

  #readContents(contents: ParsedNode | null): void {
    if (contents === null || (this.yaml.isScalar(contents) && contents.value === null)) {
      return this.#note(this.path, null, "the file is empty", "write at least scanner.id, or use --no-config");
    }
    this.#readSection(contents, contents, this.tree);
  }

  #readSection(node: Node | null, at: Node | null, section: ConfigSection): void {
    const target = this.#resolve(node, section.path || null);
    const allCommentedOut = target === null || (this.yaml.isScalar(target) && target.value === null);
    if (allCommentedOut) return;
    if (!this.yaml.isMap(target)) {
      const problem = `expected a mapping of keys to values, got ${this.#kind(target)}`;
      const remedy = section.path === "" ? null : `for example ${example(section)}`;
      return this.#note(this.#origin(at), section.path || null, problem, remedy);
    }
    this.#readPairs(target, section);
  }

  #readPairs(map: YAMLMap, section: ConfigSection): void {
    const seen = new Map<string, string>();
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const name = this.yaml.isScalar(pair.key) ? String(pair.key.value) : "";
      const origin = this.#origin(pair.key ?? map);
      const child = section.children.get(name);
      const path = pathIn(section, name);
      const earlier = seen.get(name);
      seen.set(name, origin);
      if (child === undefined) this.#refuseKey(origin, name, pair.value === null, section);
      else if (earlier !== undefined) this.#note(origin, path, `already set at ${earlier}`, "keep one of them");
      else if ("children" in child) this.#readSection(pair.value, pair.value ?? pair.key, child);
      else this.#readKey(pair.value, pair.value ?? pair.key, child);
    }
  }

  #readKey(node: Node | null, at: Node | null, key: ConfigKey): void {
    const target = this.#resolve(node, key.path);
    const origin = this.#origin(at);
    if (this.#isAnchorAlone(node)) {
      return this.#note(origin, key.path, "& begins an anchor, and no value follows it", QUOTE_IT);
    }
    if (this.yaml.isSeq(target) && key.reads === "list") {
      const items = target.items as Node[];
      const value = items.map((item) => this.#scalar(this.#resolve(item, key.path), "text"));
      const itemOrigins = new Map(items.map((item, index) => [String(index), this.#origin(item)]));
      this.#settings.set(key.path, { value, origin, itemOrigins });
    } else if (this.yaml.isMap(target) && key.reads === "map") {
      this.#readMap(target, origin, key);
    } else {
      this.#settings.set(key.path, { value: this.#scalar(target, key.reads), origin });
    }
  }

  #readMap(map: YAMLMap, origin: string, key: ConfigKey): void {
    const value = new Map<string, unknown>();
    const itemOrigins = new Map<string, string>();
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const name = String(this.#scalar(pair.key, "text"));
      const at = this.#origin(pair.key ?? map);
      const earlier = itemOrigins.get(name);
      const twice = `${quote(name)} is already set at ${earlier}`;
      if (earlier !== undefined) return this.#note(at, key.path, twice, "keep one of them");
      value.set(name, this.#scalar(this.#resolve(pair.value, key.path), "text"));
      itemOrigins.set(name, at);
    }
    this.#settings.set(key.path, { value: mapOf(value) ?? "__proto__", origin, itemOrigins });
  }

  /** A scalar's value; for a key that takes text, exactly as written: 0042 is not 42. */
  #scalar(node: Node | null, reads: ConfigKey["reads"]): unknown {
    if (node === null) return null;
    if (!this.yaml.isScalar(node)) return this.yaml.isSeq(node) ? [] : {};
    const asWritten = reads === "text" && node.value !== null && node.source !== undefined;
    return asWritten ? node.source : node.value;
  }

  /** `password: &secret`, which was meant as text. */
  #isAnchorAlone(node: Node | null): boolean {
    return this.yaml.isScalar(node) && node.anchor !== undefined && node.value === null && !node.source;
  }

  #resolve(node: Node | null, key: string | null): Node | null {
    if (!this.yaml.isAlias(node) || this.#document === null) return node;
    if (++this.#aliases > MOST_ALIASES) return this.#refuse(node, key, `more than ${MOST_ALIASES} aliases`);
    return node.resolve(this.#document) ??
      this.#refuse(node, key, "* begins an alias, and there is no such anchor before it", QUOTE_IT);
  }

  #refuse(alias: Alias, key: string | null, problem: string, remedy: string | null = null): null {
    if (this.#aliases <= MOST_ALIASES + 1) this.#note(this.#origin(alias), key, problem, remedy);
    return null;
  }

  /**
   * Does not repeat what is not a key but part of a value: what follows the colon in `{ password:secret }`, or a comma.
   */
  #refuseKey(source: string, name: string, isAlone: boolean, section: ConfigSection): void {
    const [written = "", ...afterColon] = name.split(":");
    const path = pathIn(section, written);
    if (afterColon.length > 0) this.#note(source, path, "there is no space after the colon", "add one");
    else if (isAlone) this.#note(source, section.path || null, "expected a key and a value", QUOTE_COMMA);
    else this.#note(source, path, "there is no such key", this.#suggest(name, section));
  }

  #suggest(name: string, section: ConfigSection): string {
    const meant = nearest(name, section.children.keys());
    if (meant !== null) return `did you mean "${meant}"?`;
    const all = keysOf(this.tree).map(({ path }) => path);
    const elsewhere = nearest(name, all.map(lastSegment));
    const path = all.find((each) => lastSegment(each) === elsewhere);
    return path === undefined ? `known here: ${[...section.children.keys()].join(", ")}` : `did you mean ${path}?`;
  }

  /** Not its content, which may be a secret in the wrong place. */
  #kind(node: Node | null): string {
    return this.yaml.isSeq(node) ? "a list" : "a single value";
  }

  #origin(node: Node | null): string {
    return this.#place(node?.range?.[0] ?? 0);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }

  #note(source: string, key: string | null, problem: string, remedy: string | null = null): void {
    this.#problems.push({ source, key, value: null, problem, remedy });
  }
}

/** A section with its first key, on one line: `tls: { enabled: true }`. */
function example(section: ConfigSection): string {
  const children = [...section.children];
  const [name, child] = children.find(([, each]) => "children" in each || each.fallback !== null) ?? [];
  if (child === undefined) return "";
  const inner = "children" in child ? example(child) : `${name}: ${exampleValue(child)}`;
  return `${lastSegment(section.path)}: { ${inner} }`;
}

function exampleValue({ path, fallback }: ConfigKey): unknown {
  if (path === "scanner.id") return "scanner-01";
  return fallback === false ? true : yamlValue(fallback); // whoever writes a section wants to turn something on
}

function pathIn(section: ConfigSection, name: string): string {
  return section.path === "" ? name : `${section.path}.${name}`;
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
