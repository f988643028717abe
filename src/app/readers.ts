import type { Logger, Publisher, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { announceDiscovery } from "../home_assistant/mod.ts";
import { StatsReporter, type StatusOptions, StatusReporter } from "../status/mod.ts";
import { readNotifySettings, sendNotification, ServiceNotifier } from "../systemd/mod.ts";
import type { Host } from "./host.ts";
import { discovery, stallTimeoutMs, statsTopic } from "./options.ts";

/** What readers of the agent's vitals work with. */
export interface ReaderParts {
  readonly config: Config;
  readonly host: Host;
  readonly vitals: Vitals;
  readonly publisher: Publisher;
  readonly log: Logger;
  /** What the status says besides the vitals. */
  readonly status: StatusOptions;
}

/**
 * Has everyone told of what is true who is to be, until `signal` aborts or the stack is disposed of. They hear of each
 * change in this order: the last statistics come before the last status.
 */
export async function startReaders(parts: ReaderParts, signal: AbortSignal): Promise<AsyncDisposableStack> {
  const { config: { scanner, mqtt, http }, host: { clock, memory }, vitals, publisher, log, status } = parts;
  const maxInFlight = mqtt.client.qos === 1 ? mqtt.client.max_in_flight : null;
  const stats = { scannerId: scanner.id, topic: statsTopic(parts.config), maxInFlight };
  const readers = new AsyncDisposableStack();
  readers.use(new StatsReporter(stats, { vitals, publisher, memory, clock, log }));
  readers.use(new StatusReporter(status, { vitals, publisher, clock }));
  const toHomeAssistant = discovery(parts.config, status.version);
  if (toHomeAssistant !== null) readers.use(announceDiscovery(toHomeAssistant, { vitals, publisher }));
  readers.use(createServiceNotifier(parts)?.start(signal));
  if (http.listen !== null) readers.use((await import("./web.ts")).startWeb(http.listen, parts));
  return readers;
}

/** Tells systemd about the agent; null where it was not started by it, or cannot be told. */
function createServiceNotifier({ config: { scanner }, host, vitals, log }: ReaderParts): ServiceNotifier | null {
  const settings = readNotifySettings(host.env, host.pid);
  if (settings === null) return null;
  try {
    const libc = host.linux.openLibc(); // open for as long as the process
    const send = (message: string) => sendNotification(libc, settings.socket, message);
    // A recording waits for its reader: it has no time within which to move.
    const patienceMs = scanner.source === "replay" ? Infinity : stallTimeoutMs(scanner);
    const options = { watchdogMs: settings.watchdogMs, stallTimeoutMs: patienceMs };
    return new ServiceNotifier(options, { vitals, send, clock: host.clock, log });
  } catch (error) {
    log.error("cannot notify the service manager", { error });
    return null;
  }
}
