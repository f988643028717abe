import { resolve } from "node:path";
import type { ToolName } from "../../scripts/tools.ts";
import { test } from "./test.ts";

/** Where Debian puts daemons, which is not on everybody's PATH. */
const SBIN = ["/usr/sbin", "/usr/local/sbin"];

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Finds a program on the PATH or where daemons live; null: it is not installed. */
export function findProgram(name: string): string | null {
  for (const folder of [...(Deno.env.get("PATH") ?? "").split(":"), ...SBIN]) {
    try {
      const path = resolve(folder, name);
      if (folder !== "" && Deno.statSync(path).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** Runs a program to its end, with nothing to read. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv"> = {},
): Promise<ProgramEnd> {
  const command = new Deno.Command(findProgram(program) ?? program, { ...options, args: [...args], stdin: "null" });
  return programEnd(await command.output());
}

/** What a program has written, as text. */
export function programEnd({ code, stdout, stderr }: Deno.CommandOutput): ProgramEnd {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Runs a program, and resolves to what it prints.
 *
 * @throws {Error} with all that it wrote, where it fails
 */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/**
 * A test that calls these programs. Left out, and its name says so, where one is not installed; it
 * fails instead where `REQUIRE_MOSQUITTO` is 1, the switch of a run that leaves nothing out.
 */
export function testWith(
  programs: readonly ToolName[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = programs.filter((program) => findProgram(program) === null);
  if (missing.length === 0) return test(name, fn);
  const reason = `${missing.join(", ")} not installed`;
  const required = Deno.env.get("REQUIRE_MOSQUITTO") === "1";
  test(`${name} [${reason}]`, () => Promise.reject(new Error(reason)), { ignore: !required });
}
