import { connect } from "node:net";
import type { Clock } from "../time/mod.ts";

/** How long one probe may take, in milliseconds: time for TCP to begin twice, at 0 and 1 s. */
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
  const done = new AbortController();
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  try {
    return await Promise.race([
      new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true));
        socket.on("error", () => resolve(false));
      }),
      clock.sleep(timeoutMs, AbortSignal.any([done.signal, signal])).then(() => false, () => false),
    ]);
  } finally {
    done.abort();
    socket.destroy();
    await closed;
  }
}
