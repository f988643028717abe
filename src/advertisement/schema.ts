/** The schema of the message: a door of its own, so that scanning does not load zod.
 *
 * @module
 */
import * as z from "zod/mini";
import { messageSchema } from "./message_schema.ts";

/** JSON Schema (draft 2020-12) of the message. Keys it does not know are allowed: later versions may add some. */
export function messageJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(messageSchema, { io: "input" });
}
