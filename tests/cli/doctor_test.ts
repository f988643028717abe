import assert from "node:assert/strict";
import { doctor, type DoctorIo } from "../../src/cli/doctor/mod.ts";
import { findingsSchema } from "../../src/cli/doctor/finding_schema.ts";
import type { AgainstRunning } from "../../src/cli/against_running.ts";
import type { Readiness } from "../../src/cli/doctor/readers.ts";
import { type Config, defaultConfig, redact } from "../../src/config/mod.ts";
import { commandCompletePacket, hci, type KernelFacts } from "../../src/hci/mod.ts";
import {
  type BrokerCertificate,
  ConnectionFailure,
  type Echo,
  type EchoMessage,
  type MqttOptions,
} from "../../src/mqtt/mod.ts";
import { type FakeAdapter, FakeLibc } from "../hci/linux/fake_libc.ts";
import type { Clock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { testHost } from "../support/test_host.ts";

const never = new AbortController().signal;
const LE = [0xff, 0xff, 0xff, 0xff, 0x40];
const ADAPTER: FakeAdapter = { index: 0, addressBytes: [1, 2, 3, 4, 5, 6], up: true, features: LE };

/** A controller behind the fake kernel that answers commands, if it does. */
class AnsweringLibc extends FakeLibc {
  constructor(adapters: FakeAdapter[], private readonly answers: boolean) {
    super(adapters);
  }

  override write(fd: number, bytes: Uint8Array): number {
    const written = super.write(fd, bytes);
    if (this.answers && bytes[0] === 1) {
      this.deliver(Uint8Array.of(0x04, 0x3e, 0x01, 0x02)); // something else, before the answer
      this.deliver(commandCompletePacket(hci.CMD_READ_LOCAL_VERSION, [0, 9, 0, 0, 9, 0, 0, 0, 0]));
    }
    return written;
  }
}

/** A machine that lacks nothing. */
const KERNEL: KernelFacts = {
  fileSystem: () => ({ freeBytes: 5e9, isReadOnly: false }),
  isClockSynchronized: () => true,
};

interface Host {
  readonly adapters?: FakeAdapter[];
  readonly capNetRaw?: boolean;
  readonly capNetAdmin?: boolean;
  readonly procNetHci?: string;
  readonly socketResult?: number;
  readonly answers?: boolean;
  readonly wallMs?: number;
  readonly brokerFailure?: ConnectionFailure;
  /** The only host with that failure; default: all. */
  readonly failingBroker?: string;
  readonly brokerCertificate?: BrokerCertificate;
  readonly echo?: Echo;
  readonly kernel?: Partial<KernelFacts>;
  readonly readiness?: Readiness;
  readonly against?: AgainstRunning | string;
  readonly format?: "text" | "json";
  readonly systemFiles?: Readonly<Record<string, string>>;
}

/** The clock of a machine that shows another time. */
function at(clock: FakeClock, wallMs = clock.wallMs()): Clock {
  return {
    wallMs: () => wallMs,
    monotonicMs: () => clock.monotonicMs(),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  };
}

/** Examines a machine on which all is well, but for what a test says. */
async function examine(host: Host = {}, yaml = "scanner: { id: s1 }") {
  const clock = new FakeClock();
  const { adapters = [{ ...ADAPTER }], capNetRaw = true, capNetAdmin = true, procNetHci = null, answers = true } = host;
  const libcs: FakeLibc[] = [];
  const checked: MqttOptions[] = [];
  const published: EchoMessage[] = [];
  let stdout = "";
  const io: DoctorIo = {
    host: testHost({
      clock: at(clock, host.wallMs),
      readFile: () => Promise.resolve(new Uint8Array()),
      linux: {
        openLibc() {
          const libc = new AnsweringLibc(adapters, answers);
          Object.assign(libc, { capNetRaw, capNetAdmin, procNetHci });
          if (host.socketResult !== undefined) libc.results.socket = [host.socketResult];
          libcs.push(libc);
          return libc;
        },
        clock,
      },
    }),
    kernel: { ...KERNEL, ...host.kernel },
    readiness: () => Promise.resolve(host.readiness ?? { kind: "free" }),
    againstRunning: () => Promise.resolve(host.against ?? null),
    inspectFile: () => Promise.resolve({ isFile: true, mode: 0o600, modifiedMs: null }),
    readSystemText: (path) => host.systemFiles?.[path] ?? null,
    brokerCertificate: () => Promise.resolve(host.brokerCertificate ?? null),
    checkBroker(options) {
      checked.push(options);
      const { brokerFailure, failingBroker = options.host } = host;
      return brokerFailure === undefined || options.host !== failingBroker
        ? Promise.resolve()
        : Promise.reject(brokerFailure);
    },
    hearEcho(_options, message) {
      published.push(message);
      return Promise.resolve(host.echo ?? { kind: "heard", kept: [] });
    },
    stdout: (text) => stdout += text,
  };
  const sources = {
    flags: {},
    env: {},
    file: "c.yaml",
    readTextFile: () => Promise.resolve(yaml),
    hostname: () => "pi",
  };
  const examining = doctor(sources, host.format ?? "text", io, never);
  for (let i = 0; i < 5; i++) await clock.advance(1_000);
  const code = await examining;
  assert.ok(libcs.every((libc) => libc.disposed && libc.openDescriptors === 0));
  assert.equal(clock.sleeping, 0);
  if (host.format === "json") return { code, stdout, lines: [] as string[], checked, published, problems: [] };
  const [report = "", summary] = stdout.split("\n\n");
  const lines = report.split("\n");
  assert.ok(lines.every((line) => /^(ok {5}|warning|problem) {2}[\w ]+: ./.test(line)), stdout);
  return {
    code,
    stdout,
    lines,
    summary,
    checked,
    published,
    problems: lines.filter((line) => line.startsWith("problem")),
  };
}

test("doctor finds nothing where all is well, and tells what it has looked at", async () => {
  const { code, lines, summary } = await examine();
  assert.deepEqual([code, summary], [0, "No problems, no warnings.\n"]);
  assert.deepEqual(lines, [
    "ok       configuration: c.yaml",
    "ok       clock: 2026-01-11T10:30:45.123Z, kept right by NTP",
    "ok       storage: 5000 MB free for /var/cache/bt-scanner",
    "ok       service: bt-scanner.service is not installed",
    "ok       permissions: CAP_NET_RAW and CAP_NET_ADMIN are granted",
    "ok       hci0: 06:05:04:03:02:01, usb, Bluetooth LE, up",
    "ok       hci0: the controller answers",
    "ok       broker: mqtt://localhost:1883 accepts bt-mqtt-s1-doctor",
    "ok       publishing: mqtt://localhost:1883 passes on what is published to ble/raw/s1/doctor/echo",
  ]);
});

test("doctor --json prints all findings for programs, as its schema has them, with the same exit code", async () => {
  const well = await examine({ format: "json" });
  assert.equal(well.code, 0);
  const findings = findingsSchema.parse(JSON.parse(well.stdout));
  assert.deepEqual(findings[0], {
    id: "configuration",
    level: "ok",
    subject: "configuration",
    text: "c.yaml",
    remedy: null,
  });
  const brokerFailure = new ConnectionFailure("unreachable", "nothing \x1blistens there", "start it");
  const ill = await examine({ format: "json", capNetAdmin: false, brokerFailure }, "scanner: { id: 's 1' }");
  assert.equal(ill.code, 2);
  const found = findingsSchema.parse(JSON.parse(ill.stdout));
  assert.deepEqual(found.filter(({ level }) => level !== "ok").map(({ id, level }) => [id, level]), [
    ["configuration", "problem"],
    ["permissions", "warning"],
    ["broker", "problem"],
  ]);
  assert.deepEqual(found.at(-1), {
    id: "broker",
    level: "problem",
    subject: "broker",
    text: "mqtt://localhost:1883: nothing \x1blistens there",
    remedy: "start it",
  });
  assert.deepEqual(found.filter(({ id }) => id === "adapter").map(({ subject }) => subject), ["hci0"]);
});

test("doctor tells what became of what it published, and no more than a broker of MQTT 3.1.1 can say", async () => {
  const cases: [Echo, RegExp][] = [
    [
      { kind: "not subscribed", reason: "refused" },
      /^ok {7}publishing: not known: mqtt:\/\/a:1883 does not let .*refused/,
    ],
    [
      { kind: "unheard", waitedMs: 5_000 },
      /^warning {2}publishing: .* within 5 s .*: it discards it, or does not let this user read it; .* ble\/raw\/s1\/#/,
    ],
    [
      { kind: "closed", reason: "gone" },
      /^warning {2}publishing: .*ended the connection .*: gone; let this user publish/,
    ],
  ];
  for (const [echo, words] of cases) {
    const { code, lines } = await examine({ echo }, "scanner: { id: s1 }\nmqtt: { broker: { host: a } }");
    assert.equal(code, 0);
    assert.match(lines.at(-1) ?? "", words);
  }
});

test("doctor publishes where nobody who subscribes to the messages of scanners hears it", async () => {
  const { published } = await examine({}, "scanner: { id: s1 }\npublisher: { topic_prefix: home/ble }");
  assert.deepEqual(published.map(({ topic }) => topic), ["home/ble/s1/doctor/echo"]);
  const payload = JSON.parse(published[0]?.payload ?? "");
  assert.deepEqual(Object.keys(payload), ["doctor"]);
});

test("doctor publishes where publisher.topic puts the messages, with its name for the address", async () => {
  const yaml = (topic: string) =>
    `scanner: { id: s1 }\npublisher: { topic: '${topic}' }\nmqtt: { broker: { host: a } }`;
  const cases: [string, string | null, string][] = [
    ["site/{scanner_id}/{mac_hex}/raw", "site/s1/doctor-echo/raw", "site/s1/+/raw"],
    ["x/bt-{mac_address}", "x/bt-doctor-echo", "x/+"],
    ["site/{scanner_id}", null, "not known: what doctor published to site/s1 would"],
    ["$aws/rules/r/{mac_hex}", null, "not known: what doctor published to $aws/rules/r/+ "],
  ];
  for (const [template, topic, words] of cases) {
    const { lines, published } = await examine({ echo: { kind: "closed", reason: "denied" } }, yaml(template));
    assert.deepEqual(published.map((message) => message.topic), topic === null ? [] : [topic]);
    assert.ok(lines.some((line) => line.includes("publishing") && line.includes(words)), lines.join("\n"));
  }
});

test("doctor changes nothing: it powers no adapter up, and leaves no session at the broker", async () => {
  const adapters = [{ ...ADAPTER, up: false }];
  const { code, lines, checked } = await examine(
    { adapters },
    "scanner: { id: s1 }\nmqtt: { client: { clean_session: false } }",
  );
  assert.equal(code, 0);
  assert.ok(lines.includes("ok       hci0: 06:05:04:03:02:01, usb, Bluetooth LE, down; run will power it up"));
  assert.equal(adapters[0]?.up, false);
  assert.deepEqual([checked[0]?.cleanSession, checked[0]?.will], [true, null]);
});

test("doctor ends with 77 where nothing but permission is missing", async () => {
  const raw = await examine({ capNetRaw: false });
  assert.equal(raw.code, 77);
  assert.match(raw.problems.join("\n"), /^problem {2}permissions: CAP_NET_RAW is missing.*sudo.*$/);
  const admin = await examine({ capNetAdmin: false, adapters: [{ ...ADAPTER, up: false }] });
  assert.equal(admin.code, 77);
  assert.match(admin.problems.join("\n"), /^problem {2}hci0: .*down.*may not power it up.*bluetoothctl power on.*$/);
  const both = await examine({ capNetRaw: false, brokerFailure: new ConnectionFailure("dropped", "gone", null) });
  assert.equal(both.code, 1);
});

test("doctor warns where an adapter that is up could not be powered up again", async () => {
  const { code, lines } = await examine({ capNetAdmin: false });
  assert.equal(code, 0);
  assert.match(lines.join("\n"), /^warning {2}permissions: CAP_NET_ADMIN is missing/m);
});

test("doctor tells what is wrong with the adapter", async () => {
  const cases: [Host, string, RegExp][] = [
    [{ socketResult: -97 }, "", /adapter: .*Bluetooth sockets are not available.*modprobe bluetooth/],
    [{ adapters: [] }, "", /adapter: .*there is none.*plug one in/],
    [{}, "adapter: hci7", /adapter: .*hci7.*choose one of hci0 \(06:05:04:03:02:01, up\)/],
    [
      { adapters: [{ ...ADAPTER, up: false, rfkill: "soft" }] },
      "",
      /hci0: .*blocked by rfkill.*rfkill unblock bluetooth/,
    ],
    [{ adapters: [{ ...ADAPTER, features: [1, 0, 0, 0, 0] }] }, "", /hci0: .*does not support Bluetooth LE/],
    [{ answers: false }, "", /hci0: the controller did not answer/],
  ];
  for (const [host, scanner, words] of cases) {
    const { code, problems } = await examine(host, `scanner: { id: s1, ${scanner} }`);
    assert.equal(code, 1);
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(problems[0] ?? "", words);
  }
});

test("doctor judges the adapter that is configured, and only lists the others", async () => {
  const adapters: FakeAdapter[] = [{ index: 0, up: false, rfkill: "hard" }, { ...ADAPTER, index: 1 }];
  const { code, lines } = await examine({ adapters }, "scanner: { id: s1, adapter: '06:05:04:03:02:01' }");
  assert.equal(code, 0);
  assert.ok(lines.includes("ok       hci0: no address yet, usb, down; not used"));
  assert.ok(lines.includes("ok       hci1: the controller answers"));
});

test("doctor needs no adapter where none is configured", async () => {
  const { code, lines } = await examine({ socketResult: -97 }, "scanner: { id: s1, source: simulate }");
  assert.equal(code, 0);
  assert.ok(lines.includes("ok       adapter: none is needed: scanner.source is simulate"));
});

test("doctor tells that other programs use Bluetooth", async () => {
  const { code, lines } = await examine({ procNetHci: "sk RefCnt\n0 2\n0 2\n" });
  assert.equal(code, 0);
  assert.match(lines.join("\n"), /^ok {7}other programs: they hold 2 Bluetooth sockets \(bluetoothd/m);
});

test("doctor tells of every problem of the configuration, ends with 2, and looks at the rest", async () => {
  const { code, problems, lines } = await examine({ adapters: [] }, "scanner: { id: 's 1' }\nlog: { level: loud }");
  assert.equal(code, 2);
  assert.match(problems[0] ?? "", /configuration: c\.yaml:1:16: scanner\.id: /);
  assert.match(problems[1] ?? "", /configuration: c\.yaml:2:15: log\.level: /);
  assert.match(problems[2] ?? "", /adapter: /);
  assert.match(lines.at(-1) ?? "", /^warning {2}broker: not examined/);
});

test("doctor looks at the adapter that is configured, whatever else the configuration has wrong", async () => {
  const adapters: FakeAdapter[] = [{ index: 0, up: false, rfkill: "hard" }, { ...ADAPTER, index: 1 }];
  const { code, lines } = await examine({ adapters }, "scanner: { id: s1, adapter: hci1 }\nlog: { level: loud }");
  assert.equal(code, 2);
  assert.ok(lines.includes("ok       hci1: the controller answers"), lines.join("\n"));
  assert.equal(lines.at(-1), "warning  broker: not examined until the configuration is valid");
});

test("doctor looks at the broker also where only the scanner's name is missing", async () => {
  const { code, lines, checked } = await examine({}, "mqtt: { broker: { host: example.org } }");
  assert.equal(code, 2);
  assert.equal(checked[0]?.host, "example.org");
  assert.match(lines.at(-2) ?? "", /^ok {7}broker: /);
});

test("doctor shows warnings of the configuration, and no secret", async () => {
  const { code, lines } = await examine(
    {},
    "scanner: { id: s1 }\nmqtt: { broker: { username: u, password: hunter2 }, client: { keep_alive: 0 } }",
  );
  assert.equal(code, 0);
  assert.match(lines[0] ?? "", /^warning {2}configuration: c\.yaml:2:\d+: mqtt\.client\.keep_alive: /);
  assert.ok(!lines.join("\n").includes("hunter2"));
});

test("doctor finds a clock that cannot be right", async () => {
  const { code, problems } = await examine({ wallMs: 5_000 });
  assert.equal(code, 1);
  assert.match(problems.join("\n"), /^problem {2}clock: 1970-01-01T00:00:05\.000Z cannot be.*NTP/);
});

test("doctor examines each of several brokers, and warns of those that are not needed", async () => {
  const yaml = "scanner: { id: s1 }\nmqtt: { broker: { hosts: [a, 'b:8884', '::1'] } }";
  const brokerFailure = new ConnectionFailure("unreachable", "nothing listens there", "start it");
  const some = await examine({ brokerFailure, failingBroker: "b" }, yaml);
  assert.equal(some.code, 0);
  assert.deepEqual(some.lines.filter((line) => line.includes("broker:")), [
    "ok       broker: mqtt://a:1883 accepts bt-mqtt-s1-doctor",
    "warning  broker: mqtt://b:8884: nothing listens there; start it",
    "ok       broker: mqtt://[::1]:1883 accepts bt-mqtt-s1-doctor",
  ]);
  const none = await examine({ brokerFailure }, yaml);
  assert.equal(none.code, 1);
  assert.equal(none.problems.length, 3);
});

test("doctor tells why there is no connection to the broker, and what to do", async () => {
  const brokerFailure = new ConnectionFailure("unreachable", "nothing \x1blistens there", "start it");
  const { code, problems } = await examine({ brokerFailure }, "scanner: { id: s1 }\nmqtt: { broker: { host: '::1' } }");
  assert.equal(code, 1);
  assert.deepEqual(problems, ["problem  broker: mqtt://[::1]:1883: nothing \\u001blistens there; start it"]);
});

test("doctor tells where the service's password is, which it does not see by itself", async () => {
  const brokerFailure = new ConnectionFailure(
    "rejected",
    "broker refused the connection: not authorised (5)",
    "set it",
  );
  const withPassword = (more: string) =>
    examine({ brokerFailure }, `scanner: { id: s1 }\nmqtt: { broker: { username: u${more} } }`);
  const [none, one] = await Promise.all([withPassword(""), withPassword(", password: p")]);
  assert.match(
    none.problems.join(),
    /no password is configured; .*CREDENTIALS_DIRECTORY=\/etc\/bt-scanner bt-scanner doctor/,
  );
  assert.match(one.problems.join(), /; set it$/);
});

test("doctor ends with 1 where it is told to end before it is through", async () => {
  const ending = new AbortController();
  const io: DoctorIo = {
    host: testHost({
      readFile: () => Promise.reject(new Error("unused")),
      linux: { openLibc: () => new FakeLibc([{ ...ADAPTER, up: false }]), clock: new FakeClock() },
    }),
    kernel: KERNEL,
    readiness: () => Promise.reject(new Error("unused")),
    againstRunning: () => Promise.resolve(null),
    inspectFile: () => Promise.reject(new Error("unused")),
    readSystemText: () => null,
    brokerCertificate: () => Promise.resolve(null),
    checkBroker(_, signal) {
      ending.abort();
      return Promise.reject(signal.reason);
    },
    hearEcho: () => Promise.reject(new Error("unused")),
    stdout: () => {},
  };
  const sources = {
    flags: { scannerId: "s1" },
    env: {},
    file: null,
    readTextFile: Deno.readTextFile,
    hostname: () => "pi",
  };
  assert.equal(await doctor(sources, "text", io, ending.signal), 1);
});

test("doctor tells whether the service runs, with cgroups of either version", async () => {
  const unit = { "/usr/lib/systemd/system/bt-scanner.service": "[Unit]" };
  for (const root of ["", "unified/", "systemd/"]) {
    const procs = `/sys/fs/cgroup/${root}system.slice/bt-scanner.service/cgroup.procs`;
    const { lines } = await examine({ systemFiles: { ...unit, [procs]: "4711\n4712\n" } });
    assert.ok(lines.includes("ok       service: bt-scanner.service is running, process 4711"), lines.join("\n"));
  }
  const { code, lines, summary } = await examine({ systemFiles: unit });
  assert.deepEqual([code, summary], [0, "No problems, 1 warning.\n"]);
  assert.match(lines.join("\n"), /^warning {2}service: .* installed but not running; `sudo systemctl enable --now/m);
});

test("doctor ends with a line that sums up", async () => {
  const { summary } = await examine({ adapters: [], wallMs: 5_000, capNetAdmin: false });
  assert.equal(summary, "2 problems, 1 warning.\n");
});

test("doctor tells the names of the broker's certificate, and warns a week before it expires", async () => {
  const shown = (names: string | null, validTo: string) => {
    return examine({ brokerCertificate: { names, validFrom: new Date(0), validTo: new Date(validTo) } });
  };
  const good = await shown("a.example, b.example", "2026-01-19");
  assert.ok(
    good.lines.includes("ok       broker certificate: is for a.example, b.example, and is valid until 2026-01-19"),
  );
  const old = await shown(null, "2026-01-14");
  assert.match(
    old.lines.join("\n"),
    /^warning {2}broker certificate: has no name, and .*, 2 days from now; renew it$/m,
  );
});

/** What is found about `subject`, and nothing else is wrong. */
async function found(subject: string, host: Host, yaml?: string): Promise<string | undefined> {
  const { code, lines } = await examine(host, yaml);
  assert.equal(code, 0);
  return lines.find((line) => line.slice(9).startsWith(`${subject}:`));
}

test("doctor warns of a clock that no NTP sets, and does not claim what it cannot know", async () => {
  const kernel = (synchronized: boolean | null) => ({ kernel: { isClockSynchronized: () => synchronized } });
  assert.match(await found("clock", kernel(false)) ?? "", /^warning .*nothing has set it by NTP.*set-ntp true/);
  assert.match(await found("clock", kernel(null)) ?? "", /^ok .*is not known here$/);
  const systemFiles = { "/run/systemd/timesync/synchronized": "" };
  assert.match(await found("clock", { ...kernel(false), systemFiles }) ?? "", /^ok .*kept right by NTP$/);
});

test("doctor warns of an SD card that is full, or was made read-only", async () => {
  const card = (freeBytes: number, isReadOnly = false) => ({
    kernel: { fileSystem: () => ({ freeBytes, isReadOnly }) },
  });
  assert.match(await found("storage", card(90e6)) ?? "", /^warning .*: 90 MB free .* may need 250 MB; /);
  assert.match(await found("storage", card(5e9, true)) ?? "", /^warning .*cannot be written.*read-only; `dmesg`/);
  assert.equal(await found("storage", { kernel: { fileSystem: () => null } }), undefined);
});

test("doctor tells a Raspberry Pi's temperature and what its firmware saw, and nothing of other machines", async () => {
  const zone = "/sys/class/thermal/thermal_zone0";
  const at = (temp: string, type = "cpu-thermal\n") => ({
    systemFiles: { [`${zone}/type`]: type, [`${zone}/temp`]: temp },
  });
  assert.equal(await found("temperature", at("54321\n")), "ok       temperature: 54.3 °C");
  assert.match(await found("temperature", at("80500\n")) ?? "", /^warning .*80\.5 °C: .*; cool it$/);
  assert.equal(await found("temperature", at("54321\n", "acpitz\n")), undefined);
  assert.equal(await found("temperature", at("nonsense\n")), undefined);
  const firmware = (text: string) => ({
    systemFiles: { "/sys/devices/platform/soc/soc:firmware/get_throttled": text },
  });
  assert.match(await found("power", firmware("0\n")) ?? "", /^ok /);
  assert.match(
    await found("power", firmware("50005\n")) ?? "",
    /^warning .*: the firmware sees under-voltage, throttling: /,
  );
  assert.match(
    await found("power", firmware("80000\n")) ?? "",
    /^warning .*since the start the firmware has seen the soft temperature limit: /,
  );
  assert.equal(await found("power", firmware("?\n")), undefined);
  assert.equal(await found("power", {}), undefined);
});

test("doctor tells whether the service works with the file that is looked at, and what that says now", async () => {
  const now = defaultConfig("s1");
  const against = (config: Config, file: string | null = "c.yaml"): { against: AgainstRunning } => ({
    against: {
      running: { args: ["run"], file, env: {}, config: redact(now) },
      reading: { config, digest: "d2", record: "", warnings: [] },
    },
  });
  assert.equal(await found("in force", {}), undefined);
  assert.equal(await found("in force", against(now)), "ok       in force: the service works with c.yaml as it is now");
  const quieter = { ...now, filter: { ...now.filter, min_rssi: -60 } };
  assert.match(
    await found("in force", against(quieter)) ?? "",
    /^warning .*c\.yaml as it was before: filter\.min_rssi; `sudo systemctl reload bt-scanner`/,
  );
  const renamed = { ...now, scanner: { ...now.scanner, id: "s2" } };
  assert.match(await found("in force", against(renamed)) ?? "", /scanner\.id.*; `sudo systemctl restart bt-scanner`/);
  assert.match(
    await found("in force", against(now, "/etc/other.yaml")) ?? "",
    /^warning .*works with \/etc\/other\.yaml, and c\.yaml is looked at here; name its file with --config$/,
  );
  const { running } = against(now).against;
  const refused = { running, reading: { problems: ["c.yaml:1:1: wrong"], warnings: [] } };
  assert.match(
    await found("in force", { against: refused }) ?? "",
    /^warning .*would be refused: c\.yaml:1:1: wrong; /,
  );
  assert.equal(await found("in force", { against: "use sudo" }), "ok       in force: not known: use sudo");
});

test("doctor asks whoever listens at http.listen, and tells where nobody may", async () => {
  const yaml = "scanner: { id: s1 }\nhttp: { listen: '127.0.0.1:9464', allowed_hosts: [pi.local] }";
  const cases: [Readiness, RegExp][] = [
    [{ kind: "free" }, /^ok .*127\.0\.0\.1:9464 is free/],
    [
      { kind: "answered", code: 200, text: "ok" },
      /^ok .*is ready; requests may call it localhost, its address, pi\.local$/,
    ],
    [{ kind: "answered", code: 503, text: "not scanning: none" }, /^warning .*answers: not scanning: none$/],
    [{ kind: "answered", code: 404, text: "?" }, /^warning .*something else answers \(404\); /],
    [{ kind: "unavailable", reason: "in use" }, /^warning .*in use; set http\.listen/],
  ];
  for (const [readiness, words] of cases) assert.match(await found("http", { readiness }, yaml) ?? "", words);
  assert.equal(await found("http", {}), undefined);
  const socket = "scanner: { id: s1 }\nhttp: { listen: 'unix:/run/x/http.sock' }";
  const bound = { systemFiles: { "/proc/net/unix": "Num\n0: 2 0 10000 1 1 7 /run/x/http.sock\n" } };
  assert.match(await found("http", bound, socket) ?? "", /^ok .*somebody listens at \/run\/x\/http\.sock/);
  assert.match(
    await found("http", {
      kernel: { fileSystem: (path) => path === "/run/x" ? null : KERNEL.fileSystem(path) },
    }, socket) ?? "",
    /^warning .*\/run\/x does not exist/,
  );
});

test("doctor warns where the folder of metrics.textfile is missing or read-only", async () => {
  const yaml = "scanner: { id: s1 }\nmetrics: { textfile: /var/lib/node/ble.prom }";
  const folder = (facts: ReturnType<KernelFacts["fileSystem"]>): Host => ({
    kernel: { fileSystem: (path) => path === "/var/lib/node" ? facts : KERNEL.fileSystem(path) },
  });
  assert.match(await found("textfile", folder(null), yaml) ?? "", /^warning .*\/var\/lib\/node does not exist/);
  assert.match(await found("textfile", folder({ freeBytes: 1, isReadOnly: true }), yaml) ?? "", /^warning .*read-only/);
  assert.match(await found("textfile", {}, yaml) ?? "", /^ok .*ble\.prom can be written, unless the service/);
  const systemFiles = { "/sys/fs/cgroup/system.slice/bt-scanner.service/cgroup.procs": "42\n" };
  const strict = {
    fileSystem: (path: string) => ({ freeBytes: 5e9, isReadOnly: path.startsWith("/proc/42/root/var/lib") }),
  };
  assert.match(
    await found("textfile", { systemFiles, kernel: strict }, yaml) ?? "",
    /^warning .*read-only for the service; `ReadWritePaths=\/var\/lib\/node` in the unit/,
  );
});

test("doctor looks for the description that Home Assistant reads, where it is enabled", async () => {
  const yaml = "scanner: { id: s1 }\nhome_assistant: { enabled: true }";
  const topic = "homeassistant/device/bt-scanner_s1/config";
  assert.match(await found("home assistant", { echo: { kind: "heard", kept: [topic] } }, yaml) ?? "", /^ok .*keeps/);
  assert.match(await found("home assistant", {}, yaml) ?? "", /^warning .*no description is seen in homeassistant\//);
  assert.equal(await found("home assistant", {}), undefined);
});
