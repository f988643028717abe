import { SUBEVENT_EXTENDED_ADVERTISING_REPORT } from "../constants.ts";
import { Random } from "./random.ts";

/** Packet type and event code, without which it would be another event. */
const KEPT_BYTES = 2;
const PARAMETER_LENGTH = 2;
const SUBEVENT = 3;
const EVENT_TYPE = 5;
const MORE_DATA = 0b01 << 5;
const MOST_CHANGED_BYTES = 4;

/** Does to some of the report events what broken controllers and hostile devices do. */
export class Damage {
  readonly #random: Random;

  /** @param share of the events, 0 to 1 */
  constructor(private readonly share: number, seed: number) {
    this.#random = new Random(~seed); // not the same numbers as those that generated the reports
  }

  /** The packet as it is, or damaged in place. */
  apply(packet: Uint8Array): Uint8Array {
    if (this.share === 0 || this.#random.below(2 ** 32) >= this.share * 2 ** 32) return packet;
    switch (this.#random.below(4)) {
      case 0:
        return this.#cut(packet);
      case 1: {
        const whole = this.#cut(packet); // and its length agrees
        whole[PARAMETER_LENGTH] = whole.length - SUBEVENT;
        return whole;
      }
      case 2:
        return this.#changed(packet);
      default:
        return this.#unfinished(packet);
    }
  }

  #cut(packet: Uint8Array): Uint8Array {
    return packet.subarray(0, SUBEVENT + this.#random.below(packet.length - SUBEVENT));
  }

  #changed(packet: Uint8Array): Uint8Array {
    for (let left = 1 + this.#random.below(MOST_CHANGED_BYTES); left > 0; left--) {
      packet[KEPT_BYTES + this.#random.below(packet.length - KEPT_BYTES)] = this.#random.below(256);
    }
    return packet;
  }

  /** Announces more fragments, which never come; legacy events cannot. */
  #unfinished(packet: Uint8Array): Uint8Array {
    const isExtended = packet[SUBEVENT] === SUBEVENT_EXTENDED_ADVERTISING_REPORT;
    if (isExtended) packet[EVENT_TYPE] = (packet[EVENT_TYPE] ?? 0) | MORE_DATA;
    return packet;
  }
}
