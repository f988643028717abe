import type { Device } from "../agent/mod.ts";
import { companyName, serviceName } from "../assigned_numbers/mod.ts";
import { escapeInvisible } from "../text/mod.ts";
import type { DeviceView } from "./contract.ts";

/** As many are sent at a time: a crowd of thousands is for other tools. */
const MOST = 250;
/** Enough to tell names apart, and little enough for 250 of them, each character escaped. */
const MOST_CHARACTERS = 64;

/** Devices heard at `sinceMs` or later, the strongest first, up to 250 of them. */
export function devicesSince(devices: Iterable<Device>, sinceMs: number): DeviceView[] {
  const heard: Device[] = [];
  for (const device of devices) if (device.heardMs >= sinceMs) heard.push(device);
  return heard.sort((one, other) => strength(other) - strength(one)).slice(0, MOST).map(deviceView);
}

function strength({ rssiDbm }: Device): number {
  return rssiDbm ?? -1_000; // weaker than any
}

function deviceView(device: Device): DeviceView {
  const { address, name, companies, services, rssiDbm, reports, heardMs, payload, payloadBytes } = device;
  return {
    address,
    name: name === null ? null : shownName(name),
    companies: companies.map(companyName),
    services: services.map(serviceName),
    rssiDbm: rssiDbm === null ? null : Math.round(rssiDbm),
    reports,
    heardMs: Math.round(heardMs),
    payload,
    payloadBytes,
  };
}

/** What senders would have the page hide, or show in another place, is written as an escape. */
function shownName(name: string): string {
  return escapeInvisible(name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS)}…` : name);
}
