/** The documents, and what is in them. */

const ROOT = new URL("../../", import.meta.url);

/** One of the project's documents. */
export interface Document {
  /** From the project's folder: `docs/service.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. */
export interface Block {
  readonly path: string;
  /** The first word after the fence; empty: none. */
  readonly language: string;
  /** What else is said there: `pi`, `by=tests/demo/demo_test.ts`. */
  readonly mark: string;
  readonly text: string;
}

/** What users and contributors read: README and its like, all pages, all decisions. */
export function documents(): Document[] {
  const pages = ["docs", "docs/adr"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => `${folder}/${name}`)
  );
  const paths = [
    ...[
      "README.md",
      "CONTRIBUTING.md",
      "SECURITY.md",
      "CHANGELOG.md",
      "tests/README.md",
      "tests/vm/README.md",
      "tests/captures/README.md",
    ],
    ...pages.filter((path) => path.endsWith(".md")).sort(),
  ];
  return paths.map(document);
}

/** The document at this path, from the project's folder. */
export function document(path: string): Document {
  return { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
}

/** The blocks of code, in their order; of one language, if one is given. */
export function blocks({ path, text }: Document, language?: string): Block[] {
  return [...text.matchAll(/^```(\S*) ?(.*)\n([^]*?)^```$/gm)]
    .map(([, language = "", mark = "", text = ""]) => ({ path, language, mark, text }))
    .filter((block) => language === undefined || block.language === language);
}

/** Where links lead, as they are written; those in blocks of code do not count. */
export function links({ text }: Document): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors({ text }: Document): string[] {
  return [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-")
  );
}

function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, "");
}

/** The first table below a heading, each row by its column's heading. */
export function table({ path, text }: Document, heading: string): Record<string, string>[] {
  const from = text.indexOf(`\n${heading}\n`);
  const [rows = ""] = /(^\|.*\n)+/m.exec(text.slice(from)) ?? [];
  const [head = [], , ...body] = rows.trim().split("\n").map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  if (from < 0 || body.length === 0) throw new Error(`${path} has no table below "${heading}"`);
  return body.map((cells) => Object.fromEntries(head.map((name, column) => [name, cells[column] ?? ""])));
}
