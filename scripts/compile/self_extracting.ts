import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { RUNTIME_FLAGS, type Target } from "./targets.ts";
import { permissions } from "./permissions.ts";
import { V8_FLAGS } from "./v8_flags.ts";

/**
 * One file that unpacks a runtime and the program, and becomes the agent: a shell script
 * (`head.sh`) with both behind it. The same content gives the same bytes.
 *
 * @param version as `--version` says it
 */
export function selfExtracting(
  target: Target,
  version: string,
  runtime: Uint8Array,
  program: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const packed = [runtime, program].map((bytes) => gzipSync(bytes, { level: 9 })); // without name and time
  const payload = concat(packed);
  const template = Deno.readTextFileSync(new URL("head.sh", import.meta.url));
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    MACHINE: target.arch,
    NAME: `bt-scanner-${sha256(payload).slice(0, 16)}`,
    LINES: String(template.split("\n").length),
    PAYLOAD_DIGEST: sha256(payload),
    RUNTIME_PACKED: String(packed[0]?.length),
    RUNTIME_DIGEST: sha256(runtime),
    PROGRAM_DIGEST: sha256(program),
    FLAGS: [...RUNTIME_FLAGS, V8_FLAGS, ...permissions(target)].join(" "),
  };
  const head = template.replace(/@([A-Z_]+)@/g, (placeholder, name: string) => values[name] ?? placeholder);
  return concat([new TextEncoder().encode(head), payload]);
}

/** The first byte of what is compressed; the head, which is text, has no such byte. */
const GZIP = 0x1f;
/** How the head ends. */
const EXEC = /^exec "\$runtime" run (.*) "\$program" "\$@"$/m;

/** Whether a file is one that {@linkcode selfExtracting} made. */
export function isSelfExtracting(file: Uint8Array): boolean {
  return EXEC.test(headOf(file));
}

function headOf(file: Uint8Array): string {
  return new TextDecoder().decode(file.subarray(0, Math.max(file.indexOf(GZIP), 0)));
}

/** What is in a self-extracting file. */
export interface Unpacked {
  readonly runtime: Uint8Array<ArrayBuffer>;
  readonly program: Uint8Array<ArrayBuffer>;
  /** What the runtime is told before the program. */
  readonly flags: readonly string[];
}

/**
 * Takes apart what {@linkcode selfExtracting} made; null: the file is of another kind.
 *
 * @throws {Error} where it is damaged
 */
export function unpack(file: Uint8Array): Unpacked | null {
  const head = headOf(file);
  const flags = EXEC.exec(head)?.[1]?.split(" ");
  if (flags === undefined) return null;
  const begin = file.indexOf(GZIP);
  const value = (name: string) => new RegExp(`\\b${name}=(\\w+)`).exec(head)?.[1] ?? "";
  const split = begin + Number(value("runtime_packed"));
  const [runtime, program] = [file.subarray(begin, split), file.subarray(split)].map((bytes) => {
    return new Uint8Array(gunzipSync(bytes));
  }) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  if (sha256(runtime) !== value("runtime_digest") || sha256(program) !== value("program_digest")) {
    throw new Error("The self-extracting file is damaged");
  }
  return { runtime, program, flags };
}

/** The SHA-256 digest in lower-case hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
