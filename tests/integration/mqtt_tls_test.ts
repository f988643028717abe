import { deepEqual, equal, match } from "node:assert/strict";
import type { TlsOptions } from "../../src/mqtt/mod.ts";
import { Certificates } from "../support/certificates.ts";
import { Mosquitto, mosquittoTest } from "../support/mosquitto.ts";
import { startPublishing } from "../support/publishing.ts";
import { waitFor } from "../support/wait_for.ts";

/** Mosquitto with TLS alone, and what its clients need. */
class TlsBench implements AsyncDisposable {
  private constructor(readonly certificates: Certificates, readonly broker: Mosquitto) {}

  static async start(certificate = "broker", config = ""): Promise<TlsBench> {
    const certificates = await Certificates.make();
    const lines = [
      "allow_anonymous true",
      "listener {port} 127.0.0.1",
      `cafile ${certificates.certificate("ca")}`,
      `certfile ${certificates.certificate(certificate)}`,
      `keyfile ${certificates.key(certificate)}`,
      config,
    ];
    return new TlsBench(certificates, await Mosquitto.start(lines.join("\n")));
  }

  /** Trusts the trial authority, unless changed. */
  tls(changes: Partial<TlsOptions> = {}): TlsOptions {
    const caFile = this.certificates.certificate("ca");
    return {
      caFile,
      certFile: null,
      keyFile: null,
      serverName: null,
      alpn: null,
      insecureSkipVerify: false,
      ...changes,
    };
  }

  /** Connects and publishes a message; resolves when it was taken. */
  async connects(tls: TlsOptions, host = "localhost"): Promise<void> {
    await using publishing = startPublishing(this.broker.port, { host, tls, qos: 1 });
    await publishing.ready();
    publishing.publish("over TLS");
    await waitFor(() => publishing.settled.length === 1, "PUBACK");
    deepEqual(publishing.settled, [null]);
  }

  /** Fails to connect; what is logged has these parts. */
  async fails(tls: TlsOptions | null, reason: RegExp, remedy: RegExp, level = "error"): Promise<void> {
    await using publishing = startPublishing(this.broker.port, { host: "localhost", tls });
    await waitFor(() => publishing.log.of("broker connection failed").length > 1, "two failures");
    const [record] = publishing.log.of("broker connection failed");
    match(String(record?.fields.reason), reason);
    match(String(record?.fields.remedy), remedy);
    equal(record?.level, level);
    equal(publishing.publish("x"), "offline");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.certificates[Symbol.asyncDispose]();
  }
}

mosquittoTest("MqttPublisher connects with TLS to a broker of an authority that it was told to trust", async () => {
  await using bench = await TlsBench.start();
  await bench.connects(bench.tls());
  await bench.connects(bench.tls(), "127.0.0.1");
});

mosquittoTest("MqttPublisher tells the address that the broker's name led to", async () => {
  await using bench = await TlsBench.start();
  await using publishing = startPublishing(bench.broker.port, { host: "localhost", tls: bench.tls() });
  await publishing.ready();
  equal(publishing.log.of("broker connected")[0]?.fields.address, "127.0.0.1");
  equal(publishing.state.kind === "online" && publishing.state.address, "127.0.0.1");
});

mosquittoTest("MqttPublisher says that a port has no TLS where it was told to use it", async () => {
  await using bench = await TlsBench.start();
  await using plain = await Mosquitto.start();
  await using publishing = startPublishing(plain.port, { host: "localhost", tls: bench.tls() });
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a failure");
  const [record] = publishing.log.of("broker connection failed");
  match(String(record?.fields.reason), /^connection (closed|reset) before the broker answered$/);
  match(String(record?.fields.remedy), /most likely first: it does not speak TLS on port \d+ \(mqtt\.broker\.port, /);
});

mosquittoTest("MqttPublisher refuses a broker of an authority that it does not trust", async () => {
  await using bench = await TlsBench.start();
  await bench.fails(bench.tls({ caFile: bench.certificates.certificate("stranger") }), /not trusted/, /ca_file/);
  await bench.fails(bench.tls({ caFile: null }), /not trusted/, /ca_file/);
});

mosquittoTest("MqttPublisher refuses a broker whose certificate has expired, unless told not to verify", async () => {
  await using bench = await TlsBench.start("expired");
  await bench.fails(bench.tls(), /expired/, /renew/);
  await bench.connects(bench.tls({ insecureSkipVerify: true }));
});

mosquittoTest(
  "MqttPublisher refuses a broker whose certificate is for another name, unless it is the one to expect",
  async () => {
    await using bench = await TlsBench.start("elsewhere");
    await bench.fails(bench.tls(), /another name: it is valid for broker\.example$/, /server_name/);
    await bench.connects(bench.tls({ serverName: "broker.example" }));
  },
);

mosquittoTest(
  "MqttPublisher shows its certificate to a broker that asks for one, read afresh at each attempt",
  async () => {
    await using bench = await TlsBench.start("broker", "require_certificate true");
    await bench.fails(bench.tls(), /requires a client certificate/, /cert_file/);
    const certificate = bench.certificates.certificate("client");
    const foreignKey = bench.tls({ certFile: certificate, keyFile: bench.certificates.key("broker") });
    await bench.fails(foreignKey, /client\.crt and .*broker\.key, do not match/, /renewed.*key_file/);
    const foreign = bench.tls({
      certFile: bench.certificates.certificate("stranger"),
      keyFile: bench.certificates.key("stranger"),
    });
    await bench.fails(foreign, /does not trust the client's certificate/, /cert_file/);
    const certFile = `${bench.broker.folder}/client.crt`;
    await using publishing = startPublishing(bench.broker.port, {
      tls: bench.tls({ certFile, keyFile: bench.certificates.key("client") }),
    });
    await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a failure without the file");
    await Deno.copyFile(certificate, certFile);
    await publishing.ready();
  },
);

mosquittoTest("MqttPublisher says what is wrong where one side expects TLS and the other does not", async () => {
  await using bench = await TlsBench.start();
  await bench.fails(null, /closed before the broker answered|reset/, /TLS/, "warning");
  await using plain = await Mosquitto.start();
  await using publishing = startPublishing(plain.port, { tls: bench.tls() });
  await waitFor(() => publishing.log.of("broker connection failed").length > 0, "a failure");
  match(String(publishing.log.of("broker connection failed")[0]?.fields.reason), /reset|closed|TLS/);
});

mosquittoTest("MqttPublisher does not block or grow when a broker with TLS stops reading", async () => {
  await using bench = await TlsBench.start();
  await using publishing = startPublishing(bench.broker.port, { tls: bench.tls() });
  await publishing.ready();
  bench.broker.signal("SIGSTOP");
  const payload = "x".repeat(100_000);
  await waitFor(() => publishing.publish(payload) === "backpressure", "backpressure");
  bench.broker.signal("SIGCONT");
  await publishing.ready();
});
