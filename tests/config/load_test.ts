import assert from "node:assert/strict";
import { ConfigError, defaultConfig, renderProblem } from "../../src/config/mod.ts";
import { agentOptions } from "../../src/app/mod.ts";
import { test } from "../support/test.ts";
import { load, problemsOf } from "./load_support.ts";

const flags = { scannerId: "s1" };

test("loadConfig() with nothing but a scanner id gives the documented defaults", async () => {
  const { config, warnings, file } = await load({ flags });
  assert.deepEqual(config, {
    scanner: {
      id: "s1",
      labels: {},
      source: "hci",
      adapter: null,
      mode: "active",
      auto_active_share: 0.05,
      interval_ms: 100,
      window_ms: 50,
      extended: "auto",
      stall_timeout_s: 60,
    },
    replay: { file: null, speed: 1, loop: false },
    simulate: { devices: 50, rate: 100, seed: 1, rotate_s: 900, malformed: 0, burst: 0 },
    filter: {
      min_rssi: null,
      allow: [],
      deny: [],
      address_types: [],
      connectable: null,
      companies: [],
      services: [],
      names: [],
      on_change_s: null,
      max_rate_per_device: null,
    },
    publisher: { topic_prefix: "ble/raw", topic: null, fields: "standard", merge_scan_response: true },
    mqtt: {
      broker: {
        host: "localhost",
        hosts: [],
        port: 1883,
        username: null,
        password: null,
        password_file: null,
        tls: {
          enabled: false,
          ca_file: null,
          cert_file: null,
          key_file: null,
          alpn: null,
          server_name: null,
          insecure_skip_verify: false,
        },
      },
      client: {
        client_id: "bt-mqtt-s1",
        keep_alive: 60,
        clean_session: true,
        qos: 0,
        max_in_flight: 100,
        ack_timeout_s: 30,
        max_rate: null,
        max_age_s: 5,
      },
      reconnect: { initial_delay: 1, max_delay: 60, exponential_backoff: true, return_to_first: true },
    },
    status: { enabled: true, topic_prefix: "ble/status" },
    stats: { interval_s: 60, publish: true, topic_prefix: "ble/stats" },
    home_assistant: { enabled: null, discovery_prefix: "homeassistant" },
    http: { listen: null, allowed_hosts: [] },
    metrics: { textfile: null, interval_s: 15 },
    log: { level: "info", format: "text" },
  });
  assert.deepEqual(config, defaultConfig("s1"));
  assert.deepEqual([warnings, file], [[], null]);
});

test("loadConfig() prefers flags to the environment, that to the file, that to the defaults", async () => {
  const yaml = "scanner: { id: from-file, mode: passive }\nlog: { level: error, format: json }";
  const env = { BT_SCANNER_SCANNER_ID: "from-env", BT_SCANNER_LOG_LEVEL: "debug", PATH: "/bin" };
  const { config, origins } = await load({ yaml, env, flags: { scannerId: "from-flag" } });
  assert.equal(config.scanner.id, "from-flag");
  assert.equal(config.log.level, "debug");
  assert.equal(config.log.format, "json");
  assert.equal(config.scanner.window_ms, 50);
  assert.deepEqual(
    [...origins].sort(),
    [
      ["log.format", "c.yaml:2:30"],
      ["log.level", "BT_SCANNER_LOG_LEVEL"],
      ["scanner.id", "--scanner-id"],
      ["scanner.mode", "c.yaml:1:33"],
    ],
  );
});

test("loadConfig() says how to give the scanner id that is missing", async () => {
  assert.deepEqual(await problemsOf({}), [
    "scanner.id: missing: expected 1 to 64 of A-Z a-z 0-9 . _ -; set it with --scanner-id, BT_SCANNER_SCANNER_ID or in the file",
  ]);
});

