import type { Component } from "./components.ts";

/** Words that stand in every copyright notice; what is above them in a licence names the holders. */
const HOLDER = /^[\s#]*copyright (?:\(c\) |© )?(.+)$/im;

/**
 * Debian's copyright file: our licence, and word by word those of all that is in the executable.
 *
 * @param own our licence
 * @param engine that of V8
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function renderCopyright(own: string, engine: string, components: readonly Component[]): string {
  const terms = own.slice(own.indexOf("Permission is hereby"));
  const deno = `Copyright 2018-2026 the Deno authors\n\n${terms}`;
  const comment = "Parts of the executable, each under its licence. Deno has further libraries in it, which\n" +
    "https://github.com/denoland/deno lists in Cargo.lock of the same version.";
  const paragraphs = [
    ["Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/", "Upstream-Name: bt-scanner"],
    [...stanza("*", "Expat", own, terms), `Comment: ${comment.replaceAll("\n", "\n ")}`],
    stanza("deno", "Expat", deno, terms),
    stanza("v8", "BSD-3-clause", engine, engine),
    ...components.map(({ name, version, license, licenseText }) => {
      return stanza(`${name}@${version}`, license === "MIT" ? "Expat" : license, licenseText, licenseText);
    }),
  ];
  return paragraphs.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function stanza(files: string, license: string, notice: string, text: string): string[] {
  const holder = HOLDER.exec(notice)?.[1] ?? "see the licence";
  const indented = text.trim().split("\n").map((line) => line.trim() === "" ? " ." : ` ${line.trimEnd()}`);
  return [`Files: ${files}`, `Copyright: ${holder}`, `License: ${license}`, ...indented];
}
