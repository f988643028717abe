import type { Setting } from "./layer.ts";
import type { ConfigProblem } from "./problem.ts";

const KEY = "scanner.id";
/** What stands for this machine's name in `scanner.id`. */
const PLACEHOLDER = "{hostname}";

/** What machines are called until somebody names them. */
const UNNAMED: ReadonlySet<string> = new Set(["localhost", "raspberrypi", "raspberry", "debian", "ubuntu", "dietpi"]);

/** The settings with this machine's name in place of `{hostname}`; it is asked only where that is used. */
export function fillHostname(
  settings: ReadonlyMap<string, Setting>,
  hostname: () => string | null,
): { readonly settings: ReadonlyMap<string, Setting>; readonly problems: readonly ConfigProblem[] } {
  const setting = settings.get(KEY);
  const written = setting?.value;
  if (setting === undefined || typeof written !== "string" || !written.includes(PLACEHOLDER)) {
    return { settings, problems: [] };
  }
  const name = hostname();
  if (name === null) {
    const problem = "the name of this machine cannot be read";
    const remedy = `write a name instead of ${PLACEHOLDER}`;
    return { settings, problems: [{ source: setting.origin, key: KEY, value: null, problem, remedy }] };
  }
  const filled = { ...setting, value: written.replaceAll(PLACEHOLDER, name), written };
  return { settings: new Map([...settings, [KEY, filled]]), problems: [] };
}

/** Whether a scanner's id comes from a name that many machines have. */
export function isFromUnnamed(setting: Setting | undefined): boolean {
  if (setting?.written === undefined) return false;
  const [name = ""] = String(setting.value).toLowerCase().split(".");
  return setting.written === PLACEHOLDER && UNNAMED.has(name);
}
