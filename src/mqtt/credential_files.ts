import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { type Clock, timeLimit, untilAborted } from "../time/mod.ts";
import { ConnectionFailure } from "./failure.ts";
import type { MqttOptions, Password, TlsOptions } from "./options.ts";

/** Reads a whole file. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** What an attempt needs from files; read again each time. */
export interface Credentials {
  readonly password: string | Buffer | null;
  /** null: not encrypted. */
  readonly tls: ConnectionOptions | null;
}

/** What reading them takes. */
export interface CredentialParts {
  readonly clock: Clock;
  readonly readFile: ReadFile;
}

/**
 * Reads them within the time allowed for an attempt: a file may be on a drive that has gone away, or be a pipe that
 * nobody writes to.
 *
 * @throws {ConnectionFailure} if a file cannot be read, in time or at all, or is not in PEM format
 * @throws the signal's reason, as soon as it aborts
 */
export async function readCredentials(
  options: MqttOptions,
  { clock, readFile }: CredentialParts,
  signal: AbortSignal,
): Promise<Credentials> {
  using limit = timeLimit(clock, options.connectTimeoutMs, { signal, reason: () => tooSlow(options.connectTimeoutMs) });
  return await untilAborted(readAll(options, readFile), limit.signal);
}

function tooSlow(timeoutMs: number): ConnectionFailure {
  const reason = `reading the password and certificates took more than ${timeoutMs / 1000} s`;
  return new ConnectionFailure("unfit", reason, "check the files named in mqtt.broker, and the drive they are on");
}

async function readAll(options: MqttOptions, readFile: ReadFile): Promise<Credentials> {
  const { host, tls } = options;
  return {
    password: await readPassword(options.password),
    tls: tls === null ? null : await readTls(host, tls, readFile),
  };
}

async function readPassword(password: Password): Promise<string | Buffer | null> {
  if (typeof password !== "function") return password;
  try {
    const fetched = await password();
    return fetched instanceof Uint8Array ? Buffer.from(fetched) : fetched;
  } catch (error) {
    throw unreadable("the password", "password_file", error);
  }
}

async function readTls(host: string, tls: TlsOptions, readFile: ReadFile): Promise<ConnectionOptions> {
  const read = async (path: string | null, key: string, label: RegExp): Promise<Buffer | undefined> => {
    if (path === null) return undefined;
    const bytes = Buffer.from(await readFile(path).catch((error) => Promise.reject(unreadable(path, key, error))));
    // Without this, a wrong file would look like a broker that is not trusted.
    if (label.test(bytes.toString("latin1"))) return bytes;
    throw new ConnectionFailure("unfit", `${path} is not in PEM format`, `check mqtt.broker.tls.${key}`);
  };
  const [ca, cert, key] = await Promise.all([
    read(tls.caFile, "ca_file", /-----BEGIN (TRUSTED )?CERTIFICATE-----/),
    read(tls.certFile, "cert_file", /-----BEGIN (TRUSTED )?CERTIFICATE-----/),
    read(tls.keyFile, "key_file", /-----BEGIN .*PRIVATE KEY-----/),
  ]);
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(servername === undefined ? {} : { servername }),
    ...(tls.alpn === null ? {} : { ALPNProtocols: [tls.alpn] }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function unreadable(what: string, key: string, cause: unknown): ConnectionFailure {
  const why = cause instanceof Error ? cause.message : String(cause);
  const where = key === "password_file" ? `mqtt.broker.${key}` : `mqtt.broker.tls.${key}`;
  return new ConnectionFailure("unfit", `cannot read ${what}: ${why}`, `check ${where}`, { cause });
}