test("loadConfig() tells the problems of all sources at once, each with its place", async () => {
  const yaml = [
    "scanner:",
    "  adpter: hci0",
    "  mode: quick",
    "mqtt:",
    "  broker:",
    "    port: 70000",
  ].join("\n");
  const env = { BT_SCANNER_STATS_INTERVAL_S: "soon", BT_SCANNER_MQTT_HOST: "x" };
  assert.deepEqual((await problemsOf({ yaml, env, flags: { scannerId: "a b", qos: "2" } })).sort(), [
    "--qos: mqtt.client.qos: expected 0 or 1, got 2",
    '--scanner-id: scanner.id: expected 1 to 64 of A-Z a-z 0-9 . _ -, got "a b"',
    "BT_SCANNER_MQTT_HOST: no configuration key has this variable; did you mean BT_SCANNER_MQTT_BROKER_HOST?",
    'BT_SCANNER_STATS_INTERVAL_S: stats.interval_s: expected a number from 1 to 86400, got "soon"',
    'c.yaml:2:3: scanner.adpter: there is no such key; did you mean "adapter"?',
    'c.yaml:3:9: scanner.mode: expected one of active, passive, auto, got "quick"',
    "c.yaml:6:11: mqtt.broker.port: expected a whole number from 1 to 65535, got 70000",
  ]);
});

test("ConfigError carries what a program needs to point at a problem", async () => {
  const error = await load({ yaml: "scanner: { id: s1 }\nlog: { level: loud }" }).catch((reason) => reason);
  assert.ok(error instanceof ConfigError);
  assert.deepEqual(error.problems, [{
    source: "c.yaml:2:15",
    key: "log.level",
    value: '"loud"',
    problem: 'expected one of trace, debug, info, warning, error, got "loud"',
    remedy: null,
  }]);
  assert.match(error.message, /^The configuration has a problem:\n {2}c\.yaml:2:15: log\.level: /);
});

test("loadConfig() never shows a password, however wrong it is", async () => {
  const hidden = "hunter2";
  const wrong = [
    { yaml: `scanner: { id: s1 }\nmqtt: { broker: { username: u, password: ["${hidden}"] } }` },
    { yaml: `scanner: { id: s1 }\nmqtt: { broker: { username: u, password: { a: ${hidden} } } }` },
    { yaml: `scanner: { id: s1 }\nmqtt: { broker: { username: u, pasword: ${hidden} } }` },
    { yaml: `scanner: { id: s1 }\nmqtt: { broker: ${hidden} }` },
    { yaml: `scanner: { id: s1 }\nmqtt: { broker: { password: "${hidden}\\0" } }` },
    { flags, env: { BT_SCANNER_MQTT_BROKER_PASSWORD: `${hidden}\0` } },
    { flags, env: { BT_SCANNER_MQTT_PASSWORD: hidden } },
    { flags: { ...flags, broker: `mqtt://u:${hidden}@localhost` } },
    { flags: { ...flags, broker: `${hidden}@localhost` } },
    { flags, env: { BT_SCANNER_MQTT_BROKER_HOST: `mqtt://u:${hidden}@broker` } },
    { flags, env: { BT_SCANNER_MQTT_BROKER_HOST: `${"x".repeat(50)}://u:${hidden}${"x".repeat(100)}@broker` } },
    { flags, env: { BT_SCANNER_MQTT_BROKER_HOST: `u:${hidden}@broker` } },
  ];
  for (const sources of wrong) {
    const error = await load(sources).catch((reason) => reason);
    assert.ok(error instanceof ConfigError, `accepted: ${JSON.stringify(sources)}`);
    assert.ok(!JSON.stringify([error.message, error.problems, error.warnings]).includes(hidden), error.message);
  }
});

test("loadConfig() shows nothing of a password that YAML takes for something else", async () => {
  const hidden = "hunter2secret";
  // Each of the signs with which no plain text can begin, alone, doubled, and with more after it.
  const begins = [..."!&*|>@`%{}[],?:-#'\"", "!!", "!<", "!e!", "!%", '"\\', '"" ', "'' ", "a\n", "a: ", "\n%", "|\n"];
  const ends = ["", " x", ":", ": x", ",", "}", "]", '"', "'", "\n  x", "\nx"];
  const around = [
    (value: string) =>
      `scanner: { id: s1 }\nmqtt:\n  broker:\n    username: u\n    password: ${value}\n    port: 1883\n`,
    (value: string) => `scanner: { id: s1 }\nmqtt: { broker: { username: u, password: ${value} } }\n`,
    (value: string) => `%YAML 1.2 ${value}\n%TAG ${value}\n%${value}\n---\nscanner: { id: s1 }\n`,
  ];
  for (const begin of begins) {
    for (const end of ends) {
      for (const write of around) {
        const yaml = write(`${begin}${hidden}${end}`);
        const error = await load({ yaml }).catch((reason) => reason);
        if (!(error instanceof ConfigError)) continue;
        const shown = JSON.stringify([error.message, error.problems, error.warnings]);
        const isKey = /[,\n]hunter2secret:/.test(yaml); // shown, like any that is not known
        assert.ok(isKey || !shown.includes(hidden), `${yaml}\n${error.message}`);
      }
    }
  }
});

