import { libcPaths } from "../../src/hci/mod.ts";
import type { Target } from "./targets.ts";

/**
 * What the executable may do, baked in: the network, reading, the environment, the C library; for
 * those that write, writing (see `no_writing.ts`). No running, no questions to the system, no prompts.
 */
export function permissions({ arch }: Target): string[] {
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-env",
    "--allow-write",
    `--allow-ffi=${libcPaths({ os: "linux", arch }).join(",")}`,
  ];
}
