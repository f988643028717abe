import assert from "node:assert/strict";
import { commandLine } from "../support/program.ts";
import { testWith } from "../support/programs.ts";
import { onTerminal } from "../support/terminal.ts";

const BEGIN = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const END = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const LIVE = /simulated, active, extended: 20 devices/;

const scan = [...commandLine(), "scan", "--source", "simulate", "--simulate-devices", "20"].join(" ");

for (const [key, typed, echoed] of [["Ctrl-C", "\x03", "^C"], ["q", "q", ""]] as const) {
  testWith(["script"], `scan shows a live table until ${key}, and leaves the terminal as it was`, async () => {
    // What ends a script's own shell ends it too: it has to outlive Ctrl-C.
    const modes = "echo $?; stty -a | grep -o -e '-icanon' -e '-echo ' -e '-isig'; true";
    const { code, output } = await onTerminal(`trap : INT; ${scan}; ${modes}`, [[LIVE, typed]]);
    assert.equal(code, 0, output);
    const [live = "", after = "", ...more] = output.split(END);
    assert.deepEqual(more, []);
    assert.ok(live.startsWith(BEGIN) || live.split(BEGIN).length === 2);
    assert.match(live, /… and 13 more {2}q quits/);
    const lines = after.slice(after.startsWith(echoed) ? echoed.length : 0).trimEnd().split("\r\n");
    assert.equal(lines.length, 23, after);
    assert.match(lines.at(-2) ?? "", /^20 devices, \d+ reports$/);
    assert.equal(lines.at(-1), "0");
  });
}

testWith(["script"], "scan --json on a terminal is lines alone, and keys stay the terminal's", async () => {
  const { code, output } = await onTerminal(`exec ${scan} --json --seconds 1`, []);
  assert.equal(code, 0, output);
  const lines = output.trimEnd().split("\r\n");
  assert.match(lines.pop() ?? "", /^\d+ messages$/);
  assert.ok(lines.length > 0);
  for (const line of lines) assert.equal(typeof JSON.parse(line.slice(line.indexOf("{"))).mac_address, "string");
});

testWith(["script"], "scan whose input is no terminal still shows its live table, until Ctrl-C", async () => {
  const { code, output } = await onTerminal(`exec ${scan} < /dev/null`, [[LIVE, "q"], [LIVE, "\x03"]]);
  assert.equal(code, 0, output);
  assert.equal(output.split(END).length, 2);
});

testWith(
  ["script"],
  "scan that Ctrl-Z stops gives the terminal back, takes it again, and ends in the background",
  async () => {
    const raw = "stty -a | grep -c -e -icanon\n";
    const { output } = await onTerminal("PS1='> ' exec bash --norc --noprofile -i", [
      [/> $/, `${scan}\n`],
      [LIVE, "\x1a"],
      [/Stopped[^]*> $/, raw],
      [/[\r\n]0\r\n/, "fg\n"],
      [LIVE, "\x1a"],
      [/Stopped[^]*> $/, 'kill %1; while [ -n "$(jobs -rp; jobs -sp)" ]; do sleep 0.1; done; echo gone\n'],
      [/20 devices, \d+ reports\r\n/, "\n"],
      [/Done[^]*> $/, raw],
      [/[\r\n]0\r\n/, "exit\n"],
    ]);
    assert.equal(output.split(BEGIN).length, 3, output);
    assert.equal(output.split(END).length, 3, output);
  },
);

testWith(["script"], "scan that no shell would continue is not stopped by Ctrl-Z", async () => {
  const { code, output } = await onTerminal(`exec ${scan}`, [[LIVE, "\x1a"], [LIVE, "q"]]);
  assert.equal(code, 0, output);
  assert.equal(output.split(END).length, 3);
});

testWith(["script"], "scan that Ctrl-\\ kills gives the terminal back", async () => {
  // The script's own shell gets it, too.
  const { output } = await onTerminal(`trap : QUIT; ulimit -c 0; ${scan}; stty -a | grep -c -e -icanon`, [[
    LIVE,
    "\x1c",
  ]]);
  assert.match(output.split(END)[1] ?? "", /\r\n0\r\n$/);
});
