import { programEnd } from "../../support/programs.ts";
import { pause } from "./running.ts";

/** How often the event loop's system call returns in all threads of a process, within a while; needs `strace`. */
export async function countWakeUps(pid: number, seconds: number): Promise<number> {
  const args = ["-c", "-f", "-e", "trace=/^epoll_p?wait", "-p", String(pid)];
  const strace = new Deno.Command("strace", { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const output = strace.output();
  await Promise.race([pause(1000 * seconds), output]);
  strace.kill("SIGINT");
  const { code, stderr } = programEnd(await output);
  if (code !== 0 && !stderr.includes("% time")) throw new Error(`Cannot trace ${pid}: ${stderr}`);
  return countCalls(stderr);
}

/** Adds up what `strace -c` counted. */
export function countCalls(summary: string): number {
  return [...summary.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*epoll_p?wait\d?$/gm)]
    .reduce((sum, [, calls]) => sum + Number(calls), 0);
}
