import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog, type LogOptions } from "../../src/log/mod.ts";
import { test } from "../support/test.ts";

const LEVELS = ["trace", "debug", "info", "warning", "error"] as const;
/** What a terminal obeys, does not show, or shows in another order. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const NOW = Date.UTC(2026, 0, 11, 10, 30, 45, 123);

function logged(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line),
    now: () => NOW,
    ...options,
  });
  return { log, lines };
}

/** The fields that a line of text shows, as a reader of logs splits them. */
function fieldsOf(line: string): [key: string, value: string][] {
  const token = String.raw`"(?:[^"\\]|\\.)*"|[^\s"=]+`;
  const json = String.raw`[\[{].*[\]}]`;
  return [...line.matchAll(new RegExp(` (${token})=(${token}|${json})(?=[ \n])`, "gu"))].map((
    match,
  ) => [match[1] ?? "", match[2] ?? ""]);
}

test("createLog() writes time, level, event and fields as one line of text", () => {
  const { log, lines } = logged();
  log.info("broker connected", {
    host: "localhost",
    port: 1883,
    tls: false,
    name: "a b",
    none: null,
    missing: undefined,
  });
  log.warn("plain");
  assert.deepEqual(lines, [
    '2026-01-11T10:30:45.123Z INFO    broker connected host=localhost port=1883 tls=false name="a b" none=null\n',
    "2026-01-11T10:30:45.123Z WARNING plain\n",
  ]);
});

test("createLog() writes one JSON object per line", () => {
  const { log, lines } = logged({ format: "json" });
  log.error("publish failed", { topic: "a/b", list: [1, "x"], nested: { bytes: Uint8Array.of(1, 0xab) } });
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.endsWith("}\n"));
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    time: "2026-01-11T10:30:45.123Z",
    level: "error",
    event: "publish failed",
    fields: { topic: "a/b", list: [1, "x"], nested: { bytes: "01ab" } },
  });
});

for (const [least, level] of LEVELS.entries()) {
  test(`createLog() at level ${level} writes what is at least as severe`, () => {
    const { log, lines } = logged({ level });
    log.trace("trace");
    log.debug("debug");
    log.info("info");
    log.warn("warning");
    log.error("error");
    assert.deepEqual(lines.map((line) => line.trim().split(" ").at(-1)), LEVELS.slice(least));
    assert.deepEqual(LEVELS.filter((each) => log.enabled(each)), LEVELS.slice(least));
  });
}

test("createLog() lets nothing from the air steer a terminal or begin a line, in either format", () => {
  const nasty = fc.constantFrom(
    "\u001b[2J",
    "\u009b31m",
    "\n",
    "\r",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u{e0041}",
    "\u0000",
    "\u007f",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.oneof(nasty, fc.string()), { maxLength: 5 }).map((parts) => parts.join("")),
  );
  for (const format of ["text", "json"] as const) {
    fc.assert(fc.property(text, text, text, (event, key, value) => {
      const { log, lines } = logged({ format });
      log.info(event, { [key]: value, nested: { [key]: [value] } });
      assert.equal(lines.length, 1);
      assert.ok(lines[0]?.endsWith("\n"));
      assert.doesNotMatch(lines[0]?.slice(0, -1) ?? "", HARMFUL);
    }));
  }
});

test("createLog() in JSON loses nothing of a text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (value, event) => {
    const { log, lines } = logged({ format: "json" });
    log.info(event, { value });
    const line = JSON.parse(lines[0] ?? "");
    assert.deepEqual([line.event, line.fields.value], [event, value]);
  }));
});

test("createLog() in text lets no value pass for another field", () => {
  const forged = fc.constantFrom(
    "x level=error",
    'x" admin="yes',
    "a=b",
    "x\n2026-01-11T10:30:45.123Z ERROR forged",
    "\\",
    '\\"',
    "",
  );
  const value = fc.oneof(forged, fc.string());
  fc.assert(fc.property(value, value, (first, second) => {
    const { log, lines } = logged();
    log.info("report", { first, second });
    const fields = fieldsOf(lines[0] ?? "");
    assert.deepEqual(fields.map(([key]) => key), ["first", "second"]);
    const read = fields.map(([, shown]) => shown.startsWith('"') ? JSON.parse(shown) : shown);
    assert.deepEqual(read, [first, second]);
  }));
});

