import assert from "node:assert/strict";
import { ScanError, type ScanSink, type ScanState } from "../../../src/agent/mod.ts";
import {
  commandCompletePacket,
  commandPacket,
  commandStatusPacket,
  hci,
  legacyReportsPacket,
} from "../../../src/hci/mod.ts";
import { HciScanner } from "../../../src/scanner_hci/mod.ts";
import { FakeAdapter } from "../../support/fake_adapter.ts";
import { FakeClock, settlePromises } from "../../support/fake_clock.ts";
import { RecordingLog } from "../../support/recording_log.ts";
import type { Target } from "../fuzzer.ts";
import { REPORT_SEEDS, REPORT_WORDS } from "./words.ts";

/** An input that begins with this piece is delivered while the scan is still being started. */
const FROM_THE_START = Uint8Array.of(0xfd);
const SCAN = { autoActiveShare: 0.5, intervalMs: 100, windowMs: 50, extended: "auto", paced: false } as const;
/** Long enough for a scan to become active for names, and passive again. */
const TURNS_MS = 4_000;
const PROBE = legacyReportsPacket({
  eventType: 3,
  addressType: 1,
  address: Uint8Array.of(1, 2, 3, 4, 5, 6),
  data: Uint8Array.of(2, 1, 6),
  rssiDbm: -60,
});
const SCAN_COMMANDS = [hci.CMD_LE_SET_SCAN_ENABLE, hci.CMD_LE_SET_EXTENDED_SCAN_ENABLE, hci.CMD_LE_SET_SCAN_PARAMETERS];
const HARDWARE_ERROR = Uint8Array.of(hci.PACKET_EVENT, hci.EVENT_HARDWARE_ERROR, 1, 0x42);

/** Events of every code, empty and not. */
const EVENTS = Array.from({ length: 0x40 }, (_, code) => Uint8Array.of(hci.PACKET_EVENT, code, 3, 1, 2, 3));
const ANSWERS = [...SCAN_COMMANDS, hci.CMD_RESET, hci.CMD_READ_BD_ADDR, hci.CMD_LE_READ_LOCAL_FEATURES].flatMap((
  code,
) => [
  commandCompletePacket(code, []),
  commandCompletePacket(code, [0x0c]),
  commandCompletePacket(code, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
  commandStatusPacket(code, 0x01),
]);

/**
 * HCI packets of any kind, through noble and all that stands before it. Nothing throws out of the
 * delivery, and a scan ends for what ends one alone: a hardware error, or another process's command.
 */
export const linkTarget: Target = {
  name: "link",
  share: 3,
  seeds: [EVENTS, ANSWERS, [FROM_THE_START, ...ANSWERS], ...REPORT_SEEDS, [
    commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]),
    commandCompletePacket(hci.CMD_LE_SET_SCAN_ENABLE, [0]),
  ]],
  words: [
    ...REPORT_WORDS,
    ...ANSWERS,
    HARDWARE_ERROR,
    commandPacket(hci.CMD_LE_SET_SCAN_ENABLE, [0, 0]),
    FROM_THE_START,
  ],
  async execute(input) {
    const adapter = new FakeAdapter({ exclusive: input.length % 2 === 0, extended: input.length % 3 === 0 });
    const clock = new FakeClock(0, settlePromises);
    const source = { open: () => Promise.resolve(adapter), reset: () => Promise.resolve() };
    const mode = input.length % 5 === 0 ? "auto" : "active";
    const scanner = new HciScanner({ ...SCAN, mode, source }, clock, new RecordingLog());
    const stop = new AbortController();
    const states: ScanState[] = [];
    let heard = 0;
    const sink: ScanSink = {
      advertisement: () => {},
      invalid: () => {},
      delivered: () => void heard++,
      state: (state) => void states.push(state),
    };
    const ended = scanner.run(sink, stop.signal)
      .then(() => null, (error: unknown) => error);
    const isEarly = input[0]?.[0] === FROM_THE_START[0];
    for (const piece of isEarly ? input : []) {
      adapter.deliver(piece);
      await Promise.resolve();
    }
    await clock.advance(0);
    for (const piece of isEarly ? [] : input) adapter.deliver(piece);
    await clock.advance(mode === "auto" ? TURNS_MS : 0);
    if (!isEarly && !input.some(mayEndScan)) {
      assert.equal(states.at(-1)?.kind, "scanning", `it ended: ${JSON.stringify(states.at(-1))}`);
      const before = heard;
      adapter.deliver(PROBE);
      assert.equal(heard, before + 1, "a report did not get through");
    }
    stop.abort();
    await clock.advance(5_000);
    const error = await ended;
    if (error !== null && !(error instanceof ScanError)) throw error;
    assert.equal(clock.sleeping, 0, "somebody still waits");
  },
};

function mayEndScan(packet: Uint8Array): boolean {
  return packet[0] === hci.PACKET_COMMAND || packet[0] === hci.PACKET_EVENT && packet[1] === hci.EVENT_HARDWARE_ERROR;
}
