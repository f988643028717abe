/** JSON Schemas of status and statistics: a door of its own, so that scanning does not load zod.
 *
 * @module
 */
import * as z from "zod/mini";
import { statsSchema, statusSchema } from "./status_schema.ts";

/** JSON Schema (draft 2020-12) of the status message. */
export function statusJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(statusSchema, { io: "input" });
}

/** JSON Schema (draft 2020-12) of the statistics message. */
export function statsJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(statsSchema, { io: "input" });
}
