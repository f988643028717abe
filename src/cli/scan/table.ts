import type { Device } from "../../agent/mod.ts";
import { companyName, serviceName } from "../../assigned_numbers/mod.ts";
import { type Column, renderRows, shortCount, shortDuration } from "../live/mod.ts";

/** Devices that have been silent for longer come last, however near they were. */
const FRESH_MS = 60_000;

/** A device, and what time it is. */
interface Row {
  readonly device: Device;
  readonly nowMs: number;
}

const ADDRESS: Column<Row> = { heading: "ADDRESS", width: 17, holds: "fixed", cell: ({ device }) => device.address };
const RSSI: Column<Row> = { heading: "RSSI", width: 4, holds: "number", cell: ({ device }) => rssi(device.rssiDbm) };
const COUNT: Column<Row> = {
  heading: "COUNT",
  width: 5,
  holds: "number",
  cell: ({ device }) => shortCount(device.reports),
};
const AGE: Column<Row> = {
  heading: "AGE",
  width: 4,
  holds: "number",
  cell: ({ device, nowMs }) => shortDuration(nowMs - device.heardMs),
};
const ABOUT: Column<Row> = {
  heading: "COMPANY, SERVICES",
  width: 17,
  holds: "text",
  cell: ({ device }) => about(device),
};
const NAME: Column<Row> = { heading: "NAME", width: 12, holds: "text", cell: ({ device }) => device.name ?? "" };

const LAYOUT = {
  /** The name is last: whatever a terminal makes of its characters, nothing comes after it. */
  columns: [ADDRESS, RSSI, COUNT, AGE, ABOUT, NAME],
  /** Address and signal strength stay longest. */
  givingWay: [COUNT, AGE, ABOUT, NAME, RSSI],
} as const;

/** The order of the table: devices heard within a minute first, the strongest of them on top. */
export function sortDevices(devices: Iterable<Device>, nowMs: number): Device[] {
  const rank = (device: Device) => (nowMs - device.heardMs <= FRESH_MS ? 1000 : 0) + (device.rssiDbm ?? -500);
  return [...devices].sort((a, b) => rank(b) - rank(a) || (a.address < b.address ? -1 : 1));
}

/** A heading and a line for each device, none wider than `width`, with visible characters only. */
export function renderTable(devices: readonly Device[], width: number, nowMs: number): string[] {
  return renderRows(devices.map((device) => ({ device, nowMs })), LAYOUT, width);
}

function about({ companies, services }: Device): string {
  return [...new Set([...companies.map(companyName), ...services.map(serviceName)])].join(", ");
}

function rssi(dbm: number | null): string {
  return dbm === null ? "?" : String(Math.round(dbm));
}
