import { CONFIG_VARIABLE } from "./environment.ts";

/** The file that the service reads, and every command where nothing else is named. */
export const SYSTEM_FILE = "/etc/bt-scanner/config.yaml";

/** The file to read, if any, and why that one. */
export interface LocatedFile {
  /** null: none. */
  readonly file: string | null;
  /** Whether nobody named it. */
  readonly isSystem: boolean;
}

/**
 * Which file to read: the one that is named, else that of the service, where it exists.
 *
 * @param named by the command line: its path; false: none is to be read; undefined: nothing was said
 * @param env all environment variables; `BT_SCANNER_CONFIG` is weaker than the command line, empty it means none
 * @param exists whether there is a file of this path, readable or not
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
