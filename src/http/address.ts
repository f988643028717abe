import type { ListenOptions } from "node:net";

const UNIX = "unix:";

/**
 * Where the configuration's `http.listen` says to listen, as Node.js takes it.
 *
 * @param listen `127.0.0.1:9464`, `[::1]:9464` or `unix:/run/bt-scanner/http.sock`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { listenOptions } from "./address.ts";
 *
 * assert.deepEqual(listenOptions("[::1]:9464"), { host: "::1", port: 9464 });
 * assert.deepEqual(listenOptions("unix:/run/http.sock"), { path: "/run/http.sock" });
 * ```
 */
export function listenOptions(listen: string): ListenOptions {
  const path = socketPath(listen);
  if (path !== null) return { path };
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) };
}

/** The path of the Unix socket that is meant; null: it is none. */
export function socketPath(listen: string): string | null {
  return listen.startsWith(UNIX) ? listen.slice(UNIX.length) : null;
}
