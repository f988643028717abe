import type { Config } from "../config/mod.ts";

/** What it takes for a changed key to take effect while the agent runs, the least first. */
export type Effect =
  | "live" // from the next report, interval or line on; readers on which the section decides are replaced
  | "reconnect" // the connection to the broker is closed with a goodbye, and made anew
  | "rescan" // the scan is ended cleanly, and begun anew
  | "restart"; // nothing but a restart of the program

/** For each section an effect, or one for each of its keys. A new section does not compile before it has its own. */
type Effects = { readonly [S in keyof Config]: Effect | { readonly [K in keyof Config[S]]: Effect } };

const EFFECTS: Effects = {
  scanner: {
    id: "restart", // whoever counts by it would see one scanner's counters go on under another's name
    labels: "reconnect", // as the status below, which has them
    source: "restart",
    adapter: "rescan",
    mode: "rescan",
    auto_active_share: "rescan",
    interval_ms: "rescan",
    window_ms: "rescan",
    extended: "rescan",
    stall_timeout_s: "rescan",
  },
  replay: "restart", // a recording that begins again would publish its beginning twice
  simulate: "rescan",
  filter: "live",
  publisher: "live",
  mqtt: "reconnect",
  status: "reconnect", // the broker is told of the will as the connection is made
  stats: "live",
  home_assistant: "live",
  http: "live",
  metrics: {
    textfile: "restart", // the permission to write is given up at the start where nothing is to be written
    interval_s: "live",
  },
  log: "live",
};

/** A key whose value is another one. */
export interface Change {
  /** `mqtt.broker.port` */
  readonly key: string;
  /** What its change takes. */
  readonly effect: Effect;
}

/** What is different in `after`, in the order of the configuration; values are not told, for they may be secret. */
export function changes(before: Config, after: Config): Change[] {
  return changedKeys(before, after).map((path) => {
    const key = path.join(".");
    const effect = effectOf(path);
    // To begin a recording's scan anew is to begin the recording anew.
    const replaysAgain = effect === "rescan" && before.scanner.source === "replay";
    // The permission to make a socket's file is given up at the start where nothing is to be written.
    const mayNotWrite = key === "http.listen" && isUnixSocket(after) && !isUnixSocket(before) &&
      before.metrics.textfile === null;
    return { key, effect: replaysAgain || mayNotWrite ? "restart" : effect };
  });
}

function isUnixSocket({ http: { listen } }: Config): boolean {
  return listen?.startsWith("unix:") ?? false;
}

/** What a change of this key takes, by its path: `["mqtt", "broker", "port"]`. */
export function effectOf([section = "", key = ""]: readonly string[]): Effect {
  const effect = EFFECTS[section as keyof Effects];
  return typeof effect === "string" ? effect : effect[key as keyof typeof effect];
}

function changedKeys(before: unknown, after: unknown, path: readonly string[] = []): string[][] {
  if (!isSection(before) || !isSection(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [[...path]];
  }
  return Object.keys({ ...before, ...after }).flatMap((key) => changedKeys(before[key], after[key], [...path, key]));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
