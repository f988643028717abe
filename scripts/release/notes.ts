/** What a release is made of, besides files. */
export interface ReleaseFacts {
  /** Of `deno.json`. */
  readonly version: string;
  /** `CHANGELOG.md`. */
  readonly changelog: string;
  /** The tag that is to be released; null: none yet. */
  readonly tag: string | null;
}

/** Semantic Versioning, as far as Debian's versions can follow it. */
const VERSION = /^\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?$/;
const HEADING = /^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$/;

/**
 * The notes of a release: the section of the changelog for its version, or of what is unreleased where
 * nothing is tagged yet.
 *
 * @throws {Error} with everything that does not fit together
 */
export function releaseNotes({ version, changelog, tag }: ReleaseFacts): string {
  const sections = sectionsOf(changelog);
  const own = sections.find(({ name }) => name === version);
  const section = own ?? (tag === null ? sections.find(({ name }) => name === "Unreleased") : undefined);
  const problems: string[] = [];
  if (!VERSION.test(version)) problems.push(`deno.json: version ${version} is none of the kind 1.2.3 or 1.2.3-rc.1`);
  if (tag !== null && tag !== `v${version}`) problems.push(`deno.json: version is ${version}, but the tag is ${tag}`);
  if (section === undefined) problems.push(`CHANGELOG.md: there is no section \`## [${version}] - YYYY-MM-DD\``);
  else if (section.text === "") problems.push(`CHANGELOG.md: the section [${section.name}] is empty`);
  if (own !== undefined && own.date === null) problems.push(`CHANGELOG.md: the section [${version}] has no date`);
  if (problems.length > 0 || section === undefined) throw new Error(problems.join("\n"));
  return `${section.text}\n`;
}

interface Section {
  readonly name: string;
  readonly date: string | null;
  readonly text: string;
}

function sectionsOf(changelog: string): Section[] {
  const lines = changelog.split("\n");
  const starts = lines.flatMap((line, index) => HEADING.test(line) ? [index] : []);
  return starts.map((start, index) => {
    const [, name = "", date = null] = HEADING.exec(lines[start] ?? "") ?? [];
    return { name, date, text: lines.slice(start + 1, starts[index + 1]).join("\n").trim() };
  });
}
