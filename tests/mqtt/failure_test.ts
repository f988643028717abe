import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ConnectionFailure, explain, type Progress } from "../../src/mqtt/failure.ts";
import type { MqttOptions, TlsOptions } from "../../src/mqtt/mod.ts";
import { mqttOptions } from "../support/publishing.ts";
import { test } from "../support/test.ts";

const progress = (stage: Progress["stage"]): Progress => ({
  stage,
  offer: mqttOptions(1883),
  connectTimeoutMs: 5_000,
  keepAliveS: 60,
});
const coded = (code: string | number, message = "socket hang up") => Object.assign(new Error(message), { code });

test("explain() says what a code means, and what to do", () => {
  const cases: readonly (readonly [string, string, RegExp, RegExp])[] = [
    ["ECONNREFUSED", "unreachable", /nothing is listening/, /mqtt.broker.port/],
    ["ENOTFOUND", "unreachable", /does not resolve/, /mqtt.broker.host/],
    ["EAI_AGAIN", "unreachable", /name resolution/, /network/],
    ["ETIMEDOUT", "unreachable", /timed out/, /network/],
    ["EHOSTUNREACH", "unreachable", /no route/, /network/],
    ["ENETUNREACH", "unreachable", /network/, /network/],
    ["CERT_HAS_EXPIRED", "unfit", /expired/, /clock/],
    ["CERT_NOT_YET_VALID", "unfit", /not yet valid/, /clock/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "unfit", /another name/, /server_name/],
    ["SELF_SIGNED_CERT_IN_CHAIN", "unfit", /not trusted/, /ca_file/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unfit", /not trusted/, /ca_file/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "rejected", /requires a client certificate/, /cert_file/],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "rejected", /does not trust the client's certificate/, /cert_file/],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "rejected", /neither TLS 1.2 nor 1.3$/, /the broker's TLS/],
    ["EINVAL", "unreachable", /link-local/, /mqtt.broker.host/],
    ["ECONNRESET", "unresponsive", /reset before the broker answered/, /broker's log/],
    ["EPIPE", "unresponsive", /reset before the broker answered/, /broker's log/],
    ["ERR_SSL_SOMETHING_NEW", "rejected", /TLS failed: socket hang up/, /mqtt.broker.tls/],
    ["ESOMETHING_ELSE", "unresponsive", /socket hang up/, /^$/],
  ];
  for (const [code, kind, reason, remedy] of cases) {
    const failure = explain(coded(code), progress("connecting"));
    equal(failure.kind, kind, code);
    match(failure.message, reason);
    match(failure.remedy ?? "", remedy);
  }
});

test("explain() names the return code of CONNACK", () => {
  const reasons = [1, 2, 3, 4, 5, 99].map((code) => explain(coded(code), progress("tcp")));
  deepEqual(reasons.map(({ kind, message }) => [kind, message]), [
    ["rejected", "broker refused the connection: unacceptable protocol version (1)"],
    ["rejected", "broker refused the connection: identifier rejected (2)"],
    ["unresponsive", "broker refused the connection: server unavailable (3)"],
    ["rejected", "broker refused the connection: bad user name or password (4)"],
    ["rejected", "broker refused the connection: not authorised (5)"],
    ["rejected", "broker refused the connection: unknown return code (99)"],
  ]);
  match(reasons[3]?.remedy ?? "", /username.*password_file/);
  match(reasons[4]?.remedy ?? "", /username.*password_file/);
  ok(reasons.every(({ remedy }) => remedy !== null));
});

test("explain() tells a broker that is away from one that does not answer", () => {
  const timeout = new Error("connack timeout");
  equal(explain(timeout, progress("connecting")).kind, "unreachable");
  match(explain(timeout, progress("connecting")).message, /no TCP connection within 5000 ms/);
  equal(explain(timeout, progress("tcp")).kind, "unresponsive");
  match(explain(timeout, progress("tcp")).message, /did not answer within 5000 ms/);
  equal(explain(null, progress("tcp")).kind, "unresponsive");
  match(explain(null, progress("tcp")).remedy ?? "", /TLS/);
});

test("explain() takes whatever ends an accepted connection for a drop", () => {
  for (const error of [null, coded("ECONNRESET"), coded("EHOSTUNREACH"), new Error("Keepalive timeout")]) {
    equal(explain(error, progress("accepted")).kind, "dropped");
    equal(explain(error, progress("accepted")).remedy, null);
  }
  match(explain(new Error("Keepalive timeout"), progress("accepted")).message, /nothing heard .* for 90 s/);
});

test("explain() keeps the error as the cause, and a failure as it is", () => {
  const error = coded("ECONNREFUSED");
  equal(explain(error, progress("connecting")).cause, error);
  const failure = new ConnectionFailure("rejected", "cannot read x", null);
  equal(explain(failure, progress("connecting")), failure);
});

const tls: TlsOptions = {
  caFile: null,
  certFile: null,
  keyFile: null,
  serverName: null,
  alpn: null,
  insecureSkipVerify: false,
};

/** What may be wrong, likeliest first, where the broker closed after seeing this. */
function suspects(port: number, changes: Partial<MqttOptions> = {}, stage: Progress["stage"] = "tls"): string[] {
  const { remedy } = explain(null, { ...progress(stage), offer: mqttOptions(port, changes) });
  const [, list = ""] = /^see the broker's log; possible causes, most likely first: (.*)$/.exec(remedy ?? "") ?? [];
  return list.split("; ");
}

test("explain() suspects TLS first where it is off on a port that usually has it, and later elsewhere", () => {
  match(suspects(8883)[0] ?? "", /it expects TLS on port 8883 \(mqtt\.broker\.tls\.enabled\)/);
  match(suspects(1883).join("; "), /it expects TLS on port 1883/);
  ok(!suspects(8883, { tls }).join().includes("expects TLS"));
});

test("explain() suspects that there is no TLS where the broker closes in its handshake, and nothing it has not seen", () => {
  const will = { topic: "ble/status/a.b", payload: "{}", retain: true } as const;
  for (const port of [1883, 8886]) {
    match(suspects(port, { tls }, "tcp")[0] ?? "", /^it does not speak TLS on port (1883|8886) \(mqtt\.broker\.port, /);
  }
  const usual = suspects(8883, { tls, will }, "tcp");
  match(usual[0] ?? "", /requires a client certificate/);
  ok(usual.join().includes("does not speak TLS"));
  for (const unseen of ["user name", "dots", "will", "identifier", "storage"]) {
    ok(!usual.join().includes(unseen), unseen);
  }
  ok(!suspects(1883, { tls }).join().includes("speak TLS"));
});

test("explain() suspects a dot or space in the will's topic first", () => {
  const will = (topic: string) => ({ will: { topic, payload: "{}", retain: true } as const });
  match(
    suspects(1883, will("ble/status/a.b"))[0] ?? "",
    /no dots or spaces in a topic, like NATS, and ble\/status\/a\.b/,
  );
  match(suspects(1883, will("my house/s1"))[0] ?? "", /like NATS/);
  ok(!suspects(1883, will("ble/status/s1")).join().includes("NATS"));
});

test("explain() names everything that makes brokers close, by what is configured", () => {
  const all = suspects(443, {
    tls,
    username: "u",
    clientId: "bt-mqtt-s1",
    will: { topic: "ble/status/s1", payload: "{}", retain: true },
  });
  for (
    const words of [
      /ALPN.*8883/,
      /client certificate/,
      /does not accept u with this password/,
      /no retained will.*status\.enabled/,
      /does not accept bt-mqtt-s1 as a client identifier/,
      /storage is full.*no packets of this size/,
      /there is no MQTT broker on port 443/,
    ]
  ) ok(all.some((suspect) => words.test(suspect)), String(words));
  match(suspects(1883).join("; "), /requires a user name/);
  ok(!suspects(1883, { clientId: "s1" }).join().includes("identifier"));
});

test("explain() says that a will may be too long for a broker that calls it not authorised", () => {
  const offer = mqttOptions(1883, { will: { topic: "t", payload: "x".repeat(250), retain: true } });
  match(
    explain(coded(5), { ...progress("tcp"), offer }).remedy ?? "",
    /message_size_limit is less than the will's 250/,
  );
  ok(!(explain(coded(5), progress("tcp")).remedy ?? "").includes("message_size_limit"));
});

test("explain() names certificate and key where they may not belong together", () => {
  const offer = mqttOptions(8883, { tls: { ...tls, certFile: "/x/c.pem", keyFile: "/x/k.pem" } });
  const alert = coded("ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR", "received fatal alert: DecryptError");
  for (const error of [alert, coded("ERR_SSL_UNSUPPORTED_PROTOCOL")]) {
    const failure = explain(error, { ...progress("tcp"), offer });
    equal(failure.kind, "rejected");
    match(failure.message, /\/x\/c\.pem and \/x\/k\.pem, do not match/);
    match(failure.remedy ?? "", /renewed.*cert_file and key_file.*bt-scanner check/);
  }
});

test("explain() tells some of the names of a certificate that has another one", () => {
  const named = (count: number) => {
    const subjectaltname = Array.from({ length: count }, (_, i) => `DNS:n${i}.example`).join(", ");
    const error = Object.assign(coded("ERR_TLS_CERT_ALTNAME_INVALID"), { cert: { subjectaltname } });
    return explain(error, progress("tcp")).message;
  };
  equal(named(2), "the broker's certificate is for another name: it is valid for n0.example, n1.example");
  match(named(100), /n7\.example and 92 more$/);
});
