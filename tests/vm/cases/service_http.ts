// vm: VM_INIT=systemd VM_FAKE_ARGS='--fleet 20 --rate 20' VM_FILES="config" VM_TIMEOUT=600
// on: amd64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { run } from "../guest.ts";
import { configure, install, PATIENCE_MS, Service } from "../service.ts";

await install();

/** As for TLS: an executable of an older Deno says that it listens on a Unix socket, and does not. */
const HAS_SOCKETS = !Deno.env.has("TEST_WITHOUT_TLS");
const SOCKET = "/run/bt-scanner/http.sock", FILE = "/run/bt-scanner/bt-scanner.prom";

function yaml(port: number, listen: string): string {
  return [
    "scanner: { id: s1 }",
    `mqtt: { broker: { host: localhost, port: ${port} } }`,
    `http: { listen: "${listen}" }`,
    `metrics: { textfile: ${FILE}, interval_s: 1 }`,
  ].join("\n");
}

test("within the unit's restrictions run answers on a port and on a socket, and writes metrics, and leaves neither", async () => {
  await using broker = await Mosquitto.start();
  await using service = await Service.of("bt-scanner.service");
  await configure(yaml(broker.port, "127.0.0.1:9464"));
  await run("systemctl", "start", service.unit).catch(async (error) => {
    console.log(await service.journal());
    throw error;
  });
  await service.shows("StatusText", /^scanning with hci0; connected; [1-9]/);
  const metrics = await (await fetch("http://127.0.0.1:9464/metrics")).text();
  assert.match(metrics, /^bt_scanner_scan_state\{scanner_id="s1",state="scanning"\} 1$/m);
  assert.match(metrics, /^bt_scanner_adapter_info\{scanner_id="s1",adapter="hci0"/m);
  assert.match(metrics, /^process_cpu_seconds_total\{scanner_id="s1"\} [0-9.]+$/m);
  assert.match(metrics, /^process_open_fds\{scanner_id="s1"\} [1-9]/m);
  assert.equal(await (await fetch("http://127.0.0.1:9464/readyz")).text(), "ok\n");

  await waitFor(async () => /received_total/.test(await Deno.readTextFile(FILE).catch(() => "")), FILE, PATIENCE_MS);
  assert.equal(((await Deno.stat(FILE)).mode ?? 0) & 0o777, 0o644);

  if (!HAS_SOCKETS) return console.log("left out: a Unix socket, which this executable's older Deno does not have");
  await configure(yaml(broker.port, `unix:${SOCKET}`));
  await run("systemctl", "reload", service.unit);
  await waitFor(() => Deno.lstat(SOCKET).then(({ isSocket }) => isSocket === true, () => false), SOCKET, PATIENCE_MS);
  assert.equal(((await Deno.stat(SOCKET)).mode ?? 0) & 0o077, 0); // root's and its own
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: SOCKET } });
  assert.equal(await (await fetch("http://localhost/healthz", { client })).text(), "ok\n");
  client.close();

  await run("systemctl", "stop", service.unit);
  assert.deepEqual([await service.show("Result"), await service.show("ExecMainStatus")], ["success", "0"]);
  await assert.rejects(Deno.stat("/run/bt-scanner"), Deno.errors.NotFound);
});
