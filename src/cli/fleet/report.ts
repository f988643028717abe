import { escapeInvisible } from "../../text/mod.ts";
import { renderFleet } from "./table.ts";
import type { Survey, Surveyed } from "./survey.ts";
import { drops } from "./verdict.ts";

/** How all is, in a line. */
export function headline({ scanners, wrong }: Survey, broker: string): string {
  const all = `${scanners.length} scanner${scanners.length === 1 ? "" : "s"}`;
  if (scanners.length === 0) return `No scanner at ${broker}`;
  return wrong === 0 ? `${all} at ${broker}: all well` : `${all} at ${broker}: ${wrong} with something wrong`;
}

/** Everything, as lines: how all is first, for those who read one line. */
export function renderReport(survey: Survey, broker: string, width: number): string[] {
  const { scanners, moment, problems, notes } = survey;
  return [
    headline(survey, broker),
    ...(scanners.length === 0 ? [] : ["", ...renderFleet(scanners, moment, width)]),
    ...(problems.length + notes.length === 0 ? [] : [""]),
    ...[...problems, ...notes].map(escapeInvisible),
  ];
}

/** Everything, as one line of JSON. */
export function renderJson(survey: Survey, broker: string, isWell: boolean): string {
  const { moment: { nowMs, wallMs, listeningMs }, scanners, problems, notes } = survey;
  return escapeInvisible(JSON.stringify({
    timestamp: new Date(wallMs).toISOString(),
    broker,
    well: isWell,
    listened_s: listeningMs === null ? null : seconds(nowMs - listeningMs),
    problems,
    notes,
    scanners: scanners.map((each) => record(each, nowMs)),
  }));
}

function record({ id, scanner, verdict }: Surveyed, nowMs: number): Record<string, unknown> {
  const { status = null, statusMs = null, latest = null } = scanner ?? {};
  const toldMs = Math.max(statusMs ?? -Infinity, latest?.atMs ?? -Infinity);
  return {
    scanner_id: id,
    state: verdict.state.replaceAll(" ", "_"),
    for_s: verdict.forMs === null ? null : seconds(verdict.forMs),
    wrong: verdict.wrong,
    remarks: verdict.remarks,
    heard_from_s_ago: toldMs === -Infinity ? null : seconds(nowMs - toldMs),
    dropped: latest === null ? null : Object.fromEntries(drops(latest.stats)),
    status,
    stats: latest?.stats ?? null,
  };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
