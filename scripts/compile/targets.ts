/** A system to compile for. */
export interface Target {
  /** As `deno compile --target` has it. */
  readonly triple: string;
  /** Name of the executable in `dist/`. */
  readonly file: string;
  /** As `libcPaths()` has it. */
  readonly arch: typeof Deno.build.arch;
  /** npm package that holds Deno itself for this system. */
  readonly runtime: string;
  /** Subresource integrity of that package's tarball, at the version of {@linkcode RUNTIME_VERSION}. */
  readonly integrity: string;
}

/** Version of Deno that goes into the executable. */
export const RUNTIME_VERSION = "2.9.5";

/** 64-bit Raspberry Pi first. */
export const TARGETS: readonly Target[] = [
  {
    triple: "aarch64-unknown-linux-gnu",
    file: "bt-scanner-linux-arm64",
    arch: "aarch64",
    runtime: "@deno/linux-arm64-glibc",
    integrity: "sha512-IuYjsz9PGl7CJcNXMuN27KNDB8Q40brK3SG3l+TXMDVW61ZKwcn0fQHBHnXFiiygEwI8by/fKnASEluhZB1atw==",
  },
  {
    triple: "x86_64-unknown-linux-gnu",
    file: "bt-scanner-linux-x64",
    arch: "x86_64",
    runtime: "@deno/linux-x64-glibc",
    integrity: "sha512-TDqcnoLe3jlgqYEQm7H7MK6q0JOth+o8iSZzknRODnVkJfPiNnjVn1M1Zc6vnp+ipkyb6Av1/CUlHgHtlq59Gw==",
  },
];
