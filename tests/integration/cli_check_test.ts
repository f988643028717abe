import assert from "node:assert/strict";
import { Program } from "../support/program.ts";
import { test } from "../support/test.ts";

test("check prints the name of this machine where {hostname} stands, with the permissions that run has", async () => {
  const config = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(config, 'scanner: { id: "x-{hostname}" }\n');
    await using program = new Program(["check", "--config", config]);
    const { code, stdout, stderr } = await program.ended();
    const id = `x-${Deno.hostname()}`;
    if (/^[\w.-]{1,64}$/.test(id)) assert.deepEqual([code, / id: (\S+) /.exec(stdout)?.[1]], [0, id], stderr);
    else assert.match(stderr, /rename this machine/);
  } finally {
    await Deno.remove(config);
  }
});
