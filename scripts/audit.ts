/**
 * `deno task audit`: fails where the npm registry knows a vulnerability, of severity high or critical,
 * in a package that is in the program. Where the registry cannot be asked it says so, and fails with
 * `--require` only.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { bundledComponents, type Component } from "./package/components.ts";

/** How the registry's answer reads: what `deno audit` was told, or why nothing. */
interface Answer {
  /** null: it could not be asked. */
  readonly isSound: boolean | null;
  readonly text: string;
}

/** What Deno writes before the reason, where it goes on in spite of a registry that fails. */
const UNREACHABLE = /Failed to get data from the registry: (.*)/;

/** Asks about these packages alone: `deno audit` asks about all that a lock file names. */
async function audit(components: readonly Component[]): Promise<Answer> {
  const folder = await Deno.makeTempDir({ prefix: "bt-scanner-audit-" });
  try {
    const keys = components.map(({ name, version }) => [`${name}@${version}`, version] as const);
    const specifiers = Object.fromEntries(keys.map(([key, version]) => [`npm:${key}`, version]));
    const npm = Object.fromEntries(
      components.map(({ name, version, integrity }) => [`${name}@${version}`, { integrity }]),
    );
    await Deno.writeTextFile(`${folder}/deno.json`, "{}");
    await Deno.writeTextFile(`${folder}/deno.lock`, JSON.stringify({ version: "5", specifiers, npm }));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["audit", "--level=high", "--ignore-registry-errors"],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const [, reason] = UNREACHABLE.exec(err) ?? [];
    return reason === undefined ? { isSound: success, text: out + err } : { isSound: null, text: reason };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const components = await bundledComponents();
  const { isSound, text } = await audit(components);
  if (isSound === null) console.log(`NOT AUDITED, the registry's advisories cannot be had: ${text}`);
  else if (isSound) console.log(`No vulnerability of severity high is known in ${components.length} packages`);
  else console.error(text);
  Deno.exit(isSound ?? !Deno.args.includes("--require") ? 0 : 1);
}
