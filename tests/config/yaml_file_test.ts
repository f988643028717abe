import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, listConfigKeys, loadConfig } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

const flags = { scannerId: "s1" };

test("loadConfig() tells several mistakes of syntax, each with line and column", async () => {
  const problems = await problemsOf({ yaml: "scanner:\n\tid: a\nlog: [1\nfilter: }\n" });
  assert.ok(problems.length >= 2, problems.join("\n"));
  assert.match(problems[0] ?? "", /^c\.yaml:2:1: not valid YAML: /);
  for (const problem of problems) assert.match(problem, /^c\.yaml:\d+:\d+: not valid YAML: /);
});

const usualMistakes: Readonly<Record<string, string>> = {
  "log:\n\tlevel: info": "c.yaml:2:1: not valid YAML: Tabs are not allowed as indentation",
  "log:\n  level: info\n format: json": "c.yaml:3:1: not valid YAML: All mapping items must start at the same column",
  "log:\n  format: text\n  level:info": "c.yaml:3:3: not valid YAML: a key without a value; write `key: value`",
  "log:\n  level: info\n   format: text":
    "c.yaml:2:10: not valid YAML: there is a key within this value; indent the keys of a section alike, or put the value in quotes",
  'log: { level: "info }': 'c.yaml:1:22: not valid YAML: Missing closing "quote',
  'log: { level: "\\w" }':
    "c.yaml:1:16: not valid YAML: unknown escape sequence in double quotes; write \\\\ for a backslash, or use single quotes",
  "log: { level: @info }":
    "c.yaml:1:15: not valid YAML: no value can begin with this character; put the value in quotes",
  "log: { level: !info }":
    "c.yaml:1:15: not valid YAML: ! begins a tag, which is not allowed here; put the value in quotes",
  "log: }":
    "c.yaml:1:6: not valid YAML: this does not belong here; put the value in quotes, or check brackets and indentation before it",
  "log: { level:info }": "c.yaml:1:8: log.level: there is no space after the colon; add one",
  "log: { level: in,fo }": "c.yaml:1:18: log: expected a key and a value; put a value with a comma in quotes",
  "log: { level: &info }":
    "c.yaml:1:21: log.level: & begins an anchor, and no value follows it; put the value in quotes",
};

for (const [yaml, problem] of Object.entries(usualMistakes)) {
  test(`loadConfig() says what to do about ${JSON.stringify(yaml)}`, async () => {
    assert.ok((await problemsOf({ yaml, flags })).includes(problem), (await problemsOf({ yaml, flags })).join("\n"));
  });
}

test("loadConfig() names both places of a key that is set twice", async () => {
  const problems = await problemsOf({ yaml: "scanner:\n  id: a\n  id: b\nlog: {}\nlog: {}\n" });
  assert.deepEqual(problems, [
    "c.yaml:3:3: scanner.id: already set at c.yaml:2:3; keep one of them",
    "c.yaml:5:1: log: already set at c.yaml:4:1; keep one of them",
  ]);
});

const suggestions: Readonly<Record<string, string>> = {
  "mqtt: { client: { keepAlive: 1 } }": 'mqtt.client.keepAlive: there is no such key; did you mean "keep_alive"?',
  "mqtt: { host: a }": "mqtt.host: there is no such key; did you mean mqtt.broker.host?",
  "mqtt: { broker: { prot: 1 } }": 'mqtt.broker.prot: there is no such key; did you mean "port"?',
  "mqqt: { }": 'mqqt: there is no such key; did you mean "mqtt"?',
  "log: { zzzzzz: 1 }": "log.zzzzzz: there is no such key; known here: level, format",
  "log: { '\\e[2J\\n': 1 }": "log.\\e[2J\\n: there is no such key; known here: level, format",
  'log: { "\\e[2J\\n": 1 }': "log.\\u001b[2J\\u000a: there is no such key; known here: level, format",
  "log: { __proto__: { level: 1 } }": "log.__proto__: there is no such key; known here: level, format",
  "log: { [level]: debug }": "log.: there is no such key; known here: level, format",
};

