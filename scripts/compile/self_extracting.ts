import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { permissions } from "./permissions.ts";
import type { Target } from "./targets.ts";
import { V8_FLAGS } from "./v8_flags.ts";

/** One file that unpacks a runtime and the program, and runs them: a shell script with both behind it. */
export function selfExtracting(target: Target, version: string, runtime: Uint8Array, program: Uint8Array): Uint8Array {
  const packedRuntime = gzip(runtime);
  const payload = concat(packedRuntime, gzip(program));
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    NAME: `v-${sha256(payload).slice(0, 16)}`,
    LINES: String(HEAD.split("\n").length),
    PAYLOAD_SHA256: sha256(payload),
    RUNTIME_BYTES: String(runtime.length),
    RUNTIME_PACKED: String(packedRuntime.length),
    RUNTIME_SHA256: sha256(runtime),
    PROGRAM_BYTES: String(program.length),
    PROGRAM_SHA256: sha256(program),
    FLAGS: [...permissions(target), V8_FLAGS].join(" "),
  };
  const head = HEAD.replace(/@([A-Z0-9_]+)@/g, (_, name: string) => values[name] ?? `@${name}@`);
  return concat(new TextEncoder().encode(head), payload);
}

const HEAD = Deno.readTextFileSync(new URL("head.sh", import.meta.url));

/** The SHA-256 digest in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Without name and time, so that the same bytes give the same bytes. */
function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 9 });
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
