import type { Config } from "../config/mod.ts";
import type { MqttOptions } from "../mqtt/mod.ts";
import type { Host } from "./host.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The password, or what reads it: from its file, else from where systemd leaves it (`LoadCredential=mqtt-password:…`). */
export function passwordOf(
  { username, password, password_file }: Config["mqtt"]["broker"],
  { env, readFile }: Pick<Host, "env" | "readFile">,
): MqttOptions["password"] {
  if (password_file !== null) return () => readPassword(password_file, readFile);
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || username === null || password !== null) return password;
  return () => readPassword(`${folder}/mqtt-password`, readFile).catch(nullWhereMissing);
}

/** The folder holds every credential of the service, of which this need not be one. */
function nullWhereMissing(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}

/** The bytes as they are, for MQTT knows no encoding of passwords; null where there are none. */
async function readPassword(path: string, readFile: Host["readFile"]): Promise<Uint8Array | null> {
  const bytes = await readFile(path);
  let length = bytes.length;
  if (bytes[length - 1] === LINE_FEED) length--;
  if (length < bytes.length && bytes[length - 1] === CARRIAGE_RETURN) length--;
  return length === 0 ? null : bytes.subarray(0, length);
}
