import { type ConfigKey, ENVIRONMENT_PREFIX } from "./keys.ts";
import { type Setting, type SourceSettings, valueFromText } from "./settings.ts";
import { type ConfigProblem, nearest } from "./problem.ts";

/** Stands for --config. */
export const CONFIG_VARIABLE = "BT_SCANNER_CONFIG";

/** Variables of this program that set no key. */
const OTHERS: readonly string[] = [CONFIG_VARIABLE, "BT_SCANNER_CACHE"];

/** What the environment sets: `BT_SCANNER_` and the key's path in capitals, `_` for each dot. */
export function readEnvironment(env: Readonly<Record<string, string>>, keys: readonly ConfigKey[]): SourceSettings {
  const byName = new Map(keys.map((key) => [key.environment, key]));
  const settings = new Map<string, Setting>();
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || OTHERS.includes(name)) continue;
    const key = byName.get(name);
    if (key === undefined) problems.push(unknownVariable(name, [...byName.keys(), ...OTHERS]));
    else settings.set(key.path, { value: valueFromText(key, text), origin: name });
  }
  return { settings, problems };
}

function unknownVariable(name: string, known: readonly string[]): ConfigProblem {
  const tail = (each: string) => each.slice(ENVIRONMENT_PREFIX.length);
  const meant = nearest(tail(name), known.map(tail)) ?? known.map(tail).find((each) => abbreviates(tail(name), each));
  const remedy = meant === undefined ? "remove it" : `did you mean ${ENVIRONMENT_PREFIX}${meant}?`;
  return { source: name, key: null, value: null, problem: "no configuration key has this variable", remedy };
}

/** Whether `short` is `long` with words left out: MQTT_HOST for MQTT_BROKER_HOST. */
function abbreviates(short: string, long: string): boolean {
  const words = long.split("_");
  let from = 0;
  return short.split("_").every((word) => (from = words.indexOf(word, from) + 1) > 0);
}
