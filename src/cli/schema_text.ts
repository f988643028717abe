import { statsJsonSchema, statusJsonSchema } from "../status/schema.ts";
import { messageJsonSchema } from "../advertisement/schema.ts";
import { configJsonSchema } from "../config/mod.ts";
import { doctorJsonSchema } from "./doctor/finding_schema.ts";

/** What `bt-scanner schema` can describe. */
export const SCHEMAS = {
  message: messageJsonSchema,
  status: statusJsonSchema,
  stats: statsJsonSchema,
  config: configJsonSchema,
  doctor: doctorJsonSchema,
} as const;

/** The JSON Schema of one of the messages, the configuration or doctor's findings, as text. */
export function schemaText(name: keyof typeof SCHEMAS): string {
  return `${JSON.stringify(SCHEMAS[name](), null, 2)}\n`;
}
