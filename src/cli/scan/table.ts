import { clipToWidth, displayWidth, escapeInvisible, padToWidth } from "../../text/mod.ts";
import { companyName } from "./companies.ts";
import type { Device } from "./devices.ts";

/** Who was silent for longer comes last, however near it was. */
const FRESH_MS = 60_000;
const BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb";
const FIXED_HEADING = "ADDRESS            RSSI  COUNT   AGE  ";
const ABOUT_HEADING = "COMPANY, SERVICES";
/** Names and services, which anybody may make as long as they like. */
const MAX_TEXT_COLUMNS = 60;

/** The order of the table: who was heard within a minute first, of those the strongest. */
export function sortDevices(devices: Iterable<Device>, nowMs: number): Device[] {
  const rank = (device: Device) => (nowMs - device.heardMs <= FRESH_MS ? 1000 : 0) + (device.rssiDbm ?? -500);
  return [...devices].sort((a, b) => rank(b) - rank(a) || (a.address < b.address ? -1 : 1));
}

/**
 * Heading and a line for each device, none wider than `columns`, and nothing in them but what can be
 * seen. The name is last: whatever a terminal makes of its characters, nothing stands behind it.
 */
export function renderTable(devices: readonly Device[], columns: number, nowMs: number): string[] {
  const abouts = devices.map((device) => escapeInvisible(about(device)));
  const textColumns = Math.max(0, columns - FIXED_HEADING.length);
  const widest = abouts.reduce((most, each) => Math.max(most, displayWidth(each)), ABOUT_HEADING.length);
  const aboutColumns = Math.min(widest, MAX_TEXT_COLUMNS, Math.floor(textColumns / 2));
  const line = (fixed: string, aboutText: string, name: string) =>
    clipToWidth(`${fixed}${padToWidth(aboutText, aboutColumns)}  ${name}`.trimEnd(), columns);
  return [
    line(FIXED_HEADING, ABOUT_HEADING, "NAME"),
    ...devices.map((device, i) =>
      line(fixedPart(device, nowMs), abouts[i] ?? "", clipToWidth(escapeInvisible(device.name ?? ""), MAX_TEXT_COLUMNS))
    ),
  ];
}

function fixedPart({ address, rssiDbm, reports, heardMs }: Device, nowMs: number): string {
  const rssi = rssiDbm === null ? "?" : String(Math.round(rssiDbm));
  return `${address}  ${rssi.padStart(4)}  ${short(reports).padStart(5)}  ${age(nowMs - heardMs).padStart(4)}  `;
}

function about({ companies, services }: Device): string {
  return [...companies.map(companyName), ...services.map(shortUuid)].join(", ");
}

/** `180f` for what is short for a full UUID. */
function shortUuid(uuid: string): string {
  return uuid.endsWith(BASE_UUID_TAIL) ? uuid.slice(0, 8).replace(/^0000/, "") : uuid;
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
