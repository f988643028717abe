import type { ConnectionSink, Logger } from "../agent/mod.ts";
import type { Clock } from "../time/mod.ts";
import type { ReadFile } from "./credential_files.ts";

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
  /**
   * Told of each connection as soon as the broker has accepted it, before anything is published: the moment to announce
   * the status.
   */
  readonly connection: ConnectionSink;
  /** How many messages have been dropped so far for lack of a connection. */
  readonly dropped: () => number;
}
