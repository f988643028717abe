import type { ToolName } from "../../scripts/tools.ts";
import { findProgram } from "./mosquitto.ts";
import { test } from "./test.ts";

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
