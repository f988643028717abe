import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ConnectionFailure, explain, type Progress } from "../../src/mqtt/failure.ts";
import { test } from "../support/test.ts";

const progress = (stage: Progress["stage"]): Progress => ({ stage, connectTimeoutMs: 5_000, keepAliveS: 60 });
const coded = (code: string | number, message = "socket hang up") => Object.assign(new Error(message), { code });

test("explain() says what a code means, and what to do", () => {
  const cases: readonly (readonly [string, string, RegExp, RegExp])[] = [
    ["ECONNREFUSED", "unreachable", /nothing listens/, /mqtt.broker.port/],
    ["ENOTFOUND", "unreachable", /does not resolve/, /mqtt.broker.host/],
    ["EAI_AGAIN", "unreachable", /name resolution/, /network/],
    ["ETIMEDOUT", "unreachable", /timed out/, /network/],
    ["EHOSTUNREACH", "unreachable", /no route/, /network/],
    ["ENETUNREACH", "unreachable", /network/, /network/],
    ["CERT_HAS_EXPIRED", "unfit", /expired/, /clock/],
    ["CERT_NOT_YET_VALID", "unfit", /not valid yet/, /clock/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "unfit", /another name/, /server_name/],
    ["SELF_SIGNED_CERT_IN_CHAIN", "unfit", /not trusted/, /ca_file/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unfit", /not trusted/, /ca_file/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "rejected", /wants a client certificate/, /cert_file/],
    ["ERR_SSL_UNSUPPORTED_PROTOCOL", "rejected", /belong together/, /key_file.*TLS 1.2/],
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
