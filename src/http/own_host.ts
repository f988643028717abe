/** What this machine is called by whoever is on it. */
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Whether a request was meant for this listener, by the name that it was called by. A page from elsewhere whose name
 * was made to lead here (DNS rebinding) still calls it by its own name, and would else be allowed to read the answers.
 *
 * @param header the request's `Host`, with or without a port
 * @param localAddress the address that the connection came in at; undefined: a Unix socket
 * @param allowed further names and addresses, without ports
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isOwnHost } from "./own_host.ts";
 *
 * assert.equal(isOwnHost("localhost:9464", "127.0.0.1", []), true);
 * assert.equal(isOwnHost("evil.example", "127.0.0.1", []), false);
 * assert.equal(isOwnHost("pi7.local", "192.0.2.7", ["pi7.local"]), true);
 * ```
 */
export function isOwnHost(
  header: string | undefined,
  localAddress: string | undefined,
  allowed: readonly string[],
): boolean {
  const name = header === undefined ? null : hostName(header);
  if (name === null) return false;
  const own = [...LOOPBACK, ...[...allowed, unmapped(localAddress)].map((each) => hostName(bracketed(each)))];
  return own.includes(name);
}

/** A name or address in the one spelling that URLs have for it, without port; null: it is neither. */
function hostName(authority: string): string | null {
  if (!/^[^\s/@?#\\]+$/.test(authority)) return null;
  const hostname = URL.parse(`http://${authority}`)?.hostname ?? "";
  return hostname.replace(/\.$/, "") || null;
}

/** Where IPv6 takes IPv4 along, its addresses have a prefix. */
function unmapped(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