test("createLog() survives any value as a field", () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle];
  const odd = [
    cycle,
    revoked.proxy,
    Symbol("s"),
    () => 1,
    1n,
    NaN,
    -Infinity,
    new Date(NaN),
    new Map([[1, 2]]),
    Object.create(null),
    {
      toJSON: () => {
        throw new Error("no");
      },
    },
    {
      get bad() {
        throw new Error("no");
      },
    },
  ];
  for (const format of ["text", "json"] as const) {
    const { log, lines } = logged({ format });
    for (const value of odd) log.info("odd", { value });
    log.info("odd", revoked.proxy as Record<string, unknown>);
    assert.equal(lines.length, odd.length + 1, lines.join(""));
    assert.match(lines[0] ?? "", /…/, "a cycle ends");
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
        (value) => {
          log.info("any", { value });
          assert.ok(lines.at(-1)?.includes("any"));
        },
      ),
    );
  }
});

test("createLog() bounds what one field takes", () => {
  const { log, lines } = logged();
  log.info("long", { text: "x".repeat(1e6), list: Array(1e5).fill(1), bytes: new Uint8Array(1e6) });
  const line = lines[0] ?? "";
  assert.ok(line.length < 10_000, String(line.length));
  assert.match(line, /x… 998000 more"/);
  assert.match(line, /"… 99950 more"\]/);
});

test("createLog() writes an error with its code and causes, and the stack only where details are asked for", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const error = new TypeError("cannot connect", { cause: new AggregateError([cause], "all failed") });
  const fieldsAt = (level: LogOptions["level"]) => {
    const { log, lines } = logged({ level, format: "json" });
    log.error("failed", { error });
    return JSON.parse(lines[0] ?? "").fields;
  };
  assert.deepEqual(fieldsAt("info"), {
    error: {
      name: "TypeError",
      message: "cannot connect",
      cause: {
        name: "AggregateError",
        message: "all failed",
        errors: [{ name: "Error", message: "connect ECONNREFUSED", code: "ECONNREFUSED" }],
      },
    },
  });
  assert.match(fieldsAt("debug").error.stack, /log_test\.ts/);
  assert.match(fieldsAt("trace").error.cause.errors[0].stack, /log_test\.ts/);
});

test("createLog() says how many lines were lost once lines are taken again", () => {
  const lines: string[] = [];
  let taking = true;
  const { log } = logged({ write: (text) => taking && lines.push(...text.trimEnd().split("\n")) > 0 });
  log.info("one");
  taking = false;
  for (let i = 0; i < 5; i++) log.info("lost");
  taking = true;
  log.info("two");
  log.info("three");
  const shown = lines.map((line) => line.slice("2026-01-11T10:30:45.123Z ".length));
  assert.deepEqual(shown, ["INFO    one", "WARNING log lines dropped count=5", "INFO    two", "INFO    three"]);
});

test("createLog() throws nothing where its lines cannot be written", () => {
  const { log } = logged({
    write: () => {
      throw new Error("broken pipe");
    },
  });
  log.error("still here", { at: 1 });
});

test("logs are independent of each other", () => {
  const [quiet, loud] = [logged({ level: "error" }), logged({ level: "trace", format: "json" })];
  quiet.log.info("a");
  loud.log.info("b");
  assert.deepEqual([quiet.lines.length, loud.lines.length], [0, 1]);
});

test("createLog() tells the journal how severe a line is, and leaves the time to it", () => {
  const lines: string[] = [];
  for (const format of ["text", "json"] as const) {
    const write = (line: string) => void lines.push(line);
    const log = createLog({ level: "trace", format, journal: true, write, now: () => 0 });
    for (const level of ["trace", "debug", "info", "warn", "error"] as const) log[level]("x", { a: "two\nlines" });
  }
  assert.deepEqual(lines.slice(0, 5), [
    '<7>TRACE   x a="two\\nlines"\n',
    '<7>DEBUG   x a="two\\nlines"\n',
    '<6>INFO    x a="two\\nlines"\n',
    '<4>WARNING x a="two\\nlines"\n',
    '<3>ERROR   x a="two\\nlines"\n',
  ]);
  const json = '{"time":"1970-01-01T00:00:00.000Z","level":"error","event":"x","fields":{"a":"two\\nlines"}}\n';
  assert.equal(lines.at(-1), `<3>${json}`);
});
