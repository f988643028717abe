import { statsJsonSchema, statusJsonSchema } from "../status/schema.ts";
import { messageJsonSchema } from "../advertisement/schema.ts";
import { configJsonSchema } from "../config/mod.ts";

/** What `bt-scanner schema` can describe. */
export const SCHEMAS = {
  message: messageJsonSchema,
  status: statusJsonSchema,
  stats: statsJsonSchema,
  config: configJsonSchema,
} as const;

/** The JSON Schema of one of the messages, or of the configuration, as text. */
export function schemaText(name: keyof typeof SCHEMAS): string {
  return `${JSON.stringify(SCHEMAS[name](), null, 2)}\n`;
}
