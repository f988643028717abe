import assert from "node:assert/strict";
import project from "../../../deno.json" with { type: "json" };
import { releaseNotes } from "../../../scripts/release/notes.ts";
import { test } from "../../support/test.ts";

const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- new

## [1.2.0] - 2026-01-02

- of 1.2.0

## [1.1.0]

## [1.0.0] - 2025-01-02

- the first
`;

test("releaseNotes() gives the section of the tagged version, and nothing else", () => {
  assert.equal(releaseNotes({ version: "1.2.0", changelog: CHANGELOG, tag: "v1.2.0" }), "- of 1.2.0\n");
  assert.equal(releaseNotes({ version: "1.0.0", changelog: CHANGELOG, tag: null }), "- the first\n");
});

test("releaseNotes() gives what is unreleased where nothing is tagged yet", () => {
  assert.equal(releaseNotes({ version: "1.3.0", changelog: CHANGELOG, tag: null }), "### Added\n\n- new\n");
});

test("releaseNotes() refuses versions that do not agree, and says everything at once", () => {
  const refuses = (version: string, tag: string | null, ...problems: RegExp[]) => {
    assert.throws(() => releaseNotes({ version, changelog: CHANGELOG, tag }), ({ message }: Error) => {
      for (const problem of problems) assert.match(message, problem);
      return message.split("\n").length === problems.length;
    });
  };
  refuses("1.2.0", "v1.2.1", /version is 1\.2\.0, but the tag is v1\.2\.1/);
  refuses("1.3.0", "v1.3.0", /there is no section `## \[1\.3\.0\] - YYYY-MM-DD`/);
  refuses("1.1.0", "v1.1.0", /the section \[1\.1\.0\] is empty/, /the section \[1\.1\.0\] has no date/);
  refuses("1.3", "1.3", /1\.3 is none of the kind/, /but the tag is 1\.3/, /there is no section/);
});

test("the changelog of this checkout has notes for its version, or for the next", async () => {
  const changelog = await Deno.readTextFile(new URL("../../../CHANGELOG.md", import.meta.url));
  assert.match(releaseNotes({ version: project.version, changelog, tag: null }), /^### Added\n/);
});
