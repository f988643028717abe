import type { Setting } from "./settings.ts";
import type { ConfigProblem } from "./problem.ts";

const KEY = "scanner.id";
/** What stands for this machine's name in `scanner.id`. */
const PLACEHOLDER = "{hostname}";

/** Default names of machines. */
const UNNAMED: ReadonlySet<string> = new Set(["localhost", "raspberrypi", "raspberry", "debian", "ubuntu", "dietpi"]);

/** The settings with this machine's name in place of `{hostname}`; the name is only read if that is used. */
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

/** The machine's name, if the scanner's id contains it and it is a default name; otherwise null. */
export function unnamedHostname({ value, written }: Partial<Setting>): string | null {
  const [before, after] = written?.split(PLACEHOLDER) ?? [];
  if (before === undefined || after === undefined) return null;
  const name = String(value).slice(before.length, after === "" ? undefined : -after.length);
  const [host = ""] = name.toLowerCase().split(".");
  return UNNAMED.has(host) ? name : null;
}
