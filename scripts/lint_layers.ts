/**
 * Lint plugin `layers`: the architecture, enforced. Folders under `src/` import each other only
 * along the arrows below and only through the other folder's door; a package is imported only in
 * the folders that wrap it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** Which folders each folder of `src/` may import; "types" allows `import type` alone. */
export const LAYERS: Readonly<Record<string, Readonly<Record<string, "all" | "types">>>> = {
  advertisement: {},
  assigned_numbers: {},
  time: {},
  text: {},
  config: { text: "all" },
  hci: { time: "all" },
  agent: { advertisement: "all", time: "all" },
  log: { agent: "types", text: "all", time: "types" },
  mqtt: { agent: "all", time: "all" },
  signals: { hci: "all" },
  status: { agent: "types", time: "types" },
  home_assistant: { agent: "types" },
  systemd: { agent: "types", time: "types" },
  http: { agent: "types", time: "all" },
  metrics: { agent: "types", http: "all", status: "all", time: "types" },
  page: {
    agent: "types",
    assigned_numbers: "all",
    http: "types",
    log: "types",
    status: "all",
    text: "all",
    time: "types",
  },
  scanner_hci: { hci: "all", agent: "all", advertisement: "all", time: "all" },
  app: {
    agent: "all",
    config: "types",
    hci: "all",
    home_assistant: "all",
    http: "all",
    log: "all",
    metrics: "all",
    mqtt: "all",
    page: "all",
    scanner_hci: "all",
    status: "all",
    systemd: "all",
    time: "all",
  },
  cli: {
    advertisement: "all",
    agent: "all",
    app: "all",
    assigned_numbers: "all",
    config: "all",
    hci: "all",
    log: "all",
    mqtt: "all",
    status: "all",
    systemd: "all",
    text: "all",
    time: "all",
  },
  "main.ts": { app: "all", cli: "all", config: "types", hci: "all", signals: "all", time: "all" },
};

/** What other folders may import of a folder: its `mod.ts`, and where listed here, also this. */
const SECOND_DOORS: readonly string[] = [
  "advertisement/schema.ts", // pulls in zod, which the hot path does without
  "app/exit_codes.ts", // for whoever puts nothing together
  "app/run.ts", // loads the connection to the broker
  "mqtt/subscriber.ts", // for those who read: `run` only publishes
  "status/schema.ts", // pulls in zod, too
  "hci/linux/libc.ts", // where the C library is, for whoever needs no Bluetooth
];

/** Which files may import each package. Any other package: none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@abandonware/noble": ["src/scanner_hci/*"],
  "@abandonware/bluetooth-hci-socket": ["src/scanner_hci/*"],
  "@commander-js/extra-typings": ["src/cli/*"],
  "@logtape/logtape": ["src/log/*"],
  commander: ["src/cli/*"],
  mqtt: ["src/mqtt/*"],
  uplot: ["src/page/*"],
  yaml: ["src/config/*"],
  zod: [
    "src/config/*",
    "src/advertisement/*schema*.ts",
    "src/status/*schema*.ts",
    "src/cli/doctor/*schema*.ts",
  ],
};

/** Which folders may import files of the project that are not sources. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "deno.json": ["cli"], // the version
};

/** Says what is wrong with an import, or null. `file` is a path below `src/`. */
function problem(file: string, specifier: string, typesOnly: boolean): string | null {
  if (specifier.startsWith("node:")) return null;
  if (/^\.{0,2}\//.test(specifier)) {
    const target = new URL(specifier, `file:///src/${file}`).pathname.slice(1);
    return target.startsWith("src/")
      ? folderProblem(file, target.slice("src/".length), typesOnly)
      : outsideProblem(file, target);
  }
  if (/^[a-z]+:/i.test(specifier)) return `"${specifier}": packages are imported by their bare name in deno.json`;
  return packageProblem(file, specifier);
}

