import type { Config } from "./config_schema.ts";
import type { ConfigProblem } from "./problem.ts";
import type { KeyProblem } from "./rules.ts";
import type { Setting, SourceSettings } from "./settings.ts";

/** More are hardly meant. */
const MOST_BROKERS = 16;

/** Where the broker is if nothing says so. */
export const DEFAULT_HOST = "localhost";

const HOST = "mqtt.broker.host";
const HOSTS = "mqtt.broker.hosts";

const NAME = String.raw`[^\s/@[\]:?#\p{C}]{1,253}`;
const IPV6 = String.raw`[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*`;
const PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";

/** `host`, `host:port`, `fd00::1`, `[fd00::1]` or `[fd00::1]:port`. */
export const BROKER_HOST = new RegExp(
  `^(?:(?:(?<name>${NAME})|\\[(?<bracketed>${IPV6})\\])(?::(?<port>${PORT}))?|(?<bare>${IPV6}))$`,
  "u",
);

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The brokers, in order. */
export function brokerAddresses({ host, hosts, port }: Config["mqtt"]["broker"]): Address[] {
  return hosts.length === 0 ? [{ host, port }] : hosts.map((text) => addressOf(text, port));
}

function addressOf(text: string, port: number): Address {
  const { name, bracketed, bare, port: own } = BROKER_HOST.exec(text)?.groups ?? {};
  return { host: name ?? bracketed ?? bare ?? text, port: own === undefined ? port : Number(own) };
}

/** The same text with its port. */
export function withPort(text: string, defaultPort: number): string {
  const { host, port } = addressOf(text, defaultPort);
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Why a list of brokers makes no sense. */
export function* brokerContradictions({ hosts, port }: Config["mqtt"]["broker"]): Iterable<KeyProblem> {
  if (hosts.length > MOST_BROKERS) {
    yield { keys: [HOSTS], problem: `${hosts.length} brokers are too many`, remedy: `name ${MOST_BROKERS} at most` };
  }
  const all = hosts.map((text) => withPort(text, port));
  const twice = all.find((each, index) => all.indexOf(each) !== index);
  if (twice !== undefined) yield { keys: [HOSTS], problem: `${twice} is there twice`, remedy: "name each broker once" };
}

/**
 * What all sources set together: a later one replaces what an earlier one has set. `host` and `hosts` say the same in
 * two ways, so that either replaces the other, and one source cannot set both.
 */
export function mergeSettings(
  sources: readonly SourceSettings[],
): { readonly settings: ReadonlyMap<string, Setting>; readonly problems: readonly ConfigProblem[] } {
  const merged = new Map<string, Setting>();
  const problems: ConfigProblem[] = [];
  for (const { settings } of sources) {
    const [host, hosts] = [settings.get(HOST), settings.get(HOSTS)];
    const isList = hosts !== undefined && !(Array.isArray(hosts.value) && hosts.value.length === 0);
    // A file with every key has the default of the one that is not meant.
    if (isList && host !== undefined && host.value !== DEFAULT_HOST) problems.push(both(host, hosts));
    if (isList) merged.delete(HOST);
    else if (host !== undefined) merged.delete(HOSTS);
    for (const [path, setting] of settings) merged.set(path, setting);
  }
  return { settings: merged, problems };
}

function both(host: Setting, hosts: Setting): ConfigProblem {
  return {
    source: hosts.origin,
    key: HOSTS,
    value: null,
    problem: `the broker is given twice: ${HOST} is set as well, at ${host.origin}`,
    remedy: `remove ${HOST}, and let its broker be the first of the list`,
  };
}
