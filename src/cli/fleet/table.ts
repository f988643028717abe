import { type Column, renderRows, shortCount, shortDuration, type TableLayout } from "../live/mod.ts";
import type { Surveyed } from "./survey.ts";
import { ageBy, drops, dropsText, type Moment } from "./verdict.ts";

/** A scanner, and when it is looked at. */
interface Row extends Surveyed {
  readonly moment: Moment;
}

const ID: Column<Row> = { heading: "ID", width: 8, holds: "text", mostWidth: 64, cell: ({ id }) => id };
const STATE: Column<Row> = { heading: "STATE", width: 12, holds: "fixed", cell: ({ verdict }) => verdict.state };
const SINCE: Column<Row> = {
  heading: "SINCE",
  width: 5,
  holds: "number",
  cell: ({ verdict: { forMs } }) => forMs === null ? "" : shortDuration(forMs),
};
const HOST: Column<Row> = {
  heading: "HOST",
  width: 8,
  holds: "text",
  mostWidth: 24,
  cell: ({ scanner }) => scanner?.status?.hostname ?? "",
};
const ADAPTER: Column<Row> = {
  heading: "ADAPTER",
  width: 7,
  holds: "text",
  mostWidth: 16,
  cell: ({ scanner }) => scanner?.status?.adapter ?? "",
};
const HEARD: Column<Row> = { heading: "HEARD", width: 5, holds: "number", cell: heard };
const DEVICES: Column<Row> = {
  heading: "DEVICES",
  width: 7,
  holds: "number",
  cell: ({ scanner }) => shortCountOf(scanner?.latest?.stats.devices),
};
const RATE: Column<Row> = {
  heading: "RATE/S",
  width: 6,
  holds: "number",
  cell: ({ scanner }) => rate(scanner?.latest?.stats.received_per_s),
};
const DROPPED: Column<Row> = { heading: "DROPPED", width: 7, holds: "text", mostWidth: 50, cell: dropped };
const VERSION: Column<Row> = {
  heading: "VERSION",
  width: 7,
  holds: "text",
  mostWidth: 24,
  cell: ({ scanner }) => scanner?.status?.version ?? "",
};
const WRONG: Column<Row> = {
  heading: "WHAT IS WRONG",
  width: 24,
  holds: "text",
  mostWidth: 400,
  cell: ({ verdict: { wrong, remarks } }) => [...wrong, ...remarks.map((remark) => `(${remark})`)].join("; "),
};

const LAYOUT: TableLayout<Row> = {
  columns: [ID, STATE, SINCE, HOST, ADAPTER, HEARD, DEVICES, RATE, DROPPED, VERSION, WRONG],
  givingWay: [VERSION, ADAPTER, DROPPED, HOST, DEVICES, HEARD, RATE, SINCE, WRONG, STATE],
};

/** A heading and a line for each scanner, none wider than `width`, with visible characters only. */
export function renderFleet(scanners: readonly Surveyed[], moment: Moment, width: number): string[] {
  return renderRows(scanners.map((each) => ({ ...each, moment })), LAYOUT, width);
}

function heard({ scanner, moment }: Row): string {
  const at = scanner?.status?.last_heard_at;
  return scanner !== null && at ? shortDuration(ageBy(scanner, moment)(at)) : "";
}

function dropped({ scanner }: Row): string {
  if (!scanner?.latest) return "";
  return dropsText(drops(scanner.latest.stats)) || "0";
}

function shortCountOf(count: number | undefined): string {
  return count === undefined ? "" : shortCount(count);
}

/** Per second: a tenth is told below a hundred. */
export function rate(perS: number | undefined): string {
  if (perS === undefined) return "";
  return perS < 100 ? perS.toFixed(1) : shortCount(Math.round(perS));
}
