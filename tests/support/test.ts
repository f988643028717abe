/**
 * `Deno.test` with the sanitizers on: a test fails if it leaves a timer, a socket or a promise of
 * the runtime behind.
 */
export function test(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
  options: { readonly ignore?: boolean } = {},
): void {
  Deno.test({ name, fn, ignore: options.ignore ?? false, sanitizeOps: true, sanitizeResources: true });
}
