import type { Setting } from "./settings.ts";
import type { ConfigProblem } from "./problem.ts";

const KEY = "scanner.id";
/** What stands for this machine's name in `scanner.id`, and for that of the adapter. */
const HOSTNAME = "{hostname}", ADAPTER = "{adapter}";

/** Default names of machines. */
const UNNAMED: ReadonlySet<string> = new Set(["localhost", "raspberrypi", "raspberry", "debian", "ubuntu", "dietpi"]);

/** Settings in which `scanner.id` is what it stands for. */
export interface FilledSettings {
  readonly settings: ReadonlyMap<string, Setting>;
  /** Why it stands for nothing. */
  readonly problems: readonly ConfigProblem[];
  /** The machine's name, if the identifier contains it and it is a default name; otherwise null. */
  readonly unnamed: string | null;
}

/**
 * The settings with names in place of `{hostname}` and `{adapter}`; that of the machine is only read if it is used.
 */
export function fillScannerId(
  settings: ReadonlyMap<string, Setting>,
  hostname: () => string | null,
): FilledSettings {
  const setting = settings.get(KEY);
  const written = setting?.value;
  const names = [
    { stands: HOSTNAME, name: hostname, missing: "the name of this machine cannot be read", remedy: "write a name" },
    {
      stands: ADAPTER,
      name: () => adapterName(settings.get("scanner.adapter")?.value),
      missing: "no adapter is named",
      remedy: "set scanner.adapter, or start bt-scanner@hci0.service, or write a name",
    },
  ];
  const used = names.filter(({ stands }) => typeof written === "string" && written.includes(stands));
  if (setting === undefined || used.length === 0) return { settings, problems: [], unnamed: null };
  const problems: ConfigProblem[] = [];
  let value = String(written);
  let unnamed: string | null = null;
  for (const { stands, name, missing, remedy } of used) {
    const found = name();
    if (found !== null) value = value.replaceAll(stands, found);
    else {
      const instead = `${remedy} instead of ${stands}`;
      problems.push({ source: setting.origin, key: KEY, value: null, problem: missing, remedy: instead });
    }
    if (stands === HOSTNAME && found !== null && isUnnamed(found)) unnamed = found;
  }
  if (problems.length > 0) return { settings, problems, unnamed: null };
  return {
    settings: new Map([...settings, [KEY, { ...setting, value, written: String(written) }]]),
    problems,
    unnamed,
  };
}

/** As the kernel calls it, or its address without colons; null: none is named. Whether it is one is said elsewhere. */
function adapterName(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  const text = String(value);
  return /^[0-9]+$/.test(text)
    ? `hci${text}`
    : text.replaceAll(":", "").replace(/^[0-9a-f]{12}$/i, (at) => at.toUpperCase());
}

function isUnnamed(name: string): boolean {
  const [host = ""] = name.toLowerCase().split(".");
  return UNNAMED.has(host);
}
