import assert from "node:assert/strict";
import { commandPacket, hci, HciError, type HciTransport } from "../../src/hci/mod.ts";
import { settle, TestHost, withPatience } from "./hci_host.ts";
import { test } from "./test.ts";

const SCAN_PARAMETERS = [1, 0x60, 0, 0x30, 0, 0, 0];

/**
 * What any {@linkcode HciTransport} with a controller of its own must do. `open` gives one whose
 * controller has not been used, with advertisers that do not fall silent.
 */
export function hciTransportContract(name: string, open: () => Promise<HciTransport>): void {
  test(`${name}: has a name and is up until it is disposed of`, async () => {
    const transport = await open();
    assert.notEqual(transport.name, "");
    assert.equal(transport.isUp(), true);
    await transport[Symbol.asyncDispose]();
    assert.equal(transport.isUp(), false);
  });

  test(`${name}: can be disposed of twice, then send() throws HciError`, async () => {
    const transport = await open();
    await transport[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
    assert.throws(() => transport.send(commandPacket(hci.CMD_RESET)), HciError);
  });

  test(`${name}: receive() resolves when its signal aborts, before or later`, async () => {
    await using transport = await open();
    const receiving = transport.receive(() => assert.fail("a packet came"), AbortSignal.abort());
    await withPatience(receiving, "the end of receive()");
    await using host = new TestHost(await open());
    await host.startScan();
    await host.until(() => host.reports.length > 0, "a report");
    host.stop();
    await host.finished();
    const count = host.packets.length;
    await settle();
    assert.equal(host.packets.length, count);
  });

  test(`${name}: receive() resolves when its receiver aborts it and makes it wait in one breath`, async () => {
    await using host: TestHost = new TestHost(await open(), () => {
      host.stop();
      return new Promise(() => {});
    });
    host.transport.send(commandPacket(hci.CMD_RESET));
    await host.finished();
    assert.equal(host.packets.length, 1);
  });

  test(`${name}: delivers nothing from within receive()`, async () => {
    const transport = await open();
    transport.send(commandPacket(hci.CMD_RESET));
    let receiving = false;
    const onPacket = () => {
      assert.equal(receiving, true);
      return undefined;
    };
    await using host = new TestHost(transport, onPacket);
    receiving = true;
    await host.until(() => host.answers.length === 1, "an answer");
    host.stop();
    await host.finished();
  });

  test(`${name}: receive() ends when the transport is disposed of`, async () => {
    const transport = await open();
    const host = new TestHost(transport);
    await host.command(hci.CMD_RESET);
    await withPatience(transport[Symbol.asyncDispose](), "the transport to close");
    await host.finished().catch((error) => assert.ok(error instanceof HciError, String(error)));
  });

  test(`${name}: answers Reset with Command Complete, never from within send()`, async () => {
    let sending = false;
    await using host = new TestHost(await open(), () => {
      assert.equal(sending, false);
      return undefined;
    });
    for (let round = 0; round < 3; round++) {
      sending = true;
      const answer = host.command(hci.CMD_RESET);
      sending = false;
      assert.deepEqual(await answer, { event: hci.EVENT_COMMAND_COMPLETE, status: 0, results: [] });
    }
  });

  test(`${name}: answers commands in the order they were sent`, async () => {
    await using host = new TestHost(await open());
    const opcodes = [hci.CMD_RESET, hci.CMD_READ_BD_ADDR, hci.CMD_READ_LOCAL_VERSION, hci.CMD_LE_SET_EVENT_MASK];
    for (const opcode of opcodes) {
      host.transport.send(
        commandPacket(opcode, opcode === hci.CMD_LE_SET_EVENT_MASK ? [0x1f, 0, 0, 0, 0, 0, 0, 0] : []),
      );
    }
    await host.until(() => host.answers.length === opcodes.length, "all answers");
    assert.deepEqual(host.answers.map(({ opcode, status }) => [opcode, status]), opcodes.map((opcode) => [opcode, 0]));
  });

  test(`${name}: answers a command it does not know with status 0x01`, async () => {
    await using host = new TestHost(await open());
    assert.equal((await host.command(0x20ff)).status, 0x01);
  });

  test(`${name}: refuses scan parameters while scanning with status 0x0c`, async () => {
    await using host = new TestHost(await open());
    await host.startScan();
    assert.equal((await host.command(hci.CMD_LE_SET_SCAN_PARAMETERS, SCAN_PARAMETERS)).status, 0x0c);
    assert.equal((await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0])).status, 0);
    assert.equal((await host.command(hci.CMD_LE_SET_SCAN_PARAMETERS, SCAN_PARAMETERS)).status, 0);
  });

  test(`${name}: reports while scanning, and only then`, async () => {
    await using host = new TestHost(await open());
    await host.reset();
    await settle();
    assert.equal(host.reports.length, 0);
    for (let round = 0; round < 2; round++) {
      const before = host.reports.length;
      await host.startScan();
      await host.until(() => host.reports.length > before, "a report");
      await host.command(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]);
      await settle();
      assert.equal(host.packets.at(-1)?.[1], hci.EVENT_COMMAND_COMPLETE);
    }
  });

  test(`${name}: stops reporting with a Reset`, async () => {
    await using host = new TestHost(await open());
    await host.startScan();
    await host.until(() => host.reports.length > 0, "a report");
    await host.command(hci.CMD_RESET);
    await settle();
    assert.equal(host.packets.at(-1)?.[1], hci.EVENT_COMMAND_COMPLETE);
  });

  test(`${name}: delivers whole events, with their H4 packet type`, async () => {
    await using host = new TestHost(await open());
    await host.startScan();
    await host.until(() => host.reports.length > 20, "reports");
    for (const packet of host.packets) assert.equal(packet[0], hci.PACKET_EVENT);
  });

  test(`${name}: waits for a returned promise if it is paced, else not`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using host = new TestHost(await open(), (packet) => packet[1] === hci.EVENT_LE_META ? promise : undefined);
    await host.startScan();
    await host.until(() => host.reports.length > 0, "a report");
    if (host.transport.paced) {
      await settle();
      assert.equal(host.reports.length, 1);
      resolve();
    }
    await host.until(() => host.reports.length > 1, "another report");
    resolve();
  });

  test(`${name}: can be disposed of while its receiver makes it wait`, async () => {
    const transport = await open();
    const host = new TestHost(transport, () => new Promise(() => {}));
    host.transport.send(commandPacket(hci.CMD_RESET));
    await host.until(() => host.packets.length > 0, "an answer");
    await withPatience(transport[Symbol.asyncDispose](), "the transport to close");
    await host.finished().catch((error) => assert.ok(error instanceof HciError, String(error)));
  });
}
