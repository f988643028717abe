/** What holds for every workflow of the project, beyond what actionlint knows. */
import { parse } from "yaml";

/** A step that runs a script, or somebody's action. */
interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: unknown;
  readonly steps: readonly Step[];
}

/** A file of `.github/workflows`, as far as the rules look at it. */
export interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** A commit, and the version that it is of, for whoever reads it and for what proposes updates. */
const PINNED = /^\s*(?:- )?uses: ([\w-]+\/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$/;
const CHECKOUT = "actions/checkout@";

export function readWorkflow(text: string): Workflow {
  return parse(text);
}

/** What each job may write, as `job: scope`. */
export function writesOf({ jobs }: Workflow): string[] {
  return Object.entries(jobs).flatMap(([name, { permissions = {} }]) =>
    Object.entries(permissions).filter(([, access]) => access === "write").map(([scope]) => `${name}: ${scope}`)
  );
}

/** The scripts that its steps run. */
export function scriptsOf({ jobs }: Workflow): string[] {
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
}

/** Every breach of the rules, each as a sentence. */
export function breaches(text: string): string[] {
  const workflow = readWorkflow(text);
  return [
    ...(JSON.stringify(workflow.permissions) === "{}" ? [] : ["it does not begin without any permission"]),
    ...Object.entries(workflow.jobs).flatMap(([name, job]) => breachesOfJob(job).map((breach) => `${name}: ${breach}`)),
    ...text.split("\n").filter((line) => /^\s*(?:- )?uses:/.test(line) && !PINNED.test(line))
      .map((line) => `${line.trim()} is not pinned to a commit with its version`),
  ];
}

function breachesOfJob({ permissions, steps, "timeout-minutes": timeout }: Job): string[] {
  const found: string[] = [];
  if (permissions === undefined) found.push("it does not say what it may do");
  if (timeout === undefined) found.push("it has no time limit");
  for (const { run, uses, with: inputs } of steps) {
    if (run?.includes("${{")) found.push(`what is put into a script can be code; use env: ${run.trim()}`);
    if (uses?.startsWith(CHECKOUT) && inputs?.["persist-credentials"] !== false) {
      found.push("checkout leaves its token");
    }
  }
  return found;
}

/** Which commit each action is pinned to. */
export function pinsOf(text: string): [action: string, commit: string][] {
  return text.split("\n").flatMap((line) => {
    const [, action, commit] = PINNED.exec(line) ?? [];
    return action === undefined || commit === undefined ? [] : [[action, commit]];
  });
}
