/** What cases ask of the guest: its fake controllers, its adapters, other users. */
import { libcPaths } from "../../src/hci/mod.ts";
import { waitFor } from "../support/wait_for.ts";

/** A fake controller, `vhci_controller.py`, through its control words and its log. */
export class Controller {
  constructor(readonly adapter: string, readonly controlFile: string, readonly logFile: string) {}

  /** Sends a control word: `rate 500`, `vanish`, … */
  control(word: string): void {
    Deno.writeTextFileSync(this.controlFile, `${word}\n`);
  }

  /** Its log so far, a line each. */
  log(): string[] {
    return Deno.readTextFileSync(this.logFile).split("\n");
  }

  /** How many reports it has sent since it started. */
  async reportsSent(): Promise<number> {
    return (await this.counts()).reports;
  }

  /** How many reports it has sent, and scan requests to those advertisers that have a data of their own, since it started. */
  async counts(): Promise<{ readonly reports: number; readonly requests: number }> {
    const known = this.#stats().length;
    this.control("stats");
    await waitFor(() => this.#stats().length > known, "the controller's statistics");
    return JSON.parse(this.#stats().at(-1) ?? "");
  }

  #stats(): string[] {
    return this.log().flatMap((line) => /^\S+ stats (\{.*\})$/.exec(line)?.[1] ?? []);
  }
}

/** The controller that the VM starts with, hci0. */
export const controller = new Controller("hci0", "/run/vhci.ctl", "/job/out/controller.log");

/** Starts another controller, which becomes the adapter `name`. */
export async function startController(name: string, ...args: string[]): Promise<Controller> {
  const other = new Controller(name, `/run/${name}.ctl`, `/job/out/${name}.log`);
  const command = [
    "python3",
    "/job/vhci_controller.py",
    "--control",
    other.controlFile,
    "--log",
    other.logFile,
    ...args,
  ];
  await run("sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", ...command);
  await waitFor(() => exists(`/sys/class/bluetooth/${name}`), name);
  return other;
}

/** Powers an adapter, from another program. */
export async function power(state: "up" | "down", adapter = "hci0"): Promise<void> {
  await run("hciconfig", adapter, state);
}

/** Blocks or unblocks all Bluetooth through rfkill. */
export function rfkill(blocked: boolean): void {
  // struct rfkill_event: u32 index, u8 type (2: Bluetooth), operation (3: change all), soft, hard
  Deno.writeFileSync("/dev/rfkill", Uint8Array.of(0, 0, 0, 0, 2, 3, blocked ? 1 : 0, 0));
}

/**
 * Runs a program for Deno as an ordinary user with these capabilities (`net_raw,net_admin`, `-` for
 * none), and with no permission of Deno's but the C library. Resolves to what it prints.
 */
export function runAsUser(capabilities: string, ...script: string[]): Promise<string> {
  const deno = ["deno", "run", "--no-config", "--no-check", "--no-prompt", `--allow-ffi=${libcPaths().join(",")}`];
  return run("env", "DENO_DIR=/tmp/deno-of-user", "python3", "tests/vm/as_user.py", capabilities, ...deno, ...script);
}

/** Runs a program and resolves to what it prints. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${error}`);
  return out ?? "";
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== null;
  } catch {
    return false;
  }
}
