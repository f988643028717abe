import type { Devices, ScanState } from "../../agent/mod.ts";
import { clipToWidth, displayWidth, escapeInvisible } from "../../text/mod.ts";
import type { TerminalSize } from "../live/mod.ts";
import { renderTable, sortDevices } from "./table.ts";

/** What the live table shows. */
export interface FrameContent {
  readonly state: ScanState;
  readonly devices: Devices;
  readonly reportsPerS: number;
  /** What the filter left out; empty: nothing. */
  readonly leftOut: string;
  /** The last line of the log, or another note; empty: nothing. */
  readonly note: string;
}

/** Rows above and below the devices: state, heading, what is not shown. */
const OTHER_ROWS = 3;

/** The live table, no wider and no higher than the terminal. */
export function renderFrame(content: FrameContent, { columns, rows }: TerminalSize, nowMs: number): string[] {
  const { devices, note } = content;
  const shown = sortDevices(devices.values(), nowMs).slice(0, Math.max(0, rows - OTHER_ROWS));
  const hidden = devices.size - shown.length;
  return [
    headline(content, columns),
    ...renderTable(shown, columns, nowMs),
    clipToWidth(`${hidden > 0 ? `… and ${hidden} more  ` : ""}${note.trimEnd()}`, columns),
  ].slice(0, rows);
}

/** Parts that do not fit are left out whole. */
function headline({ state, devices, reportsPerS, leftOut }: FrameContent, columns: number): string {
  let line = escapeInvisible(`${stateText(state)}: ${devices.size} devices`);
  for (const more of [`, ${devices.reports} reports`, `, ${Math.round(reportsPerS)}/s`, leftOut && `, ${leftOut}`]) {
    if (displayWidth(line + more) > columns) break;
    line += more;
  }
  return clipToWidth(line, columns);
}

function stateText(state: ScanState): string {
  switch (state.kind) {
    case "starting":
      return "starting";
    case "scanning":
      return `${state.adapter}, ${state.mode}${state.extended ? ", extended" : ""}`;
    case "silent":
      return `${state.adapter}, nothing heard for ${state.silentMs / 1000} s`;
    case "stopped":
      return `not scanning (${state.reason})`;
    default:
      return state satisfies never;
  }
}
