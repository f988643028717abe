/** A system to compile for. */
export interface Target {
  /** As `deno compile --target` has it. */
  readonly triple: string;
  /** Name of the executable in `dist/`. */
  readonly file: string;
  /** As `Deno.build.arch` and `uname -m` have it. */
  readonly arch: "aarch64" | "x86_64";
  /** Machine field of its ELF header. */
  readonly elfMachine: number;
  /** The largest pages that a Linux kernel for it may have. */
  readonly largestPageBytes: number;
  /** npm package that holds Deno itself for this system. */
  readonly runtime: string;
  /** SHA-256 of the `deno` in that package, at {@linkcode RUNTIME_VERSION}. */
  readonly runtimeDigest: string;
}

/** Version of Deno that goes into the executable. */
export const RUNTIME_VERSION = "2.9.5";

/** 64-bit Raspberry Pi first. */
export const TARGETS: readonly Target[] = [
  {
    triple: "aarch64-unknown-linux-gnu",
    file: "bt-scanner-linux-arm64",
    arch: "aarch64",
    elfMachine: 183,
    largestPageBytes: 65_536, // a Raspberry Pi 5's kernel has 16 KiB
    runtime: "@deno/linux-arm64-glibc",
    runtimeDigest: "e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63",
  },
  {
    triple: "x86_64-unknown-linux-gnu",
    file: "bt-scanner-linux-x64",
    arch: "x86_64",
    elfMachine: 62,
    largestPageBytes: 4096,
    runtime: "@deno/linux-x64-glibc",
    runtimeDigest: "dc480c462c8c3582524f3e75c160613d0a975e1f66b5465995d58bae236da7d3",
  },
];

/** Nothing that lies about on a Pi has a say, nothing is fetched, nothing cached that is not needed. */
export const RUNTIME_FLAGS: readonly string[] = [
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--cached-only",
  "--node-modules-dir=none",
  "--no-code-cache",
];
