import { CONFIG_VARIABLE } from "./environment.ts";

/** The file that the service reads, and every other command unless another is named. */
export const SYSTEM_FILE = "/etc/bt-scanner/config.yaml";

/** The file to read, if any, and why that one. */
export interface LocatedFile {
  /** null: none. */
  readonly file: string | null;
  /** Whether it is the default, named by nobody. */
  readonly isSystem: boolean;
}

/**
 * Which file to read: the one that is named, otherwise the service's, if it exists.
 *
 * @param named on the command line: its path; false: read none; undefined: not specified
 * @param env all environment variables; the command line takes precedence over `BT_SCANNER_CONFIG`, which means none if
 * empty
 * @param exists whether there is a file at this path, readable or not
 */
export async function locateFile(
  named: string | false | undefined,
  env: Readonly<Record<string, string>>,
  exists: (path: string) => Promise<boolean>,
): Promise<LocatedFile> {
  const said = named ?? env[CONFIG_VARIABLE];
  if (said !== undefined) return { file: said || null, isSystem: false };
  return await exists(SYSTEM_FILE) ? { file: SYSTEM_FILE, isSystem: true } : { file: null, isSystem: false };
}
