// vm: VM_INIT=systemd VM_FAKE_ARGS='--fleet 20 --rate 20' VM_FILES="config" VM_TIMEOUT=900
// on: amd64/6.1
// deno-lint-ignore-file no-console
import assert from "node:assert/strict";
import { Mosquitto } from "../../support/mosquitto.ts";
import { test } from "../../support/test.ts";
import { waitFor } from "../../support/wait_for.ts";
import { power, run, startController } from "../guest.ts";
import { MosquittoSub } from "../mosquitto_sub.ts";
import { configure, install, PATIENCE_MS, Service } from "../service.ts";

await install();

function yaml(port: number, id: string, more = ""): string {
  return `scanner: { id: "${id}" }\nmqtt: { broker: { host: localhost, port: ${port} } }\n${more}`;
}

async function logs(service: Service, line: RegExp): Promise<void> {
  await waitFor(async () => line.test(await service.journal()), `${line} in the journal`, PATIENCE_MS).catch(
    async (error) => {
      console.log(await service.journal());
      throw error;
    },
  );
}

test("systemctl reload changes the configuration of the running service, and a wrong one is told", async () => {
  await using broker = await Mosquitto.start();
  await using service = await Service.of("bt-scanner.service");
  await configure(yaml(broker.port, "s1"));
  await run("systemctl", "start", service.unit);
  const pid = await service.show("MainPID");
  const reload = async (more: string) => {
    await configure(yaml(broker.port, "s1", more));
    await run("systemctl", "reload", service.unit);
  };
  const wouldDo = () => run("bin/bt-scanner", "check", "--against-running");
  await configure(yaml(broker.port, "s1", "filter: { min_rssi: -60 }\n"));
  assert.equal(await wouldDo(), "A reload would be accepted:\n  filter.min_rssi: changes at once\n");
  await reload("filter: { min_rssi: -60 }\n");
  await logs(service, /configuration reloaded changed=filter\.min_rssi scan="goes on" connection=stays/);
  assert.equal(await wouldDo(), "A reload would change no key.\n");
  await reload("filter: { min_rsi: -60 }\n");
  await service.shows("StatusText", /; connected \(a changed configuration was refused, .*min_rsi/);
  await reload("status: { topic_prefix: elsewhere }\n");
  await logs(service, /configuration reloaded changed="filter\.min_rssi, status\.topic_prefix" .*"made anew"/);
  await service.shows("StatusText", /^scanning with hci0; connected; [1-9]/);
  await service.shows("ActiveState", /^active$/); // not reloading
  assert.deepEqual([await service.show("MainPID"), await service.show("NRestarts")], [pid, "0"]);
});

test("two adapters have a service each, with one configuration, and neither minds the other", async () => {
  await using broker = await Mosquitto.start();
  await startController("hci1", "--fleet", "10", "--rate", "20");
  await power("up", "hci1");
  await configure(yaml(broker.port, "{hostname}-{adapter}"));
  await using first = await Service.of("bt-scanner@hci0.service");
  await using second = await Service.of("bt-scanner@hci1.service");
  await using subscriber = await MosquittoSub.start(broker.port, "ble/raw/+/+");
  await run("systemctl", "start", first.unit, second.unit);
  await first.shows("StatusText", /^scanning with hci0; connected; [1-9]/);
  await second.shows("StatusText", /^scanning with hci1; connected; [1-9]/);
  const heard = () => new Set(subscriber.payloads.map((payload) => JSON.parse(payload).scanner_id));
  await waitFor(() => heard().size === 2, "messages of both", PATIENCE_MS);
  assert.deepEqual([...heard()].sort(), ["vm-hci0", "vm-hci1"]);
  const [pid, other] = [await first.show("MainPID"), await second.show("MainPID")];
  assert.notEqual(pid, other);
  // The watchdog of one starts that one anew.
  await run("systemctl", "kill", "-s", "SIGKILL", second.unit);
  await second.shows("NRestarts", /^1$/);
  await second.shows("StatusText", /^scanning with hci1; connected; /);
  await run("systemctl", "stop", second.unit);
  assert.deepEqual([await first.show("MainPID"), await first.show("ActiveState")], [pid, "active"]);
  const count = subscriber.payloads.length;
  await waitFor(() => subscriber.payloads.length > count, "more messages of the first", PATIENCE_MS);
});
