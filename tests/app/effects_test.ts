import assert from "node:assert/strict";
import { changes } from "../../src/app/mod.ts";
import { type Config, defaultConfig, listConfigKeys } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };

/** The defaults with some keys changed. */
function config(change: (config: Mutable<Config>) => void = () => {}): Config {
  const changed = structuredClone(defaultConfig("s1")) as Mutable<Config>;
  change(changed);
  return changed;
}

/** The defaults with one key at a value that no key has. */
function configWithout(path: string): Config {
  return config((root) => {
    const segments = path.split(".");
    const name = segments.pop() ?? "";
    let at: Record<string, unknown> = root;
    for (const segment of segments) at = at[segment] as Record<string, unknown>;
    at[name] = "another one";
  });
}

test("changes() finds each key of the configuration that is another one, and none else", () => {
  assert.deepEqual(changes(config(), config()), []);
  const keys = listConfigKeys().map(({ path }) => path);
  assert.ok(keys.length > 40);
  for (const path of keys) {
    const found = changes(config(), configWithout(path));
    assert.deepEqual(found.map(({ key }) => key), [path]);
    assert.match(found[0]?.effect ?? "", /^(live|reconnect|rescan|restart)$/, path);
  }
});

test("changes() tells what each change takes", () => {
  const before = config();
  const after = config(({ scanner, filter, mqtt, log }) => {
    scanner.id = "s2";
    scanner.mode = "passive";
    filter.deny = ["AA:BB:CC"];
    mqtt.broker.password = "secret";
    log.level = "debug";
  });
  assert.deepEqual(changes(before, after), [
    { key: "scanner.id", effect: "restart" },
    { key: "scanner.mode", effect: "rescan" },
    { key: "filter.deny", effect: "live" },
    { key: "mqtt.broker.password", effect: "reconnect" },
    { key: "log.level", effect: "live" },
  ]);
});

test("changes() takes a restart for the first Unix socket, as for the first file that is written", () => {
  const listening = (listen: string | null, textfile: string | null = null) =>
    config(({ http, metrics }) => {
      http.listen = listen;
      metrics.textfile = textfile;
    });
  const effectOfListening = (before: Config, after: Config) => changes(before, after).map(({ effect }) => effect);
  const [tcp, unix, other] = ["127.0.0.1:9464", "unix:/run/bt-scanner/http.sock", "unix:/run/bt-scanner/other.sock"];
  assert.deepEqual(effectOfListening(listening(null), listening(tcp)), ["live"]);
  assert.deepEqual(effectOfListening(listening(tcp), listening(unix)), ["restart"]);
  assert.deepEqual(effectOfListening(listening(unix), listening(other)), ["live"]);
  assert.deepEqual(effectOfListening(listening(unix), listening(null)), ["live"]);
  assert.deepEqual(effectOfListening(listening(tcp, "/m/bt.prom"), listening(unix, "/m/bt.prom")), ["live"]);
});

test("changes() names each label that is added, changed or removed", () => {
  const before = config(({ scanner }) => scanner.labels = { room: "attic", floor: "2", site: "north" });
  const after = config(({ scanner }) => scanner.labels = { room: "attic", site: "south", rack: "1" });
  assert.deepEqual(changes(before, after), [
    { key: "scanner.labels.floor", effect: "reconnect" },
    { key: "scanner.labels.site", effect: "reconnect" },
    { key: "scanner.labels.rack", effect: "reconnect" },
  ]);
});

test("changes() does not let a recording begin again", () => {
  const before = config(({ scanner }) => scanner.source = "replay");
  const after = config(({ scanner }) => {
    scanner.source = "replay";
    scanner.mode = "passive";
  });
  assert.deepEqual(changes(before, after), [{ key: "scanner.mode", effect: "restart" }]);
});
