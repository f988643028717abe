/**
 * The page: takes what the scanner tells, and shows it.
 *
 * @module
 */
import type { PageEvent } from "../contract.ts";
import { DeviceList } from "./device_list.ts";
import { DevicesView } from "./devices_view.ts";
import { element, showState } from "./dom.ts";
import { HourView } from "./hour_view.ts";
import { LiveStream } from "./live_stream.ts";
import { StatusView, summary } from "./status_view.ts";
import { timeOfDay } from "./format.ts";
import { WarningsView } from "./warnings_view.ts";

const devices = new DeviceList();
const devicesView = new DevicesView(devices);
const hourView = new HourView();
const statusView = new StatusView();
const warningsView = new WarningsView();
const link = element("link");

let version: string | null = null;
let lastEventEpochMs = 0;

function show(event: PageEvent): void {
  if (version !== null && event.scanner.version !== version) location.reload(); // it was updated: so must its page be
  version = event.scanner.version;
  const { nowMs, isWhole } = event;
  // deno-lint-ignore clock/injected -- the reader's clock, to which the scanner's times are moved
  lastEventEpochMs = Date.now();
  const offsetMs = lastEventEpochMs - nowMs;
  devices.update(event.devices, nowMs, isWhole);
  statusView.update(event, devices.size);
  hourView.update(event, offsetMs);
  warningsView.update(event, offsetMs);
  devicesView.update(nowMs);
  statusView.announce(summary(event));
}

function showLink(isConnected: boolean): void {
  document.body.classList.toggle("stale", !isConnected);
  if (isConnected) return showState(link, "good", "Live");
  const since = lastEventEpochMs === 0 ? "" : ` since ${timeOfDay(lastEventEpochMs)}`;
  showState(link, "bad", `Not connected${since}, trying again`);
  statusView.announce("Not connected to the scanner: what is shown is old.");
}

new LiveStream({ event: show, connected: showLink });
