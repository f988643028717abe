import type { Device } from "../../agent/mod.ts";
import { companyName, serviceName } from "../../assigned_numbers/mod.ts";
import { clipToWidth, displayWidth, escapeInvisible, padToWidth } from "../../text/mod.ts";

/** Devices that have been silent for longer come last, however near they were. */
const FRESH_MS = 60_000;
/** Limits names and services, which senders can make arbitrarily long. */
const MAX_TEXT_WIDTH = 60;
const GAP = "  ";

interface Column {
  readonly heading: string;
  /** How wide it is; text, at least. */
  readonly width: number;
  readonly holds: "address" | "number" | "text";
  readonly cell: (device: Device, nowMs: number) => string;
}

const ADDRESS: Column = { heading: "ADDRESS", width: 17, holds: "address", cell: ({ address }) => address };
const RSSI: Column = { heading: "RSSI", width: 4, holds: "number", cell: ({ rssiDbm }) => rssi(rssiDbm) };
const COUNT: Column = { heading: "COUNT", width: 5, holds: "number", cell: ({ reports }) => short(reports) };
const AGE: Column = { heading: "AGE", width: 4, holds: "number", cell: ({ heardMs }, nowMs) => age(nowMs - heardMs) };
const ABOUT: Column = { heading: "COMPANY, SERVICES", width: 17, holds: "text", cell: about };
const NAME: Column = { heading: "NAME", width: 12, holds: "text", cell: ({ name }) => name ?? "" };

/** From left to right. The name is last: whatever a terminal makes of its characters, nothing comes after it. */
const COLUMNS = [ADDRESS, RSSI, COUNT, AGE, ABOUT, NAME] as const;
/** Columns in the order in which they are dropped: address and signal strength stay longest. */
const GIVING_WAY = [COUNT, AGE, ABOUT, NAME, RSSI] as const;

/** The order of the table: devices heard within a minute first, the strongest of them on top. */
export function sortDevices(devices: Iterable<Device>, nowMs: number): Device[] {
  const rank = (device: Device) => (nowMs - device.heardMs <= FRESH_MS ? 1000 : 0) + (device.rssiDbm ?? -500);
  return [...devices].sort((a, b) => rank(b) - rank(a) || (a.address < b.address ? -1 : 1));
}

/**
 * A heading and a line for each device, none wider than `width`, with visible characters only. If there is no room for
 * all columns, they are dropped one by one.
 */
export function renderTable(devices: readonly Device[], width: number, nowMs: number): string[] {
  const columns = fitting(width);
  const rows = [
    columns.map(({ heading }) => heading),
    ...devices.map((device) =>
      columns.map(({ cell }) => clipToWidth(escapeInvisible(cell(device, nowMs)), MAX_TEXT_WIDTH))
    ),
  ];
  const widths = widthsOf(columns, rows, width);
  return rows.map((cells) => {
    const padded = cells.map((cell, i) =>
      columns[i]?.holds === "number" ? cell.padStart(widths[i] ?? 0) : padToWidth(cell, widths[i] ?? 0)
    );
    return clipToWidth(padded.join(GAP).trimEnd(), width);
  });
}

/** The columns that fit, whatever their content: none comes and goes with the devices. */
function fitting(width: number): readonly Column[] {
  let columns: readonly Column[] = COLUMNS;
  for (const next of GIVING_WAY) {
    if (totalWidth(columns.map((column) => column.width)) <= width) break;
    columns = columns.filter((column) => column !== next);
  }
  return columns;
}

/** As wide as their content; text columns share the available room. */
function widthsOf(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] {
  const widest = (i: number) => rows.reduce((most, cells) => Math.max(most, displayWidth(cells[i] ?? "")), 0);
  const widths = columns.map(({ holds, width }, i) => holds === "text" ? widest(i) : width);
  const at = columns.indexOf(ABOUT);
  const [aboutWidth = 0, nameWidth = 0] = widths.slice(at);
  if (at < 0) return widths;
  const room = width - totalWidth(widths) + aboutWidth + nameWidth;
  widths[at] = Math.min(aboutWidth, Math.max(ABOUT.width, Math.floor(room / 2), room - nameWidth));
  return widths;
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, (widths.length - 1) * GAP.length);
}

function about({ companies, services }: Device): string {
  return [...new Set([...companies.map(companyName), ...services.map(serviceName)])].join(", ");
}

function rssi(dbm: number | null): string {
  return dbm === null ? "?" : String(Math.round(dbm));
}

function short(count: number): string {
  return count < 100_000 ? String(count) : `${Math.floor(count / 1000)}k`;
}

function age(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 120) return `${s}s`;
  if (s < 7_200) return `${Math.floor(s / 60)}m`;
  return s < 172_800 ? `${Math.floor(s / 3_600)}h` : `${Math.floor(s / 86_400)}d`;
}
