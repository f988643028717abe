import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../support/programs.ts";
import { test } from "../support/test.ts";

const AUDIT = fileURLToPath(new URL("../../scripts/audit.ts", import.meta.url));

interface Advisory {
  readonly severity: string;
  readonly vulnerable_versions: string;
}

/** Runs the audit on a registry that answers so, and tells which packages it was asked about. */
async function audit(answer: Readonly<Record<string, Advisory>> | number, ...args: string[]) {
  const asked: string[] = [];
  const registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") asked.push(...Object.keys(await request.json()));
    if (typeof answer === "number") return new Response("", { status: answer });
    const more = {
      id: 1,
      url: "https://example.org/1",
      title: "a hole",
      cwe: [],
      cvss: { score: 9, vectorString: "" },
    };
    return Response.json(
      Object.fromEntries(Object.entries(answer).map(([name, advisory]) => [name, [{ ...more, ...advisory }]])),
    );
  });
  try {
    // The packages are to stay as they are, whatever that registry says.
    const start = ["run", "-A", "--no-check", "--node-modules-dir=manual", AUDIT];
    const env = { NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/` };
    const { code, stdout, stderr } = await runToEnd(Deno.execPath(), [...start, ...args], { env });
    return { code, asked, output: stdout + stderr };
  } finally {
    await registry.shutdown();
  }
}

test("deno task audit fails where a vulnerability of high severity is known in the program", async () => {
  const { code, output } = await audit({ mqtt: { severity: "high", vulnerable_versions: ">=5.0.0" } });
  assert.equal(code, 1);
  assert.match(output, /a hole[^]*Package: +mqtt/);
});

test("deno task audit lets pass what is less severe, or was in another version", async () => {
  const { code, output } = await audit({
    mqtt: { severity: "moderate", vulnerable_versions: ">=5.0.0" },
    yaml: { severity: "critical", vulnerable_versions: "<2.0.0" },
  });
  assert.equal(code, 0, output);
  assert.match(output, /^No vulnerability of severity high is known in \d+ packages\n$/);
});

test("deno task audit asks about what is in the program, not about what tests it", async () => {
  const { asked } = await audit({});
  assert.ok(asked.includes("mqtt") && asked.includes("bl"), asked.join());
  assert.ok(!asked.includes("aedes") && !asked.includes("esbuild"), asked.join());
});

test("deno task audit says that it could not ask, and fails for it where it must not be left out", async () => {
  const { code, output } = await audit(405);
  assert.deepEqual([code, output.split("\n").length], [0, 2], output);
  assert.match(output, /^NOT AUDITED, the registry's advisories cannot be had: ./);
  assert.equal((await audit(500, "--require")).code, 1);
});