function folderProblem(file: string, target: string, typesOnly: boolean): string | null {
  const [from, to] = [layerOf(file), layerOf(target)];
  if (from === to) return null;
  const arrows = LAYERS[from] ?? {};
  const kind = arrows[to];
  if (kind === undefined) return `${from} → ${to} is not allowed; ${from} may import ${list(Object.keys(arrows))}`;
  if (kind === "types" && !typesOnly) return `${from} → ${to} is allowed for types only: use \`import type\``;
  if (target === `${to}/mod.ts` || SECOND_DOORS.includes(target)) return null;
  const doors = [`${to}/mod.ts`, ...SECOND_DOORS.filter((door) => layerOf(door) === to)];
  return `${from} → ${target} passes by the door; import ${list(doors.map((door) => `src/${door}`), "or")}`;
}

function outsideProblem(file: string, target: string): string | null {
  const allowed = OUTSIDE[target];
  if (allowed?.includes(layerOf(file))) return null;
  const only = allowed === undefined ? "src imports nothing outside src" : `only ${list(allowed)} may import it`;
  return `${layerOf(file)} → ${target} is not allowed; ${only}`;
}

function packageProblem(file: string, specifier: string): string | null {
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const places = PACKAGES[name];
  if (places === undefined) return `${layerOf(file)} → ${name}: this package is not for src`;
  if (places.some((place) => matches(place, `src/${file}`))) return null;
  return `${layerOf(file)} → ${name} is not allowed; only ${list(places)} may import it`;
}

function matches(glob: string, path: string): boolean {
  return new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(path);
}

/** The folder directly below `src/`, or the file itself where it lies in no folder. */
function layerOf(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

function list(names: readonly string[], word = "and"): string {
  if (names.length < 2) return names[0] ?? "no other folder";
  return `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`;
}

type Specifiers = ReadonlyArray<Deno.lint.ImportDeclaration["specifiers"][number] | Deno.lint.ExportSpecifier>;

/** Whether a declaration vanishes at run time, written `import type {…}` or `import { type … }`. */
function isTypesOnly(kind: "type" | "value", specifiers: Specifiers = []): boolean {
  if (kind === "type") return true;
  return specifiers.length > 0 && specifiers.every((one) => {
    return ("importKind" in one && one.importKind === "type") || ("exportKind" in one && one.exportKind === "type");
  });
}

const imports: Deno.lint.Rule = {
  create(context) {
    if (!context.filename.startsWith(SRC)) return {};
    const file = context.filename.slice(SRC.length);

    function look(node: Deno.lint.Node, source: Deno.lint.Node, typesOnly: boolean): void {
      const message = source.type === "Literal" && typeof source.value === "string"
        ? problem(file, source.value, typesOnly)
        : "an import that is not a string literal cannot be checked";
      if (message !== null) context.report({ node, message });
    }

    return {
      Program(node) {
        if (LAYERS[layerOf(file)] === undefined) {
          context.report({ node, message: `src/${layerOf(file)} is in no layer; add it to scripts/lint_layers.ts` });
        }
      },
      ImportDeclaration: (node) => look(node, node.source, isTypesOnly(node.importKind, node.specifiers)),
      ExportAllDeclaration: (node) => look(node, node.source, isTypesOnly(node.exportKind)),
      ExportNamedDeclaration(node) {
        if (node.source !== null) look(node, node.source, isTypesOnly(node.exportKind, node.specifiers));
      },
      ImportExpression: (node) => look(node, node.source, false),
      TSImportType(node) {
        look(node, node.argument.type === "TSLiteralType" ? node.argument.literal : node.argument, true);
      },
      TSExternalModuleReference: (node) => look(node, node.expression, false),
      CallExpression(node) {
        const [source] = node.arguments;
        if (node.callee.type === "Identifier" && node.callee.name === "require" && source !== undefined) {
          look(node, source, false);
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = { name: "layers", rules: { imports } };
export default plugin;
