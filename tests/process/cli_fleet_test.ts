import assert from "node:assert/strict";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { freePort } from "../support/free_port.ts";
import { agentArgs, commandLine, Program } from "../support/program.ts";
import { run } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { onTerminal } from "../support/terminal.ts";
import { test } from "../support/test.ts";

const FAST = { BT_SCANNER_STATS_INTERVAL_S: "1" };

function agent(port: number, id: string): Program {
  return new Program([...agentArgs(port, "--source", "simulate"), "--scanner-id", id], FAST);
}

function asking(port: number, ...more: string[]): Program {
  return new Program(["fleet", "--broker", `mqtt://127.0.0.1:${port}`, ...more], FAST);
}

async function retain(port: number, topic: string, payload: string): Promise<void> {
  await run("mosquitto_pub", "-p", String(port), "-r", "-t", topic, "-m", payload);
}

mosquittoTest(
  "fleet finds all well, and names who ended, who vanished, who never came, and what is foreign",
  async () => {
    await using folder = await TemporaryFolder.make();
    const expected = await folder.write("expected", "pi-1 # kitchen\npi-2\n\n# the attic\npi-3\n");
    await using broker = await Mosquitto.start();
    await using first = agent(broker.port, "pi-1");
    await using second = agent(broker.port, "pi-2");
    await using third = agent(broker.port, "pi-3");
    for (const each of [first, second, third]) await each.logged("scanning");

    await using well = asking(broker.port, "--expect", expected);
    const { code, stdout, stderr } = await well.ended();
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, new RegExp(`^3 scanners at mqtt://127\\.0\\.0\\.1:${broker.port}: all well\n\nID +STATE`));
    assert.match(stdout, /^pi-1 +scanning +\d+s +\S+ +simulated +\d+s +\d+ +[\d.]+ +0 +\d+\.\d+\.\d+/m);

    await second.end("SIGTERM");
    await third.end("SIGKILL");
    await retain(broker.port, "ble/status/other", "Home automation is online");
    await Deno.writeTextFile(expected, "pi-7\n", { append: true });
    await using wrong = asking(broker.port, "--expect", expected);
    const told = await wrong.ended();
    assert.equal(told.code, 1, told.stderr);
    const lines = told.stdout.trimEnd().split("\n");
    assert.match(lines[0] ?? "", /^4 scanners at .*: 3 with something wrong$/);
    assert.match(lines[3] ?? "", /^pi-7 +missing +never appeared at this broker$/);
    assert.match(lines[4] ?? "", /^pi-2 +offline .* stopped$/);
    assert.match(lines[5] ?? "", /^pi-3 +offline .* connection lost$/);
    assert.match(lines[6] ?? "", /^pi-1 +scanning /);
    assert.equal(lines.at(-1), "left out: ble/status/other: no status of a scanner");
  },
);

mosquittoTest("fleet knows a scanner that is said to be online and says nothing", async () => {
  await using broker = await Mosquitto.start();
  await using living = agent(broker.port, "living");
  await using frozen = agent(broker.port, "frozen");
  for (const each of [living, frozen]) await each.logged("statistics");
  frozen.kill("SIGSTOP");
  await using asked = asking(broker.port, "--json");
  const { code, stdout } = await asked.ended();
  frozen.kill("SIGCONT");
  assert.equal(code, 1);
  const { well, scanners } = JSON.parse(stdout);
  assert.equal(well, false);
  const [worst, other] = scanners;
  assert.deepEqual([worst.scanner_id, worst.state, worst.status.status], ["frozen", "silent", "online"]);
  assert.match(worst.wrong[0], /^said nothing while listened to for \d+s, though it should every 1 s/);
  assert.deepEqual([other.scanner_id, other.state, other.wrong], ["living", "scanning", []]);
  assert.ok(other.stats.received > 0);
});

mosquittoTest("fleet says which access is missing, for a broker that says nothing but no", async () => {
  await using broker = await Mosquitto.start("listener {port} 127.0.0.1\npassword_file {folder}/conf");
  await using asked = asking(broker.port);
  const { code, stdout, stderr } = await asked.ended();
  assert.deepEqual([code, stdout], [69, ""]);
  assert.match(
    stderr,
    /^Cannot ask mqtt:.*: broker refused the connection: not authorised \(5\); set mqtt\.broker\.user/,
  );
});

mosquittoTest("fleet finds that nothing arrives, and does not take that for well", async () => {
  const config = "allow_anonymous true\nlistener {port} 127.0.0.1\nacl_file {folder}/acl";
  await using broker = await Mosquitto.prepare(config);
  await Deno.writeTextFile(`${broker.folder}/acl`, "topic write ble/#\n");
  await broker.start();
  await using agent1 = agent(broker.port, "pi-1");
  await agent1.logged("statistics");
  await using asked = asking(broker.port);
  const { code, stdout } = await asked.ended();
  assert.equal(code, 1);
  assert.match(stdout, /^No scanner at .*\n\nnothing has arrived: .* or allow this user to read ble\/status\/# and/);
});

test("fleet ends with 2 where it is asked wrongly, and with 69 where nobody can be asked", async () => {
  await using folder = await TemporaryFolder.make();
  const file = await folder.write("expected", "pi 1\n");
  await using misread = asking(1, "--expect", file);
  const wrong = await misread.ended();
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /expected:1: "pi 1" is no id of a scanner\nOne id a line/);
  await using nowhere = asking(freePort(), "--seconds", "5");
  const { code, stderr } = await nowhere.ended();
  assert.equal(code, 69);
  assert.match(stderr, /^Cannot ask .*nothing is listening there; start the broker, or check mqtt\.broker\.host/);
});

mosquittoTest(
  "fleet on a terminal is live: it looks into a scanner, loses the broker, finds it again, and leaves its table",
  async () => {
    await using broker = await Mosquitto.start();
    await using first = agent(broker.port, "pi-1");
    await first.logged("scanning");
    const command = [...commandLine(), "fleet", "--no-config", "--broker", `mqtt://127.0.0.1:${broker.port}`].join(" ");
    const { code, output } = await onTerminal(`${command}; echo code $?`, [
      [/1 scanner at [^]*pi-1 +scanning[^]*by worst/, "\r"],
      [/received +\d+[^]*Esc back/, "\x1b"],
      [/by worst/, "/pi"],
      [/filter: pi/, "\r"],
      [/only “pi”: 1/, () => broker.stop()],
      [/Not connected: /, () => broker.start()],
      [/1 scanner at [^]*pi-1 +scanning[^]*by worst/, "q"],
    ], "cols 100 rows 40");
    assert.equal(code, 0, output);
    const [live = "", after = "", ...more] = output.split("\x1b[?7h\x1b[?25h\x1b[?1049l");
    assert.deepEqual(more, []);
    assert.ok(live.includes("\x1b[?1049h"));
    assert.match(after, /^1 scanner at [^]*\r\npi-1 +scanning [^]*code \d\r\n$/);
  },
);
