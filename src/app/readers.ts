import type { Logger, Publisher, Vitals } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { announceDiscovery } from "../home_assistant/mod.ts";
import type { RecentWarnings } from "../log/mod.ts";
import { type StatsOptions, StatsReporter, type StatusOptions, StatusReporter } from "../status/mod.ts";
import { readNotifySettings, RESTART_MARGIN_MS, sendNotification, ServiceNotifier } from "../systemd/mod.ts";
import type { Host } from "./host.ts";
import { discovery, pageFacts, stallTimeoutMs, statsTopic } from "./options.ts";

/** What readers of the agent's vitals work with. */
export interface ReaderParts {
  /** The configuration in force; another one after a reload. */
  readonly config: Config;
  readonly host: Host;
  readonly vitals: Vitals;
  readonly publisher: Publisher;
  readonly log: Logger;
  /** What the log warned of. */
  readonly warnings: RecentWarnings;
  /** What the status says besides the vitals. */
  readonly status: StatusOptions;
}

/** A reader that is there or not, as the configuration says, and replaced as a whole where that is another one. */
interface Optional {
  /** The sections that decide on it. */
  readonly sections: readonly (keyof Config)[];
  /** Starts it; null: it is not asked for. */
  readonly start: (parts: ReaderParts) => Promise<Disposable | AsyncDisposable | null>;
}

const OPTIONAL: readonly Optional[] = [
  {
    sections: ["home_assistant", "stats", "status"],
    start(parts) {
      const toHomeAssistant = discovery(parts.config, parts.status.version);
      return Promise.resolve(toHomeAssistant === null ? null : announceDiscovery(toHomeAssistant, parts));
    },
  },
  {
    sections: ["http", "metrics"],
    async start(parts) {
      const { http, metrics } = parts.config;
      return http.listen === null && metrics.textfile === null ? null : await startWeb(parts);
    },
  },
];

/** All who are told of what is true, until they are disposed of. */
export interface RunningReaders extends AsyncDisposable {
  /** Has those begin anew on which one of these sections decides. */
  replace(sections: ReadonlySet<string>): Promise<void>;
}

/**
 * Has everyone told of what is true who is to be, until `signal` aborts or they are disposed of. They hear of each
 * change in this order: the last statistics come before the last status, and what is optional after both.
 */
export async function startReaders(parts: ReaderParts, signal: AbortSignal): Promise<RunningReaders> {
  const { host: { clock, memory }, vitals, publisher, log, status } = parts;
  const stats: StatsOptions = {
    scannerId: status.scannerId,
    get topic() {
      return statsTopic(parts.config);
    },
    get maxInFlight() {
      const { client } = parts.config.mqtt;
      return client.qos === 1 ? client.max_in_flight : null;
    },
  };
  const readers = new AsyncDisposableStack();
  readers.use(new StatsReporter(stats, { vitals, publisher, memory, clock, log }));
  readers.use(new StatusReporter(status, { vitals, publisher, clock }));
  readers.use(createServiceNotifier(parts)?.start(signal));
  const optional = new Map<Optional, AsyncDisposableStack>();
  const start = async (each: Optional) => {
    const stack = new AsyncDisposableStack();
    optional.set(each, stack);
    stack.use(await each.start(parts));
  };
  for (const each of OPTIONAL) await start(each);
  return {
    async replace(sections) {
      for (const each of OPTIONAL.filter(({ sections: own }) => own.some((section) => sections.has(section)))) {
        await optional.get(each)?.disposeAsync();
        await start(each);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const stack of optional.values()) await stack.disposeAsync();
      await readers.disposeAsync();
    },
  };
}

/** What is asked for of it is known to `parts` alone. */
async function startWeb(parts: ReaderParts): Promise<AsyncDisposable> {
  const web = await import("./web.ts");
  const patienceMs = () => {
    const { scanner } = parts.config;
    // A recording waits for its reader: it has no time within which to move.
    return scanner.source === "replay" ? Infinity : stallTimeoutMs(scanner) + RESTART_MARGIN_MS;
  };
  return await web.startWeb(parts, { pageFacts: () => pageFacts(parts.config, parts.status), patienceMs });
}

/** Tells systemd about the agent; null where it was not started by it, or cannot be told. */
function createServiceNotifier(parts: ReaderParts): ServiceNotifier | null {
  const { host, vitals, log } = parts;
  const settings = readNotifySettings(host.env, host.pid);
  if (settings === null) return null;
  try {
    const libc = host.linux.openLibc(); // open for as long as the process
    const send = (message: string) => sendNotification(libc, settings.socket, message);
    const options = {
      watchdogMs: settings.watchdogMs,
      get stallTimeoutMs() {
        const { scanner } = parts.config;
        // A recording waits for its reader: it has no time within which to move.
        return scanner.source === "replay" ? Infinity : stallTimeoutMs(scanner);
      },
    };
    return new ServiceNotifier(options, { vitals, send, monotonicUs: libc.monotonicUs, clock: host.clock, log });
  } catch (error) {
    log.error("cannot notify the service manager", { error });
    return null;
  }
}
