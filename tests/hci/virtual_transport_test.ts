import assert from "node:assert/strict";
import { commandPacket, hci } from "../../src/hci/mod.ts";
import { VirtualController } from "../../src/hci/virtual_controller.ts";
import { VirtualTransport } from "../../src/hci/virtual_transport.ts";
import { systemClock } from "../../src/time/mod.ts";
import { test } from "../support/test.ts";

test("VirtualTransport lets others run however much its source gives, and ends when it is told to", async () => {
  const packet = Uint8Array.of(4, 0x3e, 2, 2, 0);
  const source = { next: () => packet, [Symbol.asyncDispose]: () => Promise.resolve() };
  const controller = new VirtualController();
  await using transport = new VirtualTransport({
    name: "endless",
    paced: false,
    controller,
    source,
    clock: systemClock,
  });
  let packets = 0;
  const MOST = 1_000_000; // else a failure would never end
  const ended = new AbortController();
  const receiving = transport.receive(() => {
    if (++packets === MOST) ended.abort();
    return undefined;
  }, ended.signal);
  transport.send(commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [1, 0]));
  setTimeout(() => ended.abort(), 1);
  await receiving;
  assert.ok(packets > 0 && packets < MOST, `${packets} packets`);
});
