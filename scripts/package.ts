/**
 * `deno task package`: Debian packages of the executables in `dist/`, made with dpkg-deb. The same
 * commit and executable give the same package.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };
import { completionScript } from "../src/cli/completion/mod.ts";
import { describeCli } from "../src/cli/describe.ts";
import { machineOf } from "./deployment/content.ts";
import { buildDeb, compressedFile, controlFiles, type PackageFile, textFile } from "./package/deb.ts";
import { renderManual } from "./package/roff.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Debian's names of the architectures. */
const ARCHITECTURES = {
  arm64: { machine: "aarch64", executable: "bt-scanner-linux-arm64" },
  amd64: { machine: "x86_64", executable: "bt-scanner-linux-x64" },
} as const;

type Architecture = keyof typeof ARCHITECTURES;

/** Everything of the package but what describes it. */
async function contents(executable: Uint8Array, maintainer: string, epochS: number): Promise<PackageFile[]> {
  const read = (path: string) => Deno.readTextFile(`${ROOT}${path}`);
  const doc = "usr/share/doc/bt-scanner";
  const cli = describeCli();
  return [
    { path: "usr/bin/bt-scanner", bytes: executable, mode: 0o755 },
    textFile("usr/lib/systemd/system/bt-scanner.service", await read("config/bt-scanner.service")),
    textFile("etc/bt-scanner/config.yaml", await read("config/bt-scanner.example.yaml")),
    textFile(`${doc}/copyright`, copyright(await read("LICENSE"))),
    compressedFile(`${doc}/changelog`, await read("CHANGELOG.md")),
    compressedFile(`${doc}/changelog.Debian`, debianChangelog(maintainer, epochS)),
    compressedFile("usr/share/man/man1/bt-scanner.1", renderManual(cli, { version: project.version, epochS })),
    textFile("usr/share/bash-completion/completions/bt-scanner", completionScript("bash", cli)),
    textFile("usr/share/fish/vendor_completions.d/bt-scanner.fish", completionScript("fish", cli)),
    textFile("usr/share/zsh/vendor-completions/_bt-scanner", completionScript("zsh", cli)),
    textFile("usr/share/lintian/overrides/bt-scanner", await read("scripts/package/lintian-overrides")),
  ];
}

/** Packages one executable, and returns the path of the package. */
async function makePackage(
  architecture: Architecture,
  executable: string,
  out: string,
  maintainer: string,
): Promise<string> {
  const bytes = await Deno.readFile(executable);
  const made = machineOf(bytes);
  const { machine } = ARCHITECTURES[architecture];
  if (made !== null && made !== machine) throw new Error(`${executable} is for ${made}, not for ${architecture}`);
  const epochS = await sourceDateEpoch();
  const files = await contents(bytes, maintainer, epochS);
  const scripts = await Promise.all(["postinst", "prerm", "postrm"].map(async (name) => {
    return textFile(name, await Deno.readTextFile(`${ROOT}scripts/package/${name}`), 0o755);
  }));
  const path = `${out}/bt-scanner_${debianVersion()}_${architecture}.deb`;
  await Deno.mkdir(out, { recursive: true });
  const facts = { architecture, version: debianVersion(), maintainer };
  await buildDeb(path, files, [...controlFiles(facts, files), ...scripts], epochS);
  return path;
}

/** A tilde sorts before the release itself, as 1.0.0-rc.1 does in semantic versioning. */
function debianVersion(): string {
  return `${project.version.replace("-", "~")}-1`;
}

function debianChangelog(maintainer: string, epochS: number): string {
  const date = new Date(epochS * 1000).toUTCString().replace("GMT", "+0000");
  return `bt-scanner (${debianVersion()}) stable; urgency=medium

  * Version ${project.version}: see changelog.gz.

 -- ${maintainer}  ${date}
`;
}

/** The licence in Debian's machine-readable form. */
function copyright(license: string): string {
  const [, holders = ""] = /^Copyright (?:\(c\) )?(.+)$/m.exec(license) ?? [];
  const body = license.slice(license.indexOf("Permission is hereby")).trim();
  const indented = body.split("\n").map((line) => line === "" ? " ." : ` ${line}`).join("\n");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: bt-scanner

Files: *
Copyright: ${holders}
License: Expat

License: Expat
${indented}
`;
}

/** When what is packaged was made: of the environment as elsewhere, else of the commit. */
async function sourceDateEpoch(): Promise<number> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { success, stdout } = await new Deno.Command("git", { args: ["log", "-1", "--format=%ct"], cwd: ROOT })
    .output();
  if (!success) throw new Error("Cannot tell the time of the commit: set SOURCE_DATE_EPOCH");
  return Number(new TextDecoder().decode(stdout).trim());
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      arch: { type: "string", multiple: true, default: Object.keys(ARCHITECTURES) },
      executable: { type: "string" },
      out: { type: "string", default: `${ROOT}dist` },
      maintainer: { type: "string", default: "The bt-scanner authors <bt-scanner@example.org>" },
    },
  });
  for (const arch of values.arch) {
    if (arch !== "arm64" && arch !== "amd64") throw new Error(`--arch expects arm64 or amd64, not ${arch}`);
    const executable = values.executable ?? `${ROOT}dist/${ARCHITECTURES[arch].executable}`;
    console.log(await makePackage(arch, executable, values.out, values.maintainer));
  }
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof Deno.errors.NotFound) console.error("`deno task compile` makes the executables");
    Deno.exit(1);
  }
}
