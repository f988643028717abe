import { configTree, keysOf, valueAt } from "./keys.ts";
import type { Config } from "./config_schema.ts";

/** What is, or may be, another one for each scanner of those that are configured alike. Secrets are left out besides. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  "scanner.id",
  "scanner.labels",
  "scanner.adapter",
  "mqtt.broker.username",
  "mqtt.client.client_id",
]);

/**
 * Tells configurations apart by what scanners may have in common, in 16 hexadecimal digits. Keys at their default are
 * left out, so that a version that brings new ones does not change it.
 *
 * A hash against accidents, not attackers: one of those that the runtime has takes 0.5 MB of memory and more.
 */
export function configDigest(config: Config): string {
  const lines = keysOf(configTree()).filter(({ path, secret }) => !secret && !OWN_KEYS.has(path))
    .map(({ path, fallback }) => ({
      path,
      json: JSON.stringify(valueAt(config, path)),
      usual: JSON.stringify(fallback),
    }))
    .flatMap(({ path, json, usual }) => json === usual ? [] : [`${path}=${json}\n`]);
  return fnv1a(new TextEncoder().encode(lines.sort().join(""))).toString(16).padStart(16, "0");
}

/** FNV-1a of 64 bits (RFC 9923). */
function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
