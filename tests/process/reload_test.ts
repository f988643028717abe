import assert from "node:assert/strict";
import { linuxHost, readText } from "../../src/hci/mod.ts";
import { recordPath } from "../../src/systemd/mod.ts";
import { Certificates } from "../support/certificates.ts";
import { finalCounts } from "../support/counts.ts";
import { Mosquitto, mosquittoTest, tlsTest } from "../support/mosquitto.ts";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { Program } from "../support/program.ts";
import { Subscriber } from "../support/subscriber.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { waitFor } from "../support/wait_for.ts";

const RELOADED = "configuration reloaded";
const PASSWORD = { BT_SCANNER_MQTT_BROKER_PASSWORD: "never told" };

/** An agent with a configuration file of its own, at a Mosquitto of its own. */
class ReloadBench implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly broker: Mosquitto, readonly folder: TemporaryFolder) {
    this.#stack.use(broker);
    this.#stack.use(folder);
  }

  static async start(broker?: string): Promise<ReloadBench> {
    return new ReloadBench(await Mosquitto.start(broker), await TemporaryFolder.make());
  }

  get file(): string {
    return `${this.folder.path}/config.yaml`;
  }

  /** Writes the configuration: at this broker, with these sections, each on a line. */
  async configure(...sections: string[]): Promise<void> {
    const usual: Record<string, string> = {
      scanner: "{ id: s1, source: simulate }",
      simulate: "{ devices: 50, rate: 200 }",
      mqtt: this.mqtt(),
      log: "{ format: json }",
    };
    for (const section of sections) usual[section.split(":", 1)[0] ?? ""] = section.slice(section.indexOf(":") + 1);
    const lines = Object.entries(usual).map(([key, value]) => `${key}: ${value}\n`);
    const whole = `${this.file}.new`; // never read while half of it is written
    await Deno.writeTextFile(whole, lines.join(""));
    await Deno.rename(whole, this.file);
  }

  mqtt(more = ""): string {
    return `{ broker: { host: 127.0.0.1, port: ${this.broker.port} }${more} }`;
  }

  /** Starts the agent, and waits until it publishes. */
  async run(env: Record<string, string> = {}): Promise<Program> {
    const program = this.#stack.use(new Program(["run", "--config", this.file], env));
    await program.logged("broker connected");
    await program.logged("scanning");
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Sends SIGHUP; resolves to what was logged of it. */
async function reload(program: Program, event = RELOADED): Promise<Readonly<Record<string, unknown>>> {
  const from = program.log.length;
  program.kill("SIGHUP");
  return (await program.logged(event, from)).fields;
}

mosquittoTest("SIGHUP changes what can change while run goes on, and says what", async () => {
  await using bench = await ReloadBench.start();
  await bench.configure();
  const program = await bench.run();
  await using subscriber = await Subscriber.open(bench.broker.port, "#");
  const digest = () => JSON.parse(subscriber.payloads("ble/status/s1").at(-1) ?? "{}").config_digest;
  assert.deepEqual(await reload(program), { changed: "nothing", scan: "goes on", connection: "stays" });
  await waitFor(() => digest() !== undefined, "the status");
  const digestBefore = digest();
  await bench.configure("publisher: { topic_prefix: other }", "filter: { min_rssi: -60 }", "stats: { interval_s: 1 }");
  assert.deepEqual(await reload(program), {
    changed: "filter.min_rssi, publisher.topic_prefix, stats.interval_s",
    scan: "goes on",
    connection: "stays",
  });
  await waitFor(() => subscriber.messages.some(({ topic }) => topic.startsWith("other/s1/")), "the other topic");
  await waitFor(() => digest() !== digestBefore, "the other digest");
  const since = subscriber.messages.length;
  await waitFor(
    () => subscriber.messages.slice(since).filter(({ topic }) => topic === "ble/stats/s1").length > 1,
    "two",
  );
  for (const { topic, payload } of subscriber.messages.slice(since)) {
    if (topic.startsWith("other/")) assert.ok(JSON.parse(payload).rssi >= -60);
    else assert.doesNotMatch(topic, /^ble\/raw/);
  }
  await bench.configure("log: { format: json, level: warning }");
  await reload(program);
  const lines = program.log.length;
  program.kill("SIGTERM");
  assert.equal((await program.ended()).code, 0);
  assert.deepEqual(program.log.slice(lines).filter(({ level }) => level === "info"), []);
  assert.equal(program.log.filter(({ event }) => event === "scanning").length, 1);
});

mosquittoTest(
  "SIGHUP with a wrong file, none, or a change that takes a restart leaves everything as it was",
  async () => {
    await using bench = await ReloadBench.start();
    await bench.configure();
    const program = await bench.run();
    await using subscriber = await Subscriber.open(bench.broker.port, "ble/status/s1");
    const warning = () => JSON.parse(subscriber.payloads().at(-1) ?? "{}").warning;
    const refuses = async (problems: readonly RegExp[]) => {
      const from = program.log.length;
      assert.deepEqual((await reload(program, "configuration refused"))["problems"], problems.length);
      const told = program.log.slice(from).filter(({ event }) => event === "configuration problem");
      problems.forEach((problem, index) => assert.match(String(told[index]?.fields["problem"]), problem));
      await waitFor(() => problems[0]?.test(warning() ?? "") === true, "the status to tell");
    };
    await bench.configure("filter: { min_rsi: -60 }", "stats: { interval_s: never }");
    await refuses([
      /config\.yaml:5:\d+: filter\.min_rsi: there is no such key; did you mean "min_rssi"\?/,
      /interval_s/,
    ]);
    await bench.configure("scanner: { id: s2, source: simulate, mode: passive }");
    await refuses([/^scanner\.id: changes only with a restart|: scanner\.id: changes only with a restart/]);
    await Deno.remove(bench.file);
    await refuses([/config\.yaml: there is no such file/]);
    const password = "never told";
    await bench.configure(`mqtt: ${bench.mqtt().replace(" }", `, username: u, password: ${password}, prot: 1 }`)}`);
    await refuses([/mqtt\.broker\.prot: there is no such key/]);
    const missing = `${bench.folder.path}/none`;
    await bench.configure(`mqtt: ${bench.mqtt().replace(" }", `, username: u, password_file: ${missing} }`)}`);
    await refuses([/password_file: .*none/]);
    await bench.configure();
    await reload(program);
    await waitFor(() => warning() === null, "the warning to go");
    assert.equal(program.log.filter(({ event }) => event === "broker connected" || event === "scanning").length, 2);
    assert.ok(!program.text.includes(password));
  },
);

