import assert from "node:assert/strict";

/** What is typed, or done, once `ready` matches what the terminal showed since the last time. */
export type Step = readonly [ready: RegExp, typed: string | (() => Promise<void>)];

/** Runs a shell command on a terminal of its own, with somebody who types, and resolves to its end. */
export async function onTerminal(
  command: string,
  steps: readonly Step[],
  size = "cols 80 rows 10",
): Promise<{ code: number; output: string }> {
  await using process = new Deno.Command("script", {
    args: ["-qec", `stty ${size}; ${command}`, "/dev/null"],
    env: { TERM: "xterm", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keyboard = process.stdin.getWriter();
  const left = [...steps];
  let output = "";
  let seen = 0;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const [next] = left;
    if (next === undefined || !next[0].test(output.slice(seen))) continue;
    left.shift();
    seen = output.length;
    const [, typed] = next;
    if (typeof typed === "string") await keyboard.write(new TextEncoder().encode(typed));
    else await typed();
  }
  await keyboard.close().catch(() => {});
  const { code } = await process.status;
  assert.deepEqual(left, [], `ended with ${code}: ${output}`);
  return { code, output };
}
