/**
 * `scripts/deploy`: puts bt-scanner onto one or many hosts over ssh, see docs/deploy.md.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { fileURLToPath } from "node:url";
import { type Content, contentOf } from "./deployment/content.ts";
import { deployTo, type Outcome, type Sources } from "./deployment/host.ts";
import { type DeployOptions, parseOptions, USAGE, UsageError } from "./deployment/options.ts";
import { Progress } from "./deployment/progress.ts";

const MOST_FAILURES = 63;
const EXIT_USAGE = 64;

const BINARIES: Readonly<Record<string, string>> = {
  aarch64: "../dist/bt-scanner-linux-arm64",
  x86_64: "../dist/bt-scanner-linux-x64",
};

/** A path of the project. */
function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

async function readContent(path: string): Promise<Content> {
  return await contentOf(await Deno.readFile(path));
}

function sourcesOf({ file, unit }: DeployOptions): Sources {
  const contents = new Map<string, Promise<Content>>();
  return {
    read: (path) => {
      const content = contents.get(path) ?? readContent(path);
      contents.set(path, content);
      return content;
    },
    binaryFor: (machine) => file ?? path(BINARIES[machine] ?? `../dist/bt-scanner-linux-${machine}`),
    unit: unit ?? path("../config/bt-scanner.service"),
  };
}

/** Works through all hosts, some at a time. */
async function deployAll(options: DeployOptions, progress: Progress): Promise<Map<string, Outcome>> {
  const sources = sourcesOf(options);
  const outcomes = new Map<string, Outcome>();
  const waiting = options.hosts.values();
  const work = async () => {
    for (const host of waiting) {
      const outcome = await deployTo(host, options, sources, (state, percent) => progress.show(host, state, percent));
      outcomes.set(host, outcome);
      progress.show(host, outcome.kind === "failed" ? `FAILED: ${outcome.text}` : outcome.text);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, options.hosts.length) }, work));
  return outcomes;
}

function summary(outcomes: ReadonlyMap<string, Outcome>): string {
  const count = (kind: Outcome["kind"]) => [...outcomes.values()].filter((outcome) => outcome.kind === kind).length;
  const parts = (["changed", "planned", "unchanged", "failed"] as const)
    .filter((kind) => count(kind) > 0).map((kind) => `${count(kind)} ${kind}`);
  return `${outcomes.size} ${outcomes.size === 1 ? "host" : "hosts"}: ${parts.join(", ")}`;
}

async function main(args: readonly string[]): Promise<number> {
  const options = await parseOptions(args, Deno.readTextFile);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  const terminal = Deno.stdout.isTerminal();
  const progress = new Progress(options.hosts, terminal, (text) => {
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  });
  const outcomes = await deployAll(options, progress);
  for (const [host, { details }] of outcomes) for (const line of details) console.error(`${host}: ${line}`);
  console.log(summary(outcomes));
  return Math.min([...outcomes.values()].filter(({ kind }) => kind === "failed").length, MOST_FAILURES);
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else if (error instanceof Deno.errors.NotFound) console.error(error.message);
  else throw error;
  Deno.exit(EXIT_USAGE);
}
