import { connect } from "node:net";
import { type Clock, timeLimit, untilAborted } from "../time/mod.ts";

/** How long a probe may take, in milliseconds: time for two SYNs, at 0 and 1 s. */
const PROBE_TIMEOUT_MS = 2_500;

/** Whether something listens at the broker's address: a bare TCP connection, closed at once. */
export async function probeBroker(
  host: string,
  port: number,
  clock: Clock,
  signal: AbortSignal,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<boolean> {
  const socket = connect({ host, port });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const listens = new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
  });
  using limit = timeLimit(clock, timeoutMs, { signal });
  try {
    return await untilAborted(listens, limit.signal).catch(() => false);
  } finally {
    socket.destroy();
    await closed;
  }
}
