/**
 * Many agents in one process, each whole: simulated controller, scanner, agent, publisher, status, statistics, with a
 * connection of its own. Until SIGTERM; then each one's last line of the log goes to stderr, with its name.
 *
 * `deno run -A agents.ts PORT QOS RATE FIRST COUNT START_MS`
 *
 * @module
 */
import { run } from "../../../src/app/run.ts";
import { type Config, loadConfig } from "../../../src/config/mod.ts";
import type { ByteOutput } from "../../../src/log/mod.ts";
import { testHost } from "../../support/test_host.ts";
import { scannerEnv } from "./scanner.ts";

const [port = 0, qos = 0, rate = 0, first = 0, count = 0, startMs = 0] = Deno.args.map(Number);

/** Checked once for all of them, whose names and devices alone differ. */
async function loadCommon(): Promise<Config> {
  const env = scannerEnv(first, { port, qos, rate });
  const sources = { flags: {}, env, file: null, readTextFile: Deno.readTextFile, hostname: () => null };
  return (await loadConfig(sources)).config;
}

function configOf(number: number, common: Config): Config {
  const id = `s${number}`;
  return {
    ...common,
    scanner: { ...common.scanner, id },
    simulate: { ...common.simulate, seed: number },
    mqtt: { ...common.mqtt, client: { ...common.mqtt.client, client_id: `bt-mqtt-${id}` } },
  };
}

/** Passes on the line with the final counters. */
function logOf(number: number): ByteOutput {
  const decoder = new TextDecoder();
  return {
    write(bytes) {
      for (const text of decoder.decode(bytes).split("\n")) {
        if (!text.includes('"event":"ended"')) continue;
        const line = JSON.parse(text);
        const named = { ...line, fields: { ...line.fields, scanner_id: `s${number}` } };
        Deno.stderr.writeSync(new TextEncoder().encode(`${JSON.stringify(named)}\n`));
      }
      return Promise.resolve(bytes.length);
    },
  };
}

async function runAgent(number: number, common: Config, signal: AbortSignal): Promise<void> {
  const host = {
    ...testHost({ memory: memoryOfAll }),
    version: "fleet",
    machine: { hostname: null, bootId: null },
    log: logOf(number),
    isJournal: false,
    onFault: () => {},
    onHangup: () => {},
    readConfig: () => Promise.reject(new Error("nobody asks")),
    digest: "",
    record: "",
  };
  const exitCode = await run(configOf(number, common), host, signal);
  if (exitCode !== 0) throw new Error(`s${number} ended with ${exitCode}`);
}

function memoryOfAll(): { readonly heapBytes: number; readonly rssBytes: number } {
  const { heapUsed: heapBytes, rss: rssBytes } = Deno.memoryUsage();
  return { heapBytes, rssBytes };
}

const ending = new AbortController();
Deno.addSignalListener("SIGTERM", () => ending.abort());
const common = await loadCommon();
const running: Promise<void>[] = [];
for (let i = 0; i < count && !ending.signal.aborted; i++) {
  running.push(runAgent(first + i, common, ending.signal));
  // Scanners do not hear in step: each begins at a moment of its own.
  await new Promise((resolve) => setTimeout(resolve, startMs / count));
}
await Promise.all(running);
Deno.exit(0);