mosquittoTest(
  "SIGHUP moves to another broker: the old one has the last statistics, then offline, and no will",
  async () => {
    await using bench = await ReloadBench.start();
    await using other = await Mosquitto.start();
    await bench.configure();
    const program = await bench.run();
    await using left = await Subscriber.open(bench.broker.port, "ble/status/s1", "ble/stats/s1");
    await using joined = await Subscriber.open(other.port, "#");
    await bench.configure(
      `mqtt: { broker: { host: 127.0.0.1, port: ${other.port} } }`,
      "scanner: { id: s1, source: simulate, mode: passive }",
    );
    assert.deepEqual(await reload(program), {
      changed: "scanner.mode, mqtt.broker.port",
      scan: "begins anew",
      connection: "made anew",
    });
    await joined.until(20);
    const isOffline = () => JSON.parse(left.payloads("ble/status/s1").at(-1) ?? "{}").status === "offline";
    await waitFor(isOffline, "the word to the old one");
    assert.equal(JSON.parse(joined.payloads("ble/status/s1")[0] ?? "").status, "online");
    const { fields } = await program.logged("scanning", program.log.findIndex(({ event }) => event === RELOADED));
    assert.equal(fields["mode"], "passive");
    program.kill("SIGTERM");
    assert.equal((await program.ended()).code, 0);
    const last = left.messages.slice(-2);
    assert.deepEqual(last.map(({ topic }) => topic), ["ble/stats/s1", "ble/status/s1"]);
    const { status, reason } = JSON.parse(last[1]?.payload ?? "");
    assert.deepEqual([status, reason], ["offline", "reconnecting with a changed configuration"]);
    assert.ok(finalCounts(program.log).received > 0);
  },
);

mosquittoTest(
  "every message is counted once though the configuration changes all the time, at 1,000 a second",
  async () => {
    await using bench = await ReloadBench.start(
      "allow_anonymous true\nmax_queued_messages 0\nlistener {port} 127.0.0.1",
    );
    await using subscriber = await Subscriber.open(bench.broker.port, "ble/raw/#");
    /** In turn the filter, the connection and the scan change, in every second round two of them. */
    const configure = (round: number) =>
      bench.configure(
        `filter: { min_rssi: ${-100 + round % 3} }`,
        `mqtt: ${bench.mqtt(`, client: { qos: 1, keep_alive: ${60 + Math.floor(round / 2)} }`)}`,
        `simulate: { devices: 200, rate: 1000, seed: ${Math.floor(round / 3)} }`,
      );
    await configure(0);
    const program = await bench.run();
    for (let round = 1; round <= 9; round++) {
      const count = subscriber.messages.length;
      await waitFor(() => subscriber.messages.length > count + 300, "messages after a reload");
      const from = program.log.length; // a signal of the round before may be what takes the next file
      await configure(round);
      const reloaded = () =>
        program.log.slice(from).some(({ event, fields }) => event === RELOADED && fields["changed"] !== "nothing");
      for (let i = 0; i <= round % 3; i++) program.kill("SIGHUP");
      await waitFor(reloaded, `reload ${round}`);
    }
    program.kill("SIGTERM");
    assert.equal((await program.ended()).code, 0);
    const { published, dropped_offline, dropped_unacknowledged, filtered } = finalCounts(program.log);
    assert.deepEqual([program.log.filter(({ event }) => event === "broker connected").length, filtered > 0], [5, true]);
    await waitFor(() => subscriber.messages.length >= published, "all that was published");
    const seen = subscriber.messages.length;
    assert.ok(seen <= published + dropped_offline + dropped_unacknowledged, `${seen} seen, ${published} published`);
  },
);

