/** Schemas of status and statistics, for whoever reads them: a door of its own, so that scanning does not load zod.
 *
 * @module
 */
import * as z from "zod/mini";
import {
  type ReadStats,
  readStatsSchema,
  type ReadStatus,
  readStatusSchema,
  statsSchema,
  statusSchema,
} from "./status_schema.ts";

export type { ReadStats, ReadStatus };

/** JSON Schema (draft 2020-12) of the status message. */
export function statusJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(statusSchema, { io: "input" });
}

/** JSON Schema (draft 2020-12) of the statistics message. */
export function statsJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(statsSchema, { io: "input" });
}

/** What a payload says, if it is a status of any version of this program; null: it is not. Keys unknown here are left out. */
export function readStatus(payload: string): ReadStatus | null {
  return readStatusSchema.safeParse(parsed(payload)).data ?? null;
}

/** What a payload says, if it is statistics of any version of this program; null: it is not. */
export function readStats(payload: string): ReadStats | null {
  return readStatsSchema.safeParse(parsed(payload)).data ?? null;
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
