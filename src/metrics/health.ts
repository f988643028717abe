import type { ConnectionState, Vitals } from "../agent/mod.ts";
import { type HttpContent, textResponse } from "../http/mod.ts";
import { whyNotScanning } from "../status/mod.ts";
import type { Clock } from "../time/mod.ts";

/** What health is judged by. */
export interface HealthParts {
  /** What is true. */
  readonly vitals: Vitals;
  /** Time. */
  readonly clock: Clock;
  /** For how long a scan may give no sign of life before a restart would help, in milliseconds; Infinity: a recording. */
  readonly patienceMs: () => number;
}

/** Why only a new start of the program would help; empty: it would not. */
export function whyNotAlive({ vitals, clock, patienceMs }: HealthParts): string[] {
  const stillMs = clock.monotonicMs() - vitals.movedMs;
  return [
    ...vitals.endReason === null ? [] : [`ending: ${vitals.endReason}`],
    ...stillMs <= patienceMs() ? [] : [`the scan is stuck: no sign of life for ${Math.round(stillMs / 1000)} s`],
  ];
}

/** Why what is heard does not reach the broker at this moment; empty: it does. */
export function whyNotReady(parts: HealthParts): string[] {
  const { scan, connection, warning } = parts.vitals;
  const notScanning = whyNotScanning(scan);
  const notConnected = whyNotConnected(connection);
  return [
    ...whyNotAlive(parts),
    ...notScanning === null ? [] : [`not scanning: ${notScanning}`],
    ...notConnected === null ? [] : [`not connected to the broker: ${notConnected}`],
    ...notConnected === null || warning === null ? [] : [warning],
  ];
}

/** 200, or 503 and why. */
export function healthResponse(reasons: readonly string[]): HttpContent {
  return reasons.length === 0 ? textResponse(200, "ok") : textResponse(503, ...reasons);
}

function whyNotConnected(state: ConnectionState): string | null {
  switch (state.kind) {
    case "online":
      return null;
    case "waiting":
      return state.reason;
    case "idle":
    case "connecting":
    case "closing":
    case "closed":
      return state.kind;
    default:
      return state satisfies never;
  }
}
