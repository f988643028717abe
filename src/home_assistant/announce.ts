import type { Publisher, Vitals } from "../agent/mod.ts";
import { type Device, devicePayload } from "./device.ts";

/** What Home Assistant is told, and where. */
export interface Discovery {
  /** See {@linkcode discoveryTopic}. */
  readonly topic: string;
  /** What it is to show; null: it is to forget this scanner. */
  readonly device: Device | null;
}

/** What {@linkcode announceDiscovery} works with. */
export interface DiscoveryParts {
  /** Tell of connections. */
  readonly vitals: Vitals;
  /** Takes the message. */
  readonly publisher: Publisher;
}

/**
 * Tells Home Assistant about this scanner, retained, until it is disposed of: at once if there is a connection, and on
 * each later one, for a broker may have lost what it retained. An empty message takes it back.
 */
export function announceDiscovery({ topic, device }: Discovery, { vitals, publisher }: DiscoveryParts): Disposable {
  const announce = () => {
    if (vitals.connection.kind !== "online") return;
    publisher.announce(topic, device === null ? "" : devicePayload(device), { retain: true });
  };
  announce();
  return vitals.onChange((change) => {
    if (change === "connection") announce();
  });
}
