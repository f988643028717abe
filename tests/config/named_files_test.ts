import assert from "node:assert/strict";
import { checkNamedFiles, type FileFacts, renderProblem } from "../../src/config/mod.ts";
import { test } from "../support/test.ts";
import { load } from "./load_support.ts";

const yaml = `scanner: { id: s1, source: replay }
replay: { file: a.btsnoop }
mqtt:
  broker:
    port: 8883
    username: u
    password_file: pw
    tls: { enabled: true, ca_file: ca, cert_file: crt, key_file: key }
`;

async function findings(text: string, facts: (path: string) => FileFacts | Error) {
  const asked: string[] = [];
  const { problems, warnings } = await checkNamedFiles(await load({ yaml: text }), (path) => {
    asked.push(path);
    const answer = facts(path);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { asked, problems: problems.map(renderProblem), warnings: warnings.map(renderProblem) };
}

const FOR_A_SERVICE = ", or let systemd pass secrets to the service (docs/service.md)";

test("checkNamedFiles() is content with files that can be read, and secrets closed to others", async () => {
  assert.deepEqual(await findings(yaml, () => ({ isFile: true, mode: 0o100640, modifiedMs: null })), {
    asked: ["pw", "ca", "crt", "key", "a.btsnoop"],
    problems: [],
    warnings: [],
  });
});

test("checkNamedFiles() tells every file that cannot be read", async () => {
  const { problems } = await findings(
    yaml,
    (path) => path === "ca" ? { isFile: false, mode: 0, modifiedMs: null } : new Error("gone"),
  );
  assert.deepEqual(problems, [
    "c.yaml:7:20: mqtt.broker.password_file: pw cannot be read: gone",
    "c.yaml:8:36: mqtt.broker.tls.ca_file: ca is not a file",
    "c.yaml:8:51: mqtt.broker.tls.cert_file: crt cannot be read: gone",
    "c.yaml:8:66: mqtt.broker.tls.key_file: key cannot be read: gone",
    "c.yaml:2:17: replay.file: a.btsnoop cannot be read: gone",
  ]);
});

test("checkNamedFiles() warns of secrets that everybody can read, and of nothing else", async () => {
  const { warnings } = await findings(yaml, () => ({ isFile: true, mode: 0o100644, modifiedMs: null }));
  assert.deepEqual(warnings, [
    `c.yaml:7:20: mqtt.broker.password_file: everyone on this machine can read pw; chmod o= pw${FOR_A_SERVICE}`,
    `c.yaml:8:66: mqtt.broker.tls.key_file: everyone on this machine can read key; chmod o= key${FOR_A_SERVICE}`,
  ]);
});

test("checkNamedFiles() warns of a configuration file with a password that everybody can read", async () => {
  const text = "scanner: { id: s1 }\nmqtt: { broker: { username: u, password: p } }";
  const { asked, warnings } = await findings(text, () => ({ isFile: true, mode: 0o604, modifiedMs: null }));
  assert.deepEqual(asked, ["c.yaml"]);
  assert.deepEqual(warnings, [`everyone on this machine can read c.yaml; chmod o= c.yaml${FOR_A_SERVICE}`]);
});

test("checkNamedFiles() leaves files alone that have no effect", async () => {
  const text = "scanner: { id: s1 }\nreplay: { file: a }\nmqtt: { broker: { tls: { ca_file: ca } } }";
  assert.deepEqual((await findings(text, () => new Error("asked"))).asked, []);
});
