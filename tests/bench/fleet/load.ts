import { useOf } from "../measuring/running.ts";

/** Of /proc/stat: sysconf(_SC_CLK_TCK) is 100 on every Linux that Deno knows. */
const TICK_MS = 10;

const cpuMs = async (pid: number) => (await useOf(pid)).cpuMs;

/** What processes take of the processor. */
export class Load {
  private constructor(
    private readonly pids: readonly number[],
    private readonly beforeMs: readonly number[],
    private readonly sinceMs: number,
  ) {}

  /** From now on. */
  static async begin(pids: readonly number[]): Promise<Load> {
    return new Load(pids, await Promise.all(pids.map(cpuMs)), performance.now());
  }

  /** Of one core, by each process, until now. */
  async percents(): Promise<number[]> {
    const elapsedMs = performance.now() - this.sinceMs;
    const nowMs = await Promise.all(this.pids.map(cpuMs));
    return nowMs.map((ms, index) => 100 * (ms - (this.beforeMs[index] ?? 0)) / elapsedMs);
  }
}

/** What all processes together have taken of all cores since the machine started, in milliseconds. */
export async function machineBusyMs(): Promise<number> {
  const [line = ""] = (await Deno.readTextFile("/proc/stat")).split("\n");
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/ +/).map(Number);
  return TICK_MS * (user + nice + system + irq + softirq);
}
