/** The command line as a program of its own (bundle.ts), which shares no class with the one that calls it. */
import { type CliIo, type CliOutcome, rereadConfig as reread, runCli as run } from "../../src/cli/mod.ts";
import { linuxHost } from "../../src/hci/mod.ts";

/** What zod leaves behind, for copies of itself: it would hold on to all that is here. */
const LEFT_BEHIND = ["__zod_globalConfig", "__zod_globalRegistry"];

/** Errors of the caller's `linuxHost` would be of classes that are not known here. */
export async function runCli(args: readonly string[], io: CliIo, signal: AbortSignal): Promise<CliOutcome> {
  const outcome = await run(args, { ...io, host: { ...io.host, linux: linuxHost } }, signal);
  leaveNothing();
  return outcome;
}

/** The same. */
export async function rereadConfig(...[args, file, io]: Parameters<typeof reread>): ReturnType<typeof reread> {
  const reading = await reread(args, file, { ...io, host: { ...io.host, linux: linuxHost } });
  leaveNothing();
  return reading;
}

function leaveNothing(): void {
  for (const name of LEFT_BEHIND) Reflect.deleteProperty(globalThis, name);
}
