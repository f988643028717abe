/**
 * `deno task package`: Debian packages of the executables in `dist/`, made with dpkg-deb, and beside
 * each what is in it (`.cdx.json`, also in the package). The same commit and executable give the same.
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
import { TARGETS } from "./compile/targets.ts";
import { bundledComponents, type Component } from "./package/components.ts";
import { renderCopyright } from "./package/copyright.ts";
import { buildDeb, compressedFile, controlFiles, type PackageFile, textFile } from "./package/deb.ts";
import { renderManual } from "./package/roff.ts";
import { renderSbom } from "./package/sbom.ts";
import { debianVersion, sourceDateEpoch } from "./package/version.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Debian's names of the architectures. */
const ARCHITECTURES = {
  arm64: { machine: "aarch64", executable: "bt-scanner-linux-arm64" },
  amd64: { machine: "x86_64", executable: "bt-scanner-linux-x64" },
} as const;

type Architecture = keyof typeof ARCHITECTURES;

/** What is known when an executable is packaged. */
interface Facts {
  readonly executable: Uint8Array;
  readonly components: readonly Component[];
  readonly sbom: string;
  readonly maintainer: string;
  readonly epochS: number;
}

/** Everything of the package but what describes it. */
async function contents({ executable, components, sbom, maintainer, epochS }: Facts): Promise<PackageFile[]> {
  const read = (path: string) => Deno.readTextFile(`${ROOT}${path}`);
  const doc = "usr/share/doc/bt-scanner";
  const cli = describeCli();
  const copyright = renderCopyright(await read("LICENSE"), await read("scripts/package/v8-license"), components);
  return [
    { path: "usr/bin/bt-scanner", bytes: executable, mode: 0o755 },
    textFile("usr/lib/systemd/system/bt-scanner.service", await read("config/bt-scanner.service")),
    textFile("usr/lib/systemd/system/bt-scanner@.service", await read("config/bt-scanner@.service")),
    textFile("etc/bt-scanner/config.yaml", await read("config/bt-scanner.example.yaml")),
    textFile(`${doc}/copyright`, copyright),
    textFile(`${doc}/sbom.cdx.json`, sbom),
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
  path: string,
  out: string,
  maintainer: string,
): Promise<string> {
  const executable = await Deno.readFile(path);
  const made = machineOf(executable);
  const { machine } = ARCHITECTURES[architecture];
  if (made !== null && made !== machine) throw new Error(`${path} is for ${made}, not for ${architecture}`);
  const [epochS, components] = [await sourceDateEpoch(), await bundledComponents()];
  const sbom = describeContents(machine, executable, components, epochS);
  const files = await contents({ executable, components, sbom, maintainer, epochS });
  const scripts = await Promise.all(["postinst", "prerm", "postrm"].map(async (name) => {
    return textFile(name, await Deno.readTextFile(`${ROOT}scripts/package/${name}`), 0o755);
  }));
  const base = `${out}/bt-scanner_${debianVersion()}_${architecture}`;
  await Deno.mkdir(out, { recursive: true });
  const facts = { architecture, version: debianVersion(), maintainer };
  await buildDeb(`${base}.deb`, files, [...controlFiles(facts, files), ...scripts], epochS);
  await Deno.writeTextFile(`${base}.cdx.json`, sbom);
  return `${base}.deb`;
}

function describeContents(
  machine: string,
  executable: Uint8Array,
  components: readonly Component[],
  epochS: number,
): string {
  const target = TARGETS.find(({ arch }) => arch === machine);
  if (target === undefined) throw new Error(`There is no target for ${machine}`);
  const { name, version, license } = project;
  return renderSbom({ name, version, license, executable, target, components, epochS });
}

function debianChangelog(maintainer: string, epochS: number): string {
  const date = new Date(epochS * 1000).toUTCString().replace("GMT", "+0000");
  return `bt-scanner (${debianVersion()}) stable; urgency=medium

  * Version ${project.version}: see changelog.gz.

 -- ${maintainer}  ${date}
`;
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
    if (error instanceof Deno.errors.NotFound) {
      console.error("`deno task compile --all` makes the executables; --arch arm64 packages that one alone");
    }
    Deno.exit(1);
  }
}