for (const [yaml, problem] of Object.entries(suggestions)) {
  test(`loadConfig() says of the unknown key in ${yaml} what may have been meant`, async () => {
    const problems = await problemsOf({ yaml, flags });
    assert.equal(problems.map((line) => line.replace(/^c\.yaml:\d+:\d+: /, "")).join("\n"), problem);
  });
}

test("loadConfig() reads plain text as it is written where a key takes text", async () => {
  const yaml = "scanner: { id: 0042 }\nmqtt: { broker: { username: true, password: 1e3, password_file: null } }";
  const { config } = await load({ yaml });
  assert.equal(config.scanner.id, "0042");
  assert.equal(config.mqtt.broker.username, "true");
  assert.equal(config.mqtt.broker.password, "1e3");
  assert.equal(config.mqtt.broker.password_file, null);
});

const wrongTypes: Readonly<Record<string, string>> = {
  "log: debug":
    "c.yaml:1:6: log: expected a mapping of keys to values, got a single value; for example log: { level: info }",
  "log: [debug]": "c.yaml:1:6: log: expected a mapping of keys to values, got a list; for example log: { level: info }",
  "log: { level: [debug] }": "c.yaml:1:15: log.level: expected one of trace, debug, info, warning, error, got a list",
  "log: { level: { a: 1 } }":
    "c.yaml:1:15: log.level: expected one of trace, debug, info, warning, error, got a mapping",
  "log: { level: }": "c.yaml:1:15: log.level: expected one of trace, debug, info, warning, error, got nothing",
  'status: { enabled: "true" }':
    'c.yaml:1:20: status.enabled: expected true or false, got "true"; write it without quotes',
  "status: { enabled: yes }": 'c.yaml:1:20: status.enabled: expected true or false, got "yes"; did you mean true?',
  'stats: { interval_s: "60" }':
    'c.yaml:1:22: stats.interval_s: expected a number from 1 to 86400, got "60"; write it without quotes',
  "stats: { interval_s: .nan }": "c.yaml:1:22: stats.interval_s: expected a number from 1 to 86400, got NaN",
  "filter: { allow: AA:BB }":
    'c.yaml:1:18: filter.allow: expected a list, each an address such as AA:BB:CC:DD:EE:FF, or its first bytes such as AA:BB:CC, got "AA:BB"',
  "filter: { allow: [AA, AA:B] }":
    'c.yaml:1:23: filter.allow: item 2: expected an address such as AA:BB:CC:DD:EE:FF, or its first bytes such as AA:BB:CC, got "AA:B"',
  "- a": "c.yaml:1:1: expected a mapping of keys to values, got a list",
};

for (const [yaml, problem] of Object.entries(wrongTypes)) {
  test(`loadConfig() refuses the type in ${yaml}`, async () => {
    assert.deepEqual(await problemsOf({ yaml, flags }), [problem]);
  });
}

test("loadConfig() takes a section whose keys are all commented out for its defaults", async () => {
  const { config } = await load({ yaml: "log:\n  # level: debug\nscanner:\n  id: s1\n" });
  assert.equal(config.log.level, "info");
});

test("loadConfig() says what keeps it from reading the file", async () => {
  const failing = (error: Error) =>
    loadConfig({ file: "c.yaml", env: {}, flags, readTextFile: () => Promise.reject(error), hostname: () => null });
  await assert.rejects(failing(new Deno.errors.NotFound()), /c\.yaml: there is no such file; check --config/);
  await assert.rejects(
    failing(new Deno.errors.PermissionDenied()),
    /c\.yaml: permission denied; use sudo, or let the user/,
  );
  await assert.rejects(failing(new Error("Is a directory")), /c\.yaml: cannot be read: Is a directory/);
  assert.match((await problemsOf({ yaml: "", flags })).join(), /c\.yaml: the file is empty/);
  assert.match((await problemsOf({ yaml: "# nothing\n", flags })).join(), /c\.yaml: the file is empty/);
  assert.match((await problemsOf({ yaml: "---\n...\n---\na: 1", flags })).join(), /multiple documents/);
});

