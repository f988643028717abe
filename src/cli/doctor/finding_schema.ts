import * as z from "zod/mini";
import { FINDING_IDS, LEVELS, type ReportedFinding } from "./finding.ts";

/** Schema of what `doctor --json` prints. */
export const findingsSchema: z.ZodMiniType<ReportedFinding[]> = z.array(z.object({
  id: z.enum(FINDING_IDS).check(z.describe("What was examined; more may be added, none changes its meaning")),
  level: z.enum(LEVELS).check(
    z.describe(
      "ok: nothing to do; warning: it works, perhaps not well or not for long; problem: it keeps run from working",
    ),
  ),
  subject: z.string().check(z.describe("What it is about, for people; of several adapters, which")),
  text: z.string().check(z.describe("What was found")),
  remedy: z.nullable(z.string()).check(z.describe("What to do about it; null: nothing, or text says it")),
}));

/** JSON Schema (draft 2020-12) of what `doctor --json` prints. */
export function doctorJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(findingsSchema, { io: "input" });
}
