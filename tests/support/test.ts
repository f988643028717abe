/**
 * `Deno.test` with the sanitizers on: a test fails if it leaves a timer, a socket or a promise of
 * the runtime behind.
 */
export function test(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
  options: { readonly ignore?: boolean } = {},
): void {
  const run = async (t: Deno.TestContext) => {
    try {
      await fn(t);
    } catch (error) {
      throw unsuppressed(error);
    }
  };
  Deno.test({ name, fn: run, ignore: options.ignore ?? false, sanitizeOps: true, sanitizeResources: true });
}

/** The reporter shows neither of the errors that a SuppressedError holds, but all that an AggregateError does. */
export function unsuppressed(error: unknown): unknown {
  return error instanceof SuppressedError ? new AggregateError(all(error), "It failed, and so did clearing up") : error;
}

function all(error: unknown): unknown[] {
  return error instanceof SuppressedError ? [...all(error.suppressed), ...all(error.error)] : [error];
}
