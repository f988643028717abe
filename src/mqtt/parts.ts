import type { Logger } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ReadFile } from "./stream.ts";

/** What an `MqttPublisher` works with. */
export interface MqttParts {
  /** For waits and ages. */
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Hears of connections made and lost. */
  readonly log: Logger;
  /** For certificates and keys. */
  readonly readFile: ReadFile;
  /** Called on every CONNACK, before anything else is published: the moment to announce the status. */
  readonly onOnline: () => void;
  /** Called when the publisher's warning was withdrawn while connected. */
  readonly onSteady: () => void;
  /** How many messages were dropped so far for want of a connection. */
  readonly dropped: () => number;
}
