import type { Clock } from "../time/mod.ts";
import type { BtsnoopRecord } from "./btsnoop.ts";
import { PACKET_COMMAND } from "./constants.ts";
import type { HciSource, HciTransport, PacketHandler } from "./transport.ts";

/**
 * The same controller, with every packet shown to `record`: what this program sends, what the controller sends, and, on
 * a channel that shows them, the commands of other programs.
 *
 * @param clock dates the packets
 * @param record takes a packet; its bytes are valid during the call only
 */
export function recordPackets(
  source: HciSource,
  clock: Pick<Clock, "wallMs">,
  record: (record: Omit<BtsnoopRecord, "truncated">) => void,
): HciSource {
  return {
    open: async () => recording(await source.open(), clock, record),
    reset: () => source.reset(),
  };
}

function recording(
  transport: HciTransport,
  clock: Pick<Clock, "wallMs">,
  record: (record: Omit<BtsnoopRecord, "truncated">) => void,
): HciTransport {
  const { name, paced, exclusive, discovery } = transport;
  return {
    discovery,
    name,
    paced,
    exclusive,
    isUp: () => transport.isUp(),
    droppedPackets: () => transport.droppedPackets(),
    send(packet) {
      transport.send(packet);
      record({ packet, received: false, timestampMs: clock.wallMs() });
    },
    receive: (onPacket: PacketHandler, signal: AbortSignal) =>
      transport.receive((packet) => {
        record({ packet, received: packet[0] !== PACKET_COMMAND, timestampMs: clock.wallMs() });
        return onPacket(packet);
      }, signal),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
