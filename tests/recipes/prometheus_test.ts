import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import dashboard from "../../config/recipes/grafana/bt-scanner.json" with { type: "json" };
import { freePort } from "../support/free_port.ts";
import { Mosquitto } from "../support/mosquitto.ts";
import { agentArgs, Program, sourceCommandLine } from "../support/program.ts";
import { findProgram, run, testWith } from "../support/programs.ts";
import { Prometheus } from "../support/prometheus.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

const RECIPE = fileURLToPath(new URL("../../config/recipes/prometheus/", import.meta.url));
const RULES = `${RECIPE}bt-scanner.rules.yml`;
const SCRAPES = 8;
/** Something is left out, and something cannot be read. */
const LOAD = {
  BT_SCANNER_FILTER_MIN_RSSI: "-75",
  BT_SCANNER_SIMULATE_MALFORMED: "0.2",
  BT_SCANNER_SIMULATE_RATE: "400",
};

testWith(
  ["promtool"],
  "the recipe's configuration and alerts are what Prometheus takes, and fire when they are to",
  async () => {
    await run("promtool", "check", "config", `${RECIPE}prometheus.yml`);
    await run("promtool", "check", "rules", RULES);
    await run("promtool", "test", "rules", fileURLToPath(new URL("prometheus.rules.test.yml", import.meta.url)));
  },
);

testWith(["prometheus", "promtool", "mosquitto"], "Prometheus scrapes a scanner that runs", async (t) => {
  await using broker = await Mosquitto.start();
  const target = `127.0.0.1:${freePort()}`;
  const env = { ...LOAD, BT_SCANNER_HTTP_LISTEN: target, BT_SCANNER_STATS_INTERVAL_S: "1" };
  await using program = new Program(agentArgs(broker.port, "--source", "simulate"), env);
  await program.logged("scanning");
  await using prometheus = await Prometheus.start(`
global: { scrape_interval: 1s, evaluation_interval: 500ms }
rule_files: ["${RULES}"]
scrape_configs: [{ job_name: bt-scanner, static_configs: [{ targets: ["${target}"] }] }]`);
  const latest = async (expression: string) => Number((await prometheus.query(expression))[0]?.value?.[1] ?? 0);
  await waitFor(async () => await latest("bt_scanner_reports_published_total") > 100, "messages that are published");
  await broker.stop();
  await waitFor(async () => await latest("sum(bt_scanner_reports_dropped_total)") > 100, "reports that are lost");
  await waitFor(async () => await latest("bt_scanner_devices") > 0, "devices");
  await waitFor(async () => await latest("count_over_time(bt_scanner_devices[1h])") >= SCRAPES, "scrapes");

  await t.step("and finds nothing wrong with what it reads, in either format", async () => {
    // One that comes too late for it, on a machine that stood still, is followed by others.
    await waitFor(async () => {
      const { activeTargets: [only] } = await prometheus.get<
        { activeTargets: { health: string; lastError: string }[] }
      >(
        "targets",
      );
      return only?.health === "up" && only.lastError === "";
    }, "a scrape without an error");
    await run("sh", "-ec", `curl -sf http://${target}/metrics | promtool check metrics 2>&1`);
  });

  await t.step("and each report is accounted for exactly once, at each scrape", async () => {
    const sums = new Map<number, { received: number; ended: number }>();
    for (const { metric, values = [] } of await prometheus.query('{__name__=~"bt_scanner_reports_.*"}[1h]')) {
      for (const [second, value] of values) {
        const sum = sums.get(second) ?? { received: 0, ended: 0 };
        sums.set(second, sum);
        sum[metric["__name__"] === "bt_scanner_reports_received_total" ? "received" : "ended"] += Number(value);
      }
    }
    assert.ok(sums.size >= SCRAPES);
    for (const { received, ended } of sums.values()) assert.equal(ended, received);
    for (const name of ["published", "dropped", "filtered", "invalid"]) {
      assert.ok(await latest(`sum(bt_scanner_reports_${name}_total)`) > 0, name);
    }
  });

  await t.step("and has an answer to each query of the dashboard", async () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    assert.ok(expressions.length > 20);
    for (const expression of expressions) {
      const written = expression.replaceAll("$scanner", "s1").replaceAll("$__rate_interval", "10s");
      const numbers = (await prometheus.query(written)).map(({ value }) => Number(value?.[1]));
      assert.ok(numbers.length > 0 && numbers.every(Number.isFinite), `${written}: ${numbers}`);
    }
  });

  await t.step("and evaluates each alert", async () => {
    interface Rules {
      readonly groups: readonly { readonly rules: readonly { name: string; health: string; lastError?: string }[] }[];
    }
    const rules = async () => (await prometheus.get<Rules>("rules")).groups.flatMap((group) => group.rules);
    await waitFor(async () => (await rules()).every(({ health }) => health !== "unknown"), "the rules");
    assert.deepEqual((await rules()).filter(({ health }) => health !== "ok"), []);
    const wrong = await prometheus.query('ALERTS{alertname="BtScannerCountsWrongly"}');
    assert.deepEqual(wrong, []);
  });
});

testWith(
  ["prometheus-node-exporter"],
  "node_exporter takes the text file along, and it goes with the scanner",
  async () => {
    await using folder = await TemporaryFolder.make();
    const file = `${folder.path}/bt-scanner.prom`;
    const env = { ...LOAD, BT_SCANNER_METRICS_TEXTFILE: file, BT_SCANNER_METRICS_INTERVAL_S: "1" };
    const start = sourceCommandLine("run", ["--allow-write"]);
    await using program = new Program(agentArgs(1, "--source", "simulate"), env, [], start);
    await program.logged("scanning");
    const port = freePort();
    const exporter = new Deno.Command(findProgram("prometheus-node-exporter") ?? "", {
      args: [
        "--collector.disable-defaults",
        "--collector.textfile",
        `--collector.textfile.directory=${folder.path}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const read = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null))?.text() ?? "";
      const received = /^bt_scanner_reports_received_total\{scanner_id="s1"\} [1-9]/m;
      await waitFor(async () => received.test(await read()), "the scanner's metrics");
      const told = await read();
      assert.match(told, /^node_textfile_scrape_error 0$/m);
      assert.match(told, /^node_textfile_mtime_seconds\{file=".*bt-scanner\.prom"\}/m);
      assert.match(told, /^process_open_fds \d/m); // its own
      const { code } = await program.end("SIGTERM");
      assert.equal(code, 0);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
      assert.doesNotMatch(await read(), /bt_scanner/);
    } finally {
      exporter.kill("SIGKILL");
      await exporter.status;
    }
  },
);