mosquittoTest("SIGTERM while the configuration is read, or the connection made anew, ends run cleanly", async () => {
  await using bench = await ReloadBench.start();
  await bench.configure();
  const program = await bench.run();
  await bench.configure(`mqtt: ${bench.mqtt(", client: { keep_alive: 30 }")}`);
  for (let i = 0; i < 20; i++) program.kill("SIGHUP");
  program.kill("SIGTERM");
  const { code, stderr } = await program.ended();
  assert.equal(code, 0, stderr);
  finalCounts(program.log);
});

tlsTest(
  "SIGHUP takes certificates that were replaced, though the configuration names the same files",
  async () => {
    await using certificates = await Certificates.make();
    await using bench = await ReloadBench.start(
      [
        "allow_anonymous true\nlistener {port} 127.0.0.1\nrequire_certificate true\nuse_identity_as_username true",
        `cafile ${certificates.certificate("ca")}`,
        `certfile ${certificates.certificate("broker")}\nkeyfile ${certificates.key("broker")}`,
      ].join("\n"),
    );
    const own = `${bench.folder.path}/own`;
    const take = async (name: string) => {
      await Deno.copyFile(certificates.certificate(name), `${own}.crt`);
      await Deno.copyFile(certificates.key(name), `${own}.key`);
    };
    await take("client");
    const tls = `{ enabled: true, ca_file: ${
      certificates.certificate("ca")
    }, cert_file: ${own}.crt, key_file: ${own}.key }`;
    await bench.configure(`mqtt: { broker: { host: 127.0.0.1, port: ${bench.broker.port}, tls: ${tls} } }`);
    const program = await bench.run();
    assert.equal((await reload(program))["connection"], "stays");
    await Deno.copyFile(certificates.certificate("renewed"), `${own}.crt`);
    await reload(program, "configuration refused"); // the key is another one's
    await take("renewed");
    const { connection, reason } = await reload(program);
    assert.deepEqual([connection, reason], ["made anew", "the password or a certificate is another one"]);
    await waitFor(async () => /u'renewed'/.test(await bench.broker.log()), "the broker to know it by the new one");
  },
);

mosquittoTest("a service lets root see what it works with, before and after a reload, and no secret", async () => {
  using systemd = NotifyReceiver.abstract();
  using libc = linuxHost.openLibc();
  await using bench = await ReloadBench.start();
  await bench.configure();
  const program = await bench.run({ NOTIFY_SOCKET: systemd.name, BT_SCANNER_MQTT_BROKER_USERNAME: "u", ...PASSWORD });
  const record = () => {
    const path = recordPath(program.pid, (link) => libc.readlink(link));
    return path === null ? "" : readText(libc, path) ?? "";
  };
  const { args, file, config } = JSON.parse(record());
  assert.deepEqual([args, file, config.filter.min_rssi], [["run", "--config", bench.file], bench.file, null]);
  await bench.configure("filter: { min_rssi: -60 }");
  await reload(program);
  // Another one takes its place: it may be empty still, or the one before may be closed already.
  const isNew = () => {
    try {
      return JSON.parse(record()).config.filter.min_rssi === -60;
    } catch (error) {
      if (error instanceof SyntaxError) return false;
      throw error;
    }
  };
  await waitFor(isNew, "the new one");
  assert.ok(!record().includes(PASSWORD.BT_SCANNER_MQTT_BROKER_PASSWORD));
  await using other = new Program(["run", "--config", bench.file, "--scanner-id", "s2"]);
  await other.logged("scanning");
  assert.equal(recordPath(other.pid, (link) => libc.readlink(link)), null);
});

mosquittoTest("run tells systemd that it reloads, when by the kernel's clock, and that it is ready again", async () => {
  using systemd = NotifyReceiver.abstract();
  using libc = linuxHost.openLibc();
  await using bench = await ReloadBench.start();
  await bench.configure();
  const program = await bench.run({ NOTIFY_SOCKET: systemd.name });
  await systemd.line("READY=1");
  const beganUs = libc.monotonicUs();
  await reload(program);
  await systemd.line("RELOADING=1");
  const [line = ""] = systemd.lines("MONOTONIC_USEC=");
  const atUs = BigInt(line.split("=")[1] ?? "");
  assert.ok(atUs >= beganUs && atUs <= libc.monotonicUs(), `${atUs}, began at ${beganUs}`);
  await waitFor(() => /^READY=1$/m.test(systemd.receive().at(-1) ?? ""), "that it is ready again");
});
