import assert from "node:assert/strict";
import fc from "fast-check";
import { isOwnHost } from "../../src/http/own_host.ts";
import { test } from "../support/test.ts";

const own: readonly (readonly [header: string, localAddress: string | undefined])[] = [
  ["localhost", "127.0.0.1"],
  ["LOCALHOST:9464", "127.0.0.1"],
  ["localhost.", "127.0.0.1"],
  ["localhost:8080", undefined],
  ["127.0.0.1:9464", "::ffff:127.0.0.1"],
  ["[::1]:9464", "::1"],
  ["[0:0::1]", "::1"],
  ["192.0.2.7:9464", "192.0.2.7"],
  ["192.0.2.7:9464", "::ffff:192.0.2.7"],
  ["[2001:DB8::7]", "2001:db8:0::7"],
  ["pi7.local", "192.0.2.7"],
  ["[2001:db8::8]", "2001:db8::7"],
];

for (const [header, localAddress] of own) {
  test(`isOwnHost() knows ${header} at ${localAddress ?? "a Unix socket"}`, () => {
    assert.equal(isOwnHost(header, localAddress, ["pi7.local", "2001:db8::8"]), true);
  });
}

const foreign: readonly (string | undefined)[] = [
  undefined,
  "",
  "evil.example",
  "evil.example:9464",
  "localhost.evil.example",
  "evil.example#localhost",
  "evil.example@localhost",
  "localhost@evil.example",
  "localhost, evil.example",
  "192.0.2.8",
  "[::2]",
  "pi7.local.evil.example",
  "undefined",
  ":9464",
];

for (const header of foreign) {
  test(`isOwnHost() does not know ${header}`, () => {
    assert.equal(isOwnHost(header, "192.0.2.7", ["pi7.local"]), false);
    assert.equal(isOwnHost(header, undefined, []), false);
  });
}

test("isOwnHost() knows no name that it was not told, whatever is sent", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6().map((ip) => `[${ip}]`)), (header) => {
    if (!isOwnHost(header, "192.0.2.7", ["pi7.local"])) return;
    const { hostname } = new URL(`http://${header}`);
    assert.match(hostname, /^(localhost|127\.0\.0\.1|\[::1\]|192\.0\.2\.7|pi7\.local)\.?$/);
  }));
});
