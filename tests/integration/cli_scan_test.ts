import assert from "node:assert/strict";
import { commandLine } from "../support/program.ts";
import { testWith } from "../support/programs.ts";

/** Runs a command on a terminal of its own, types when `ready` matches what it shows, and resolves to its end. */
async function onTerminal(
  args: readonly string[],
  ready: RegExp,
  typed: string,
): Promise<{ code: number; output: string }> {
  const command = [...commandLine(), ...args].join(" ");
  await using process = new Deno.Command("script", {
    // exec: a shell that waited for it would be told of Ctrl-C too, and some end of it with 130.
    args: ["-qec", `stty cols 80 rows 10; exec ${command}`, "/dev/null"],
    env: { TERM: "xterm", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  let output = "";
  let isTyped = false;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (isTyped || !ready.test(output)) continue;
    isTyped = true;
    await keyboard.write(new TextEncoder().encode(typed));
  }
  await keyboard.close().catch(() => {});
  return { code: (await process.status).code, output };
}

testWith(["script"], "scan shows a live table until Ctrl-C, and leaves the terminal as it was", async () => {
  const { code, output } = await onTerminal(
    ["scan", "--source", "simulate", "--simulate-devices", "20"],
    /simulated, active, extended: 20 devices/,
    "\x03",
  );
  assert.equal(code, 0, output);
  const [live = "", after = ""] = output.split("\x1b[?7h\x1b[?25h\x1b[?1049l");
  assert.match(live, /… and 13 more/);
  const lines = after.replace(/^\^C/, "").trimEnd().split("\r\n");
  assert.equal(lines.length, 22);
  assert.match(lines.at(-1) ?? "", /^20 devices, \d+ reports$/);
});
