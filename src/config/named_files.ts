import type { LoadedConfig } from "./load.ts";
import type { ConfigProblem } from "./problem.ts";

/** What has to be known of a file in order to check it. */
export interface FileFacts {
  /** False for a directory, a device, a socket. */
  readonly isFile: boolean;
  /** Permission bits; null if the system has none. */
  readonly mode: number | null;
  /** When it was last written, in milliseconds since the Unix epoch; null: the system does not say. */
  readonly modifiedMs: number | null;
}

/**
 * Checks the files that a configuration names: whether they can be read, and whether a secret is readable by everyone
 * on the machine.
 *
 * @param inspect opens a file for reading and describes it; rejects if it cannot
 */
export async function checkNamedFiles(
  { config, origins, file }: LoadedConfig,
  inspect: (path: string) => Promise<FileFacts>,
): Promise<{ readonly problems: ConfigProblem[]; readonly warnings: ConfigProblem[] }> {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  for (const { key, path, secret } of namedFiles(config, file)) {
    const at = { source: key === null ? null : origins.get(key) ?? null, key, value: path };
    try {
      const { isFile, mode } = await inspect(path);
      if (!isFile) problems.push({ ...at, problem: `${path} is not a file`, remedy: null });
      else if (secret && mode !== null && (mode & 0o004) !== 0) {
        // A service may run as a dynamic user: what is closed to everyone else is closed to it.
        const remedy = `chmod o= ${path}, or let systemd pass secrets to the service (docs/service.md)`;
        warnings.push({ ...at, problem: `everyone on this machine can read ${path}`, remedy });
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({ ...at, problem: `${path} cannot be read: ${reason}`, remedy: null });
    }
  }
  return { problems, warnings };
}

interface NamedFile {
  readonly key: string | null;
  readonly path: string;
  readonly secret: boolean;
}

function namedFiles({ scanner, replay, mqtt }: LoadedConfig["config"], configFile: string | null): NamedFile[] {
  const { tls, password, password_file } = mqtt.broker;
  const candidates = [
    { key: null, path: password === null ? null : configFile, secret: true },
    { key: "mqtt.broker.password_file", path: password_file, secret: true },
    { key: "mqtt.broker.tls.ca_file", path: tls.enabled ? tls.ca_file : null, secret: false },
    { key: "mqtt.broker.tls.cert_file", path: tls.enabled ? tls.cert_file : null, secret: false },
    { key: "mqtt.broker.tls.key_file", path: tls.enabled ? tls.key_file : null, secret: true },
    { key: "replay.file", path: scanner.source === "replay" ? replay.file : null, secret: false },
  ];
  return candidates.flatMap(({ key, path, secret }) => path === null ? [] : [{ key, path, secret }]);
}