test("loadConfig() does not call keys missing that may be in a file it could not read", async () => {
  assert.equal((await problemsOf({ yaml: "a: [" })).length, 1);
});

test("loadConfig() reads anchors and aliases", async () => {
  const yaml =
    "scanner: { id: &id s1 }\nmqtt: { broker: { host: &h b, tls: { server_name: *h } }, client: { client_id: *id } }";
  const { config } = await load({ yaml });
  assert.equal(config.mqtt.broker.tls.server_name, "b");
  assert.equal(config.mqtt.client.client_id, "s1");
  assert.deepEqual(await problemsOf({ yaml: "log: *nowhere", flags }), [
    "c.yaml:1:6: log: * begins an alias, and there is no such anchor before it; put the value in quotes",
  ]);
});

const bombs: Readonly<Record<string, string>> = {
  "aliases that multiply": `a: &a [x,x,x,x,x,x,x,x]
${Array.from("bcdefghij", (name, i) => `${name}: &${name} [${Array(8).fill(`*${"abcdefghij"[i]}`).join()}]`).join("\n")}
filter: { allow: *j }`,
  "an alias that contains itself": "filter: &f { allow: &a [*a, *f], deny: *f }",
  "aliases beyond number": `filter: { allow: [&a AA${", *a".repeat(10_000)}] }`,
  "deep lists": "[".repeat(20_000),
  "deep mappings": "{a: ".repeat(10_000),
  "deep blocks": "- ".repeat(20_000),
  "many keys": "a: 1\n".repeat(10_000),
};

for (const [name, yaml] of Object.entries(bombs)) {
  test(`loadConfig() refuses ${name} without taking them in`, async () => {
    const problems = await problemsOf({ yaml, flags });
    assert.ok(problems.length > 0 && problems.length <= 51, `${problems.length} lines`);
  });
}

test("loadConfig() does not read a file that is far too long", async () => {
  assert.deepEqual(await problemsOf({ yaml: "#".repeat(262_145), flags }), [
    "c.yaml: longer than 262144 characters; is this the right file?",
  ]);
});

test("loadConfig() throws nothing but ConfigError, whatever the file says", async () => {
  const names = listConfigKeys().flatMap(({ path }) => path.split("."));
  const scalar = fc.oneof(
    fc.constantFrom(
      "null",
      "~",
      "1",
      "-1",
      "1e400",
      ".nan",
      "true",
      "*a",
      "&a x",
      "!!int x",
      "!foo",
      "<<",
      "? a",
      "''",
      '"',
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom(...names),
  );
  const line = fc.tuple(
    fc.constantFrom("", "  ", "    ", "\t"),
    fc.constantFrom(...names, "<<", "-"),
    fc.constantFrom(": ", ":", " ", ": [", ": {"),
    scalar,
  )
    .map((parts) => parts.join(""));
  const yaml = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n")),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(yaml, async (text) => {
      await load({ yaml: text }).catch((error) => {
        assert.ok(error instanceof ConfigError, String(error?.stack));
        assert.ok(error.problems.length > 0);
        assert.doesNotMatch(error.message.replaceAll("\n", ""), /\p{Cc}/u);
      });
    }),
    { numRuns: 1_000 },
  );
});

test("loadConfig() finds its way through any mapping of known keys", async () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.array(fc.string()),
    fc.object(),
  );
  const keys = listConfigKeys();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 6 }), async (set) => {
      const root: Record<string, unknown> = {};
      for (const [{ path }, leaf] of set) {
        const segments = path.split(".");
        const last = segments.pop() ?? "";
        let at = root;
        for (const segment of segments) at = (at[segment] ??= {}) as Record<string, unknown>;
        at[last] = leaf;
      }
      await load({ yaml: JSON.stringify(root) }).catch((error) =>
        assert.ok(error instanceof ConfigError, String(error?.stack))
      );
    }),
    { numRuns: 500 },
  );
});
