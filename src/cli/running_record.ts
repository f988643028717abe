import { type Config, redact } from "../config/mod.ts";

/** What `run` was started with and works with, as `check --against-running` reads it; no secrets. */
export interface RunningRecord {
  /** Its command line. */
  readonly args: readonly string[];
  /** The file that it has read; null: none. */
  readonly file: string | null;
  /** The variables of its environment that are read; `***` for a secret. */
  readonly env: Readonly<Record<string, string>>;
  /** The configuration in force, secrets redacted. */
  readonly config: Config;
}

const SECRET_VARIABLE = /PASSWORD$/;

/** A record as text. */
export function renderRecord({ args, file, env, config }: RunningRecord): string {
  const read = Object.entries(env).filter(([name]) => name.startsWith("BT_SCANNER_"));
  const shown = read.map(([name, value]) => [name, SECRET_VARIABLE.test(name) ? "***" : value]);
  return JSON.stringify({ args, file, env: Object.fromEntries(shown), config: redact(config) } satisfies RunningRecord);
}
