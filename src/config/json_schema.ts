import * as z from "zod/mini";
import { configSchema, metadata } from "./config_schema.ts";

/** The JSON Schema (draft 2020-12) of the configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    metadata,
    override({ jsonSchema }) {
      // Everything may come from flags or the environment instead of the file.
      delete jsonSchema.required;
      if (jsonSchema.secret === true) jsonSchema.writeOnly = true;
      for (const internal of ["expects", "itemExpects", "reads", "secret", "words"]) delete jsonSchema[internal];
    },
  });
  return { title: "bt-scanner", ...schema };
}
