import { compareIds, type Surveyed } from "./survey.ts";
import { ageBy, drops, type Moment } from "./verdict.ts";

type Compare = (one: Surveyed, other: Surveyed, moment: Moment) => number;

/** What the table can be sorted by: `worst` is the order of the survey. */
export const ORDERS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["worst", () => 0],
  ["id", (one, other) => compareIds(one.id, other.id)],
  ["host", byText(({ scanner }) => scanner?.status?.hostname)],
  ["since, newest first", byNumber(({ verdict }) => verdict.forMs, -1)],
  ["heard, longest ago first", byNumber(unheardMs)],
  ["devices", byNumber(({ scanner }) => scanner?.latest?.stats.devices)],
  ["rate", byNumber(({ scanner }) => scanner?.latest?.stats.received_per_s)],
  ["dropped", byNumber(({ scanner }) => scanner?.latest && total(drops(scanner.latest.stats)))],
  ["version", byText(({ scanner }) => scanner?.status?.version)],
]);

/** Sorts, those of which the value is unknown last. */
export function sortBy(order: string, scanners: readonly Surveyed[], moment: Moment): readonly Surveyed[] {
  const compare = ORDERS.get(order);
  return compare === undefined ? scanners : scanners.toSorted((one, other) => compare(one, other, moment));
}

/** Those of which something that the table shows, a label or the configuration's digest contains the text, in capitals or not. */
export function filterBy(text: string, scanners: readonly Surveyed[]): readonly Surveyed[] {
  if (text === "") return scanners;
  const wanted = text.toLowerCase();
  return scanners.filter(({ id, scanner, verdict }) => {
    const { hostname, adapter, version, config_digest, labels = {} } = scanner?.status ?? {};
    const shown = [id, verdict.state, hostname, adapter, version, ...verdict.wrong, ...verdict.remarks];
    const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return [...shown, config_digest, ...named].some((each) => each?.toLowerCase().includes(wanted));
  });
}

function byText(of: (each: Surveyed) => string | null | undefined): Compare {
  return (one, other) => {
    const [a, b] = [of(one), of(other)];
    if (!a || !b) return Number(!a) - Number(!b);
    return compareIds(a, b);
  };
}

/** The largest first; with a `sign` of −1 the smallest. */
function byNumber(of: (each: Surveyed, moment: Moment) => number | null | undefined, sign: 1 | -1 = 1): Compare {
  return (one, other, moment) => {
    const [a, b] = [of(one, moment) ?? null, of(other, moment) ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (b - a);
  };
}

function unheardMs({ scanner }: Surveyed, moment: Moment): number | null {
  const at = scanner?.status?.last_heard_at;
  return scanner !== null && at ? ageBy(scanner, moment)(at) : null;
}

function total(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((sum, [, count]) => sum + count, 0);
}
