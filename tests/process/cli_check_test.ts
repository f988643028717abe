import assert from "node:assert/strict";
import { Certificates } from "../support/certificates.ts";
import { Program } from "../support/program.ts";
import { type ProgramEnd, testWith } from "../support/programs.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";

test("check prints the name of this machine where {hostname} stands, with the permissions that run has", async () => {
  await using folder = await TemporaryFolder.make();
  const config = await folder.write("config.yaml", 'scanner: { id: "x-{hostname}" }\n');
  await using program = new Program(["check", "--config", config]);
  const { code, stdout, stderr } = await program.ended();
  const id = `x-${Deno.hostname()}`;
  if (/^[\w.-]{1,64}$/.test(id)) assert.deepEqual([code, / id: (\S+) /.exec(stdout)?.[1]], [0, id], stderr);
  else assert.match(stderr, /rename this machine/);
});

/** What check says of a client's certificate and key. */
async function checked(cert: string, key: string): Promise<ProgramEnd> {
  await using folder = await TemporaryFolder.make();
  const tls = `{ enabled: true, cert_file: ${cert}, key_file: ${key} }`;
  const config = await folder.write(
    "config.yaml",
    `scanner: { id: s1 }\nmqtt: { broker: { port: 8883, tls: ${tls} } }\n`,
  );
  await using program = new Program(["check", "--config", config]);
  return await program.ended();
}

testWith(["openssl"], "check compares certificate and key, and says which of them is newer", async () => {
  await using certificates = await Certificates.make();
  const [certificate, key] = [certificates.certificate("client"), certificates.key("renewed")];
  const good = await checked(certificate, certificates.key("client"));
  assert.equal(good.code, 0, good.stderr);
  const [older, newer] = [new Date("2026-01-11T10:30:45Z"), new Date("2026-03-11T10:30:45Z")];
  await Deno.utime(certificate, newer, newer);
  await Deno.utime(key, older, older);
  const renewed = await checked(certificate, key);
  assert.equal(renewed.code, 2);
  assert.match(
    renewed.stderr,
    /yaml:2:\d+: mqtt\.broker\.tls\.key_file: .*client\.crt and .*renewed\.key do not match: the certificate is newer \(2026-03-11T10:30:45\.000Z, the other 2026-01-11T10:30:45\.000Z\); a renewed certificate comes with a new key/,
  );
  await Deno.utime(key, new Date("2026-04-01"), new Date("2026-04-01"));
  assert.match((await checked(certificate, key)).stderr, /: the key is newer \(2026-04-01/);
});

testWith(["openssl"], "check says which file contains no certificate, or no key that can be read", async () => {
  await using certificates = await Certificates.make();
  const [certificate, key] = [certificates.certificate("client"), certificates.key("client")];
  const swapped = await checked(key, key);
  assert.match(swapped.stderr, /tls\.cert_file: .*client\.key contains no certificate; it must be in PEM format/);
  const noKey = await checked(certificate, certificate);
  assert.match(
    noKey.stderr,
    /tls\.key_file: .*client\.crt contains no readable private key; .*without a passphrase/,
  );
});
