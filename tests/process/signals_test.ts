import assert from "node:assert/strict";
import { agentArgs, Program } from "../support/program.ts";
import { runToEnd } from "../support/programs.ts";
import { tcpSocketsOf } from "../support/sockets.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";

const SIMULATE = ["--source", "simulate", "--simulate-devices", "5"];
/** Nothing listens there. */
const NO_BROKER = 1;
const SIGUSR1 = 10;
/** That it is ignored is the program's doing; SIGUSR1 the shell before it may have ignored. */
const SIGPWR = 30;
/** Deno begins to listen for SIGUSR1 half a second after its start. */
const RUNTIME_LISTENS_MS = 700;

/**
 * All of signal(7) but what by its definition ends a process (SIGINT, SIGTERM, SIGKILL; a fault of its own, a limit or
 * a core dump: SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ) or stops one
 * (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU), and SIGHUP, by name or number.
 */
const HARMLESS: readonly string[] = [
  ...["USR1", "USR2", "PIPE", "ALRM", "VTALRM", "PROF", "IO", "PWR", "CHLD", "CONT", "URG", "WINCH"],
  ...[16, ...Array.from({ length: 31 }, (_, index) => 34 + index)].map(String), // SIGSTKFLT, SIGRTMIN to SIGRTMAX
];

/** Sends any signal; Deno's own way knows no real-time signals. */
async function send(pid: number, signal: string): Promise<void> {
  const { code } = await runToEnd("sh", ["-c", `kill -${signal} ${pid}`]);
  assert.equal(code, 0, `it is gone before SIG${signal}`);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

test("run goes on through every signal that is not to end or stop it, and listens nowhere", async () => {
  await using program = new Program(agentArgs(NO_BROKER, ...SIMULATE));
  await program.logged("scanning");
  await sleep(RUNTIME_LISTENS_MS);
  for (const signal of HARMLESS) {
    await send(program.pid, signal);
    assert.equal(tcpSocketsOf(program.pid, "LISTEN"), 0, signal);
  }
  // What the runtime does about a signal it does in its own time: another one comes and is logged after it.
  program.kill("SIGHUP");
  await program.logged("configuration reloaded");
  await sleep(RUNTIME_LISTENS_MS);
  assert.equal(tcpSocketsOf(program.pid, "LISTEN"), 0);
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /debugger/i);
});

test("run hears SIGHUP however long its start has taken: the runtime listens for signals by itself meanwhile", async () => {
  const main = new URL("../../src/", import.meta.url);
  const code = `
    await new Promise((resolve) => setTimeout(resolve, ${RUNTIME_LISTENS_MS}));
    (await import("${main}signals/mod.ts")).ignoreStraySignals(false);
    (await import("${main}main.ts")).listenToSignals(true).onHangup(() => { console.log("heard"); Deno.exit(0); });
    Deno.kill(Deno.pid, "SIGHUP");
    setTimeout(() => {}, 20_000); // listening to signals alone keeps no program alive
  `;
  const { stdout, stderr } = await runToEnd(Deno.execPath(), ["eval", "--no-lock", code]);
  assert.equal(stdout, "heard\n", stderr);
});

test("SIGUSR1 at any moment of the start neither ends run nor has it listen", async () => {
  const ignoring = ["sh", "-c", `trap '' USR1; exec "$@"`, "sh"]; // as the self-extracting file begins
  await using program = Program.through(ignoring, agentArgs(NO_BROKER, ...SIMULATE));
  await waitFor(async () => await ignores(program.pid, SIGUSR1), "the signal to be ignored");
  let started = false;
  const starting = program.logged("scanning").then(() => sleep(RUNTIME_LISTENS_MS)).then(() => started = true);
  while (!started) {
    program.kill("SIGUSR1");
    await sleep(5);
  }
  await starting;
  assert.equal(tcpSocketsOf(program.pid, "LISTEN"), 0);
});

async function ignores(pid: number, signal: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, mask = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
}

test("scan goes on through stray signals, and ends with its terminal", async () => {
  await using program = new Program(["scan", ...SIMULATE]);
  await waitFor(async () => await ignores(program.pid, SIGPWR), "the start");
  for (const signal of HARMLESS) await send(program.pid, signal);
  await sleep(RUNTIME_LISTENS_MS);
  assert.equal(tcpSocketsOf(program.pid, "LISTEN"), 0);
  program.kill("SIGHUP");
  const { code, stdout, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^([0-9A-F]{2}:){5}/m);
});

test("of a terminal that goes, shell and kernel tell: the second SIGHUP does not cut the end short", async () => {
  const main = new URL("../../src/main.ts", import.meta.url);
  const code = `
    const { ending } = (await import("${main}")).listenToSignals(false);
    ending.addEventListener("abort", () => setTimeout(() => { console.log("stopped"); Deno.exit(0); }, 500));
    ending.addEventListener("abort", () => Deno.kill(Deno.pid, "SIGHUP"));
    Deno.kill(Deno.pid, "SIGHUP");
    setTimeout(() => {}, 20_000); // listening to signals alone keeps no program alive
  `;
  const { stdout, stderr } = await runToEnd(Deno.execPath(), ["eval", "--no-lock", code]);
  assert.equal(stdout, "stopped\n", stderr);
});

test("record goes on without its terminal where nohup started it", async () => {
  await using folder = await TemporaryFolder.make();
  const path = await folder.write("a.btsnoop", "");
  await using program = new Program(["record", path, "--force", ...SIMULATE], {}, ["nohup"]);
  await waitFor(async () => await ignores(program.pid, SIGPWR), "the start");
  program.kill("SIGHUP");
  const { size } = await Deno.stat(path);
  await waitFor(async () => (await Deno.stat(path)).size > size, "more of the recording");
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
});
