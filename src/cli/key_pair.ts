import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { FileFacts } from "../config/mod.ts";

/** What the comparison needs from outside. */
export interface KeyPairIo {
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Opens a file for reading and describes it; rejects if it cannot. */
  readonly inspectFile: (path: string) => Promise<FileFacts>;
}

/** What is wrong with a certificate and its key, without quoting either. */
export interface KeyPairProblem {
  /** Which of the two files to check first. */
  readonly file: "cert" | "key";
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Whether a certificate (PEM; the first one in the file) and a private key match; null: they do.
 *
 * @throws what `io` rejects with
 */
export async function examineKeyPair(certFile: string, keyFile: string, io: KeyPairIo): Promise<KeyPairProblem | null> {
  const [certBytes, keyBytes] = await Promise.all([io.readFile(certFile), io.readFile(keyFile)]);
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(certBytes);
  } catch {
    return { file: "cert", problem: `${certFile} contains no certificate`, remedy: "it must be in PEM format" };
  }
  try {
    key = createPrivateKey(Buffer.from(keyBytes));
  } catch {
    const remedy = "it must be in PEM format, without a passphrase";
    return { file: "key", problem: `${keyFile} contains no readable private key`, remedy };
  }
  if (derOf(certificate.publicKey).equals(derOf(createPublicKey(key)))) return null;
  const problem = `${certFile} and ${keyFile} do not match${await whichIsNewer(certFile, keyFile, io)}`;
  return { file: "key", problem, remedy: "a renewed certificate comes with a new key: use both from the same renewal" };
}

/** `SubjectPublicKeyInfo`, for comparing without `checkPrivateKey`, which Deno lacks before 2.9. */
function derOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

async function whichIsNewer(certFile: string, keyFile: string, { inspectFile }: KeyPairIo): Promise<string> {
  const [{ modifiedMs: certMs }, { modifiedMs: keyMs }] = await Promise.all([
    inspectFile(certFile),
    inspectFile(keyFile),
  ]);
  if (certMs === null || keyMs === null || certMs === keyMs) return "";
  const [newer, older] = [Math.max(certMs, keyMs), Math.min(certMs, keyMs)].map((ms) => new Date(ms).toISOString());
  return `: the ${certMs > keyMs ? "certificate" : "key"} is newer (${newer}, the other ${older})`;
}