test("loadConfig() refuses a password that YAML takes for an anchor, an alias or a tag", async () => {
  for (const sign of ["&", "*", "!", "!!", "|", ">", "@", "%", "`"]) {
    const yaml = `scanner: { id: s1 }\nmqtt:\n  broker:\n    username: u\n    password: ${sign}hunter2\n`;
    const [problem = "", ...more] = await problemsOf({ yaml });
    assert.match(problem, /^c\.yaml:5:\d+: .*put the value in quotes/);
    assert.ok(more.every((each) => each.startsWith("c.yaml:5:")), more.join("\n"));
  }
});

test("loadConfig() takes a value that begins as an anchor, an alias or a tag where it is in quotes", async () => {
  for (const password of ["&hunter2", "*hunter2", "!hunter2", "|hunter2"]) {
    const yaml = `scanner: { id: s1 }\nmqtt: { broker: { username: u, password: "${password}" } }`;
    assert.equal((await load({ yaml })).config.mqtt.broker.password, password);
  }
});

const contradictory: readonly (readonly [yaml: string, problem: RegExp])[] = [
  ["scanner: { id: s, interval_ms: 50, window_ms: 60 }", /^c\.yaml:1:47: scanner\.window_ms: .*60 ms.*50 ms/],
  ["scanner: { id: s, interval_ms: 20000 }", /^c\.yaml:1:32: scanner\.interval_ms: .*10240/],
  ["scanner: { id: s, interval_ms: 2.4 }", /from 2\.5 to 40959\.375, got 2\.4/],
  ["scanner: { id: s, interval_ms: 40960, extended: true }", /got 40960/],
  ["scanner: { id: s, source: replay }", /^c\.yaml:1:27: replay\.file: there is nothing to replay/],
  ["scanner: { id: s }\nmqtt: { broker: { username: u, password: p, password_file: f } }", /given twice/],
  ["scanner: { id: s }\nmqtt: { broker: { password_file: f } }", /mqtt\.broker\.username: .*without a user name/],
  [
    "scanner: { id: s }\nmqtt: { broker: { tls: { cert_file: c } } }",
    /key_file: cert_file is set without key_file; set key_file/,
  ],
  [
    "scanner: { id: s }\nmqtt: { broker: { tls: { key_file: c } } }",
    /cert_file: key_file is set without cert_file; set cert_file/,
  ],
  [
    "scanner: { id: s }\nmqtt: { broker: { host: a, hosts: [b, c] } }",
    /^c\.yaml:2:35: mqtt\.broker\.hosts: the broker is given twice: mqtt\.broker\.host is set as well, at c\.yaml:2:25; remove/,
  ],
  [
    "scanner: { id: s }\nmqtt: { broker: { hosts: [b, 'b:1883'] } }",
    /hosts: b:1883 is there twice; name each broker once/,
  ],
  [
    `scanner: { id: s }\nmqtt: { broker: { hosts: [${Array.from({ length: 17 }, (_, n) => `b${n}`)}] } }`,
    /17 .*too many/,
  ],
  ["scanner: { id: s }\nmqtt: { broker: { hosts: [a, 'fe80::1'] } }", /hosts: fe80::1 is a link-local address/],
  ["scanner: { id: s }\nmqtt: { reconnect: { initial_delay: 61 } }", /61 s is longer than max_delay of 60 s/],
  ["scanner: { id: s }\nstats: { topic_prefix: ble/status }", /overwrite each other/],
  [
    "scanner: { id: s }\npublisher: { topic: 'ble/status/{scanner_id}' }",
    /^c\.yaml:2:21: publisher\.topic: .*taken for the status, whose topic is ble\/status\/s; give/,
  ],
  ["scanner: { id: s }\npublisher: { topic: 'ble/stats/{mac_hex}' }", /taken for the statistics/],
  [
    "scanner: { id: s }\nhome_assistant: { enabled: true }\npublisher: { topic: 'homeassistant/device/{mac_hex}/config' }",
    /publisher\.topic: .*Home Assistant would take messages for descriptions/,
  ],
  [
    "scanner: { id: s }\nhome_assistant: { enabled: true }\nstatus: { enabled: false }",
    /^c\.yaml:2:28: home_assistant\.enabled: .*the status is off; set status\.enabled to true/,
  ],
  [
    "scanner: { id: s }\nmqtt: { broker: { host: 'fe80::1%lo' } }",
    /fe80::1%lo is a link-local address, .*another address/,
  ],
  [
    `scanner: { id: ${"s".repeat(64)} }\nmqtt: { client: { client_id: "${"{scanner.id}".repeat(1_024)}" } }`,
    /65535 bytes/,
  ],
];

