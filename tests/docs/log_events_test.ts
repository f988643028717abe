import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { document, table } from "./markdown.ts";

const SRC = new URL("../../src/", import.meta.url);

/** A warning or an error of the log, and the file that logs it. */
interface LogEvent {
  readonly file: string;
  readonly level: "warning" | "error";
  readonly event: string;
}

/** Where the text of an event is a parameter; the tests below know what it can be. */
const PASSED_ON = ["agent/failure_log.ts", "mqtt/connection_log.ts"];

test("troubleshooting explains every warning and every error that the log can have, and no other", () => {
  const logged = loggedEvents();
  assert.ok(logged.length > 25);
  const explained = table(document("docs/troubleshooting.md"), "## The log, line by line").flatMap(
    ({ event = "", level = "" }) =>
      [...event.matchAll(/`([^`]+)`/g)].flatMap(([, name = ""]) =>
        (level === "both" ? ["warning", "error"] : [level]).map((each) => `${each} ${name}`)
      ),
  );
  const expected = new Set(logged.map(({ level, event }) => `${level} ${event}`));
  assert.deepEqual(explained.toSorted(), [...expected].sort());
});

test("every warning and error has its event written out where it is logged, so that it can be looked up", () => {
  const passedOn = sources().filter(({ text }) => /\blog\??\.(warn|error)\((?!\s*")/.test(text)).map(({ file }) =>
    file
  );
  assert.deepEqual(passedOn.toSorted(), PASSED_ON);
});

function loggedEvents(): LogEvent[] {
  return sources().flatMap(({ file, text }) => {
    const found = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, ...groups]) => groups);
    const direct = found(/\blog\??\.(warn|error)\(\s*"([^"]+)"/g).map(([level, event = ""]): LogEvent => ({
      file,
      level: level === "warn" ? "warning" : "error",
      event,
    }));
    const repeated = found(/new FailureLog\(\s*"([^"]+)"/g).flatMap(([event = ""]): LogEvent[] => [
      { file, level: "error", event },
      { file, level: "error", event: `${event} again` },
    ]);
    // A broker's failure is a warning or an error, by its kind.
    const ofBroker = file !== "mqtt/connection_log.ts" ? [] : [
      ...found(/FailureEvent = ("[^;]+");/g).flatMap(([union = ""]) => [...union.matchAll(/"([^"]+)"/g)]),
      ...found(/#report\([^"()]+"([^"]+)"/g).map(([event = ""]) => ["", event]),
    ].flatMap(([, event = ""]): LogEvent[] => [{ file, level: "warning", event }, { file, level: "error", event }]);
    return [...direct, ...repeated, ...ofBroker];
  });
}

/** The program's sources, except what runs in a browser. */
function sources(folder = ""): { readonly file: string; readonly text: string }[] {
  return [...Deno.readDirSync(new URL(folder, SRC))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}${name}`;
    if (isDirectory) {
      return ["browser", "node_modules", "bluetooth-hci-socket"].includes(name) ? [] : sources(`${path}/`);
    }
    return name.endsWith(".ts") ? [{ file: path, text: Deno.readTextFileSync(new URL(path, SRC)) }] : [];
  });
}
