import { libcPaths } from "../../src/hci/mod.ts";
import type { Target } from "./targets.ts";

/**
 * What the executable may do, baked in: the network, reading, the environment, the C library, and
 * the one system call by which noble asks for the kernel's release. No writing, no running, no
 * prompts.
 */
export function permissions({ arch }: Target): string[] {
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-env",
    "--allow-sys=osRelease",
    `--allow-ffi=${libcPaths({ os: "linux", arch }).join(",")}`,
  ];
}