for (const [yaml, problem] of contradictory) {
  test(`loadConfig() refuses ${JSON.stringify(yaml.slice(0, 120))}`, async () => {
    const problems = await problemsOf({ yaml });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}

test("loadConfig() judges no combination that rests on a value it has refused", async () => {
  const problems = await problemsOf({ yaml: "scanner: { id: s, interval_ms: soon, window_ms: 200 }" });
  assert.deepEqual(problems, ['c.yaml:1:32: scanner.interval_ms: expected a number from 2.5 to 40959.375, got "soon"']);
});

test("loadConfig() tells a contradiction although another value is wrong", async () => {
  const problems = await problemsOf({ yaml: "scanner: { id: s, window_ms: 200 }\nlog: { level: loud }" });
  assert.deepEqual(problems.map((line) => line.split(": ")[1]), ["scanner.window_ms", "log.level"]);
});

const doubtful: readonly (readonly [yaml: string, warning: RegExp])[] = [
  ["mqtt: { broker: { port: 8883, tls: { enabled: true, insecure_skip_verify: true } } }", /any certificate/],
  ["mqtt: { broker: { tls: { enabled: true } } }", /did you mean 8883/],
  ["mqtt: { broker: { port: 8883 } }", /port 8883 is usually with TLS; set mqtt\.broker\.tls\.enabled to true/],
  ["mqtt: { broker: { tls: { ca_file: ca.pem } } }", /not encrypted/],
  ["mqtt: { broker: { tls: { insecure_skip_verify: true } } }", /not encrypted/],
  [
    "mqtt: { broker: { host: broker.example.org, username: u } }",
    /the password is sent to broker.example.org unencrypted/,
  ],
  ["mqtt: { client: { client_id: abcdefghijklmnopqrstuvwx } }", /23 bytes/],
  ["mqtt: { client: { keep_alive: 0 } }", /never noticed/],
  ["replay: { file: a.btsnoop }", /unused/],
  ["publisher: { topic_prefix: ble.raw }", /c\.yaml:1:28: publisher\.topic_prefix: .*NATS closes .*RabbitMQ turns/],
  ["status: { topic_prefix: my house }", /status\.topic_prefix: .*dots or spaces/],
  [
    `publisher: { topic_prefix: ${"x".repeat(236)} }`,
    /publisher\.topic_prefix: topics are 257 bytes long.*AWS IoT Core/,
  ],
  [`stats: { topic_prefix: ${"x".repeat(254)} }`, /stats\.topic_prefix: topics are 257 bytes long/],
  ["http: { listen: '0.0.0.0:9464' }", /http\.listen: whoever reaches 0\.0\.0\.0:9464 .* unencrypted/],
  ["http: { allowed_hosts: [pi7.local] }", /http\.allowed_hosts: unused/],
];

for (const [yaml, warning] of doubtful) {
  test(`loadConfig() warns of ${JSON.stringify(yaml)}`, async () => {
    const { warnings } = await load({ yaml, flags });
    assert.equal(warnings.length, 1);
    assert.match(renderProblem(warnings[0] ?? assert.fail()), warning);
  });
}

test("loadConfig() does not mind a password that stays on the machine, or is encrypted", async () => {
  for (
    const broker of [
      "{ host: localhost, username: u }",
      "{ host: 127.0.0.1, username: u }",
      "{ host: '::1', username: u }",
      "{ host: broker.example.org, username: u, port: 8883, tls: { enabled: true } }",
    ]
  ) {
    const { warnings } = await load({ yaml: `scanner: { id: s1 }\nmqtt: { broker: ${broker} }` });
    assert.deepEqual(warnings, []);
  }
});

for (
  const listen of ["127.0.0.1:9464", "[::1]:1", "192.0.2.7:65535", "[fe80::1]:9464", "unix:/run/bt-scanner/http.sock"]
) {
  test(`loadConfig() takes ${listen} as where to listen`, async () => {
    const { config } = await load({ yaml: `http: { listen: "${listen}" }`, flags });
    assert.equal(config.http.listen, listen);
  });
}

for (
  const listen of ["9464", ":9464", "localhost:9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "256.0.0.1:80"]
    .concat(["::1:9464", "unix:http.sock", `unix:/${"x".repeat(107)}`, "http://127.0.0.1:9464"])
) {
  test(`loadConfig() says what it expects in place of listening on ${listen.slice(0, 40)}`, async () => {
    const problems = await problemsOf({ yaml: `http: { listen: "${listen}" }`, flags });
    assert.match(problems.join(), /http\.listen: expected address and port such as 127\.0\.0\.1:9464 or/);
  });
}

test("loadConfig() accepts a scan interval of extended advertising where that is required", async () => {
  const { config } = await load({ yaml: "scanner: { id: s, interval_ms: 40959.375, extended: true }" });
  assert.equal(config.scanner.interval_ms, 40_959.375);
});

test("loadConfig() accepts a client identifier of as many bytes as MQTT can carry", async () => {
  const yaml = `mqtt: { client: { client_id: "{scanner.id}${"x".repeat(65_535 - 64)}" } }`;
  assert.equal(
    (await load({ yaml, flags: { scannerId: "s".repeat(64) } })).config.mqtt.client.client_id.length,
    65_535,
  );
});

test("loadConfig() puts the scanner's id into the client identifier", async () => {
  const { config } = await load({ yaml: 'mqtt: { client: { client_id: "gw-{scanner.id}/1" } }', flags });
  assert.equal(config.mqtt.client.client_id, "gw-s1/1");
});

test("loadConfig() writes addresses in capitals and an adapter's index as its name", async () => {
  const yaml = "scanner: { adapter: 1 }\nfilter: { allow: [aa:bb:cc:dd:ee:ff, 4c], deny: [Aa:01] }";
  const { config } = await load({ yaml, flags });
  assert.equal(config.scanner.adapter, "hci1");
  assert.deepEqual(config.filter.allow, ["AA:BB:CC:DD:EE:FF", "4C"]);
  assert.deepEqual(config.filter.deny, ["AA:01"]);
});

test("loadConfig() warns of a dot in the scanner's id, and says which brokers do not take it", async () => {
  const { warnings } = await load({ yaml: "scanner: { id: pi.example.org }" });
  assert.deepEqual(warnings.map(renderProblem), [
    "c.yaml:1:16: scanner.id: some brokers do not accept a dot in a topic: NATS closes the connection, RabbitMQ turns it " +
    "into a slash; with one of these, write - instead",
  ]);
});

test("loadConfig() does not mind topics of 256 bytes, nor long ones that nothing is published on", async () => {
  const yaml = `publisher: { topic_prefix: ${"x".repeat(235)} }\nstats: { publish: false, topic_prefix: ${
    "x".repeat(256)
  } }`;
  assert.deepEqual((await load({ yaml, flags })).warnings, []);
});

test("loadConfig() tells problems in the order of the file's lines, those of other sources last", async () => {
  const yaml = "log: { level: loud, format: yaml }\nnonsense: 1\nmqtt:\n  client: { qos: 2 }\n  broker: { prot: 1 }\n" +
    "scanner: { id: s1, window_ms: 200 }\nstats: { interval_s: 0 }";
  const problems = await problemsOf({ yaml, flags: { qos: "3" }, env: { BT_SCANNER_LOG_FORMAT: "xml" } });
  assert.deepEqual(problems.map((line) => line.split(": ")[0]), [
    "c.yaml:1:15",
    "c.yaml:2:1",
    "c.yaml:5:13",
    "c.yaml:6:31",
    "c.yaml:7:22",
    "--qos",
    "BT_SCANNER_LOG_FORMAT",
  ]);
});

const meant: Readonly<Record<string, RegExp>> = {
  "log: { level: warn }": /log\.level: expected .*, got "warn"; did you mean warning\?$/,
  "log: { level: err }": /did you mean error\?$/,
  "log: { level: Information }": /did you mean info\?$/,
  "log: { format: jsn }": /did you mean json\?$/,
  "scanner: { source: simulated }": /did you mean simulate\?$/,
  "status: { enabled: on }": /did you mean true\?$/,
  "status: { enabled: 'no' }": /did you mean false\?$/,
  "log: { level: loud }": /got "loud"$/,
  "mqtt: { broker: { tls: true } }": /mqtt\.broker\.tls: .*got a single value; for example tls: \{ enabled: true \}$/,
  "mqtt: localhost": /mqtt: .*; for example mqtt: \{ broker: \{ host: localhost \} \}$/,
  "mqtt: { broker: example.org }": /broker: .*; for example broker: \{ host: localhost \}$/,
  "replay: a.btsnoop": /replay: .*; for example replay: \{ speed: 1 \}$/,
};

for (const [yaml, problem] of Object.entries(meant)) {
  test(`loadConfig() says of ${yaml} what may have been meant`, async () => {
    const problems = await problemsOf({ yaml, flags });
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", problem);
  });
}

test("loadConfig() fills in the name of this machine, and tells what was written", async () => {
  for (const yaml of ['scanner: { id: "{hostname}" }', 'scanner: { id: "ble-{hostname}" }']) {
    const { config, origins, warnings } = await load({ yaml });
    const id = yaml.includes("ble-") ? "ble-pi-kitchen" : "pi-kitchen";
    assert.deepEqual([config.scanner.id, config.mqtt.client.client_id], [id, `bt-mqtt-${id}`]);
    assert.match(origins.get("scanner.id") ?? "", /^c\.yaml:1:16: (ble-)?\{hostname\}$/);
    assert.deepEqual(warnings, []);
  }
  const fromFlag = await load({ flags: { scannerId: "{hostname}" } });
  assert.equal(fromFlag.config.scanner.id, "pi-kitchen");
});

test("loadConfig() fills in the name of the adapter, whoever says it and however", async () => {
  const idWith = async (adapter: string, sources: Parameters<typeof load>[0] = {}) => {
    const { config } = await load({ yaml: `scanner: { id: "{hostname}-{adapter}"${adapter} }`, ...sources });
    return config.scanner.id;
  };
  assert.equal(await idWith(", adapter: hci1"), "pi-kitchen-hci1");
  assert.equal(await idWith(", adapter: 1"), "pi-kitchen-hci1");
  assert.equal(await idWith(", adapter: aa:bb:cc:dd:ee:0f"), "pi-kitchen-AABBCCDDEE0F");
  assert.equal(await idWith(", adapter: hci1", { flags: { adapter: "hci2" } }), "pi-kitchen-hci2");
  assert.equal(await idWith("", { env: { BT_SCANNER_SCANNER_ADAPTER: "hci3" } }), "pi-kitchen-hci3");
});

test("loadConfig() refuses the name of an adapter where none is named, and says nothing more of one that is none", async () => {
  assert.deepEqual(await problemsOf({ yaml: 'scanner: { id: "{adapter}" }' }), [
    "c.yaml:1:16: scanner.id: no adapter is named; " +
    "set scanner.adapter, or start bt-scanner@hci0.service, or write a name instead of {adapter}",
  ]);
  const problems = await problemsOf({ yaml: 'scanner: { id: "pi-{adapter}", adapter: eth0 }' });
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? "", /scanner\.adapter: expected hci0/);
});

test("loadConfig() asks for the name of this machine only where it is used", async () => {
  await load({ flags, hostname: () => assert.fail("asked") });
});

test("loadConfig() refuses a name of this machine that is no identifier, or cannot be read", async () => {
  const yaml = 'scanner: { id: "{hostname}" }';
  assert.deepEqual(await problemsOf({ yaml, hostname: () => "Büro Pi" }), [
    'c.yaml:1:16: scanner.id: expected 1 to 64 of A-Z a-z 0-9 . _ -, got "Büro Pi" from "{hostname}"; ' +
    "write a name instead, or rename this machine with hostnamectl",
  ]);
  assert.deepEqual(await problemsOf({ yaml, hostname: () => null }), [
    "c.yaml:1:16: scanner.id: the name of this machine cannot be read; write a name instead of {hostname}",
  ]);
});

test("loadConfig() says that {hostname} needs quotes, for YAML takes it for a mapping", async () => {
  const [problem] = await problemsOf({ yaml: "scanner: { id: {hostname} }" });
  assert.match(problem ?? "", /^c\.yaml:1:16: scanner\.id: .*got a mapping; put the value in quotes$/);
});

test("loadConfig() warns of a name that machines have until somebody names them", async () => {
  for (const name of ["raspberrypi", "localhost", "Raspberrypi.local", "localhost.localdomain"]) {
    const { warnings } = await load({ yaml: 'scanner: { id: "{hostname}" }', hostname: () => name });
    assert.match(
      warnings.map(renderProblem)[0] ?? "",
      /scanner\.id: many machines are called [\w.]+: .*set-hostname/,
    );
  }
  for (const [id, count] of [["raspberrypi", 0], ['"{hostname}-x"', 1], ['"a-{hostname}"', 1]] as const) {
    const { warnings } = await load({ yaml: `scanner: { id: ${id} }`, hostname: () => "raspberrypi" });
    assert.equal(warnings.length, count, id);
  }
});

for (
  const prefix of [
    "",
    "/ble",
    "ble/",
    "ble/+/x",
    "ble/#",
    "$SYS/x",
    "$aws/rules",
    "$aws/rules/",
    "$share/g/x",
    "a\u0000b",
    "a\nb",
    "x".repeat(257),
    "\ud800",
  ]
) {
  test(`loadConfig() refuses the topic prefix ${JSON.stringify(prefix.slice(0, 10))}`, async () => {
    const yaml = `publisher: { topic_prefix: ${JSON.stringify(prefix)} }`;
    assert.match((await problemsOf({ yaml, flags })).join(), /publisher\.topic_prefix: expected an MQTT topic name/);
  });
}

test("loadConfig() warns of topics that only a rule of AWS IoT Core gets", async () => {
  const yaml = "publisher: { topic_prefix: $aws/rules/ble }\nstatus: { topic_prefix: $aws/rules/s }";
  const lines = (await load({ yaml, flags })).warnings.map(renderProblem);
  assert.match(
    lines[0] ?? "",
    /^c\.yaml:1:28: publisher\.topic_prefix: .*the rule named in \$aws\/rules\/ble alone gets/,
  );
  assert.match(lines[1] ?? "", /^c\.yaml:2:25: status\.topic_prefix: .*nothing is retained there/);
  assert.equal(lines.length, 2);
});

const templates: Readonly<Record<string, boolean>> = {
  "{scanner_id}/{mac_hex}": true,
  "devices/{scanner_id}/ble": true,
  "$aws/rules/ble/{mac_address}": true,
  "a/{mac_address}-{scanner_id}-{scanner_id}": true,
  "{mac_address}/{mac_address}": false,
  "{mac_address}/{mac_hex}": false,
  "{mac}": false,
  "a/{": false,
  "a/#": false,
  "/a": false,
  "a/": false,
  "$SYS/{mac_hex}": false,
};

for (const [topic, isAccepted] of Object.entries(templates)) {
  test(`loadConfig() ${isAccepted ? "accepts" : "refuses"} the topic ${topic}`, async () => {
    const yaml = `publisher: { topic: ${JSON.stringify(topic)} }`;
    if (isAccepted) assert.equal((await load({ yaml, flags })).config.publisher.topic, topic);
    else {assert.match(
        (await problemsOf({ yaml, flags })).join(),
        /publisher\.topic: expected an MQTT topic name, \{mac/,
      );}
  });
}

for (const prefix of ["ble", "ble/raw", "home/küche 1", "x".repeat(256), "a//b", "a$b", "$aws/rules/ble_raw"]) {
  test(`loadConfig() accepts the topic prefix ${JSON.stringify(prefix.slice(0, 10))}`, async () => {
    const { config } = await load({ yaml: `publisher: { topic_prefix: ${JSON.stringify(prefix)} }`, flags });
    assert.equal(config.publisher.topic_prefix, prefix);
  });
}

const hosts: Readonly<Record<string, boolean>> = {
  localhost: true,
  "broker_1.example.org": true,
  "192.168.1.2": true,
  "::1": true,
  "fe80::1%eth0": false,
  "fe80::1": false,
  "FEBF::1": false,
  "fec0::1": true,
  "::ffff:10.0.0.1": true,
  "[::1]": false,
  "host:1883": false,
  "mqtt://host": false,
  "u@host": false,
  "a b": false,
};

for (const [host, accepted] of Object.entries(hosts)) {
  test(`loadConfig() ${accepted ? "accepts" : "refuses"} the host ${host}`, async () => {
    const problems = await problemsOf({ flags, env: { BT_SCANNER_MQTT_BROKER_HOST: host } });
    assert.equal(problems.length, accepted ? 0 : 1);
  });
}

test("loadConfig() takes services of each length, with and without 0x and hyphens, as written in a file", async () => {
  const yaml = `filter:
  services: [1809, 180f, 0x181A, 12345678, "0000FCD2", 6E400001B5A3F393E0A9E50E24DCCA9E, 6e400001-b5a3-f393-e0a9-e50e24dcca9e]
  companies: [76, 0x004c, 0X4C, "65535", 0]`;
  const { config } = await load({ yaml, flags: { scannerId: "s1" } });
  const base = "-0000-1000-8000-00805f9b34fb";
  const uart = "6e400001-b5a3-f393-e0a9-e50e24dcca9e";
  assert.deepEqual(config.filter.services, [
    ...["00001809", "0000180f", "0000181a", "12345678", "0000fcd2"].map((head) => head + base),
    uart,
    uart,
  ]);
  assert.deepEqual(agentOptions(config).filter.companies, [76, 76, 76, 65_535, 0]);
});

test("loadConfig() names each item of a filter that is none, and what it expects", async () => {
  const yaml = `filter:
  companies: [65536, 4c00, -1, 1.5]
  services: [180, 180g, 6e400001-b5a3]
  names: [""]
  address_types: [random]`;
  assert.deepEqual(await problemsOf({ yaml, flags: { scannerId: "s1" } }), [
    ...["65536", "4c00", "-1", "1.5"].map((value, at) =>
      `c.yaml:2:${[15, 22, 28, 32][at]}: filter.companies: item ${at + 1}: expected a number from 0 to 65535, ` +
      `such as 76 or 0x004C (4c00 in messages), got "${value}"`
    ),
    ...["180", "180g", "6e400001-b5a3"].map((value, at) =>
      `c.yaml:3:${[14, 19, 25][at]}: filter.services: item ${at + 1}: expected a UUID of 4, 8 or 32 hexadecimal ` +
      `digits, such as 180F, got "${value}"`
    ),
    'c.yaml:4:11: filter.names: item 1: expected 1 to 64 characters, * and ? among them, such as Ruuvi*, got ""',
    "c.yaml:5:19: filter.address_types: item 1: expected one of public, static, resolvable, non_resolvable, " +
    'anonymous, unknown, got "random"',
  ]);
});

test("loadConfig() doubts that names are heard that are asked for by nobody", async () => {
  const yaml = (mode: string) => `scanner: { mode: ${mode} }\nfilter: { names: ["Lock *"] }`;
  const doubts = async (mode: string) => (await load({ yaml: yaml(mode), flags: { scannerId: "s1" } })).warnings;
  assert.deepEqual((await doubts("passive")).map(({ source, key }) => [source, key]), [[
    "c.yaml:2:18",
    "filter.names",
  ]]);
  assert.deepEqual([await doubts("auto"), await doubts("active")], [[], []]);
});

test("loadConfig() doubts that a company is meant whose bytes stand as in a message", async () => {
  const doubts = async (companies: string) => {
    const { warnings } = await load({ yaml: `filter: { companies: [${companies}] }`, flags: { scannerId: "s1" } });
    return warnings.map(({ remedy }) => remedy);
  };
  assert.deepEqual(await doubts("9904"), ["if it is from a message, write 0x0499"]);
  assert.deepEqual(await doubts("0600"), ["if it is from a message, write 0x0006"]);
  assert.deepEqual(await doubts("1177, 76, 0x9904, 65535"), []);
});
