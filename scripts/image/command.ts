/**
 * Runs a program with nothing to read, and resolves to what it prints.
 *
 * @throws {Error} with what it wrote, where it fails
 */
export async function command(...words: readonly [string, ...string[]]): Promise<string> {
  const [program, ...args] = words;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${words.slice(0, 8).join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}
