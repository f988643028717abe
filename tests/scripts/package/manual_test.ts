import assert from "node:assert/strict";
import { renderManual, text } from "../../../scripts/package/roff.ts";
import { describeCli } from "../../../src/cli/describe.ts";
import { testWith } from "../../support/programs.ts";
import { test } from "../../support/test.ts";

const FACTS = { version: "1.2.3", epochS: 1_800_000_000 };

test("describeCli() knows every command, and the options of run", () => {
  const { commands, options } = describeCli();
  const names = commands.map(({ name }) => name);
  for (const name of ["run", "check", "schema"]) assert.ok(names.includes(name), name);
  assert.ok(!names.includes("help"));
  assert.deepEqual(options.map(({ flags }) => flags), ["-V, --version"]);
  const run = commands.find(({ name }) => name === "run")?.options.map(({ flags }) => flags);
  assert.ok(run?.includes("--scanner-id <id>") && run.includes("--passive"));
});

test("text() gives roff nothing to take for a request or an escape", () => {
  assert.equal(text(".TH evil"), "\\&.TH evil");
  assert.equal(text("'br"), "\\&'br");
  assert.equal(text("a\n.b"), "a .b");
  assert.equal(text("C:\\fB --x"), "C:\\efB \\-\\-x");
});

testWith(["groff"], "renderManual() gives groff nothing to warn of, and says all of the command line", async () => {
  const cli = describeCli();
  const page = await format(renderManual(cli, FACTS));
  assert.equal(page.stderr, "");
  const said = page.stdout.replaceAll(/\s+/g, " ");
  for (const command of cli.commands) {
    assert.ok(said.includes(`bt-scanner ${command.name}`), command.name);
    for (const { flags, description } of command.options) {
      assert.ok(said.includes(`${flags.replaceAll(/[<>]/g, "")} ${description}`), flags);
    }
  }
  assert.match(said, /bt-scanner 1\.2\.3 2027-01-15/);
});

testWith(["groff"], "renderManual() says what a description says, whatever is in it", async () => {
  const nasty = ".SH \\fBnot bold\\fR 'quoted' -- \"double\"";
  const cli = { name: "x", description: nasty, usage: "", arguments: [], options: [], commands: [] };
  const { stdout, stderr } = await format(renderManual(cli, FACTS));
  assert.equal(stderr, "");
  assert.ok(stdout.includes(nasty), stdout);
});

/** The page as groff shows it in plain ASCII, and its warnings. */
async function format(roff: string): Promise<{ stdout: string; stderr: string }> {
  const groff = new Deno.Command("groff", {
    args: ["-man", "-ww", "-Tascii", "-P-cbou", "-rHY=0", "-dAD=l"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = groff.stdin.getWriter();
  await writer.write(new TextEncoder().encode(roff));
  await writer.close();
  const { stdout, stderr } = await groff.output();
  return { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
