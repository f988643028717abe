import { fileURLToPath } from "node:url";
import { programEnd } from "../support/programs.ts";

/** The engine itself, of Debian. */
export const JINJA = "/usr/lib/python3/dist-packages/jinja2/__init__.py";
/** Debian's, for which its Jinja is installed. */
const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("render.py", import.meta.url));

/** Renders templates with the payloads that they are given, with the Jinja that Home Assistant uses. */
export async function render(pairs: readonly (readonly [template: string, payload: string])[]): Promise<string[]> {
  const python = new Deno.Command(PYTHON, { args: [SCRIPT], stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = python.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(pairs)));
  await writer.close();
  const { code, stdout, stderr } = programEnd(await python.output());
  if (code !== 0) throw new Error(`Cannot render: ${stderr}`);
  return JSON.parse(stdout);
}
