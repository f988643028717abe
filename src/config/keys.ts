import * as z from "zod/mini";
import { configSchema, type KeyMeta, metadata } from "./config_schema.ts";

/** A key of the configuration. */
export interface ConfigKey extends KeyMeta {
  /** `mqtt.broker.port` */
  readonly path: string;
  /** The environment variable that sets it: `BT_SCANNER_MQTT_BROKER_PORT`. */
  readonly environment: string;
  /** Its default; undefined if it has none. */
  readonly fallback: unknown;
  readonly schema: z.ZodMiniType;
}

/** A section of the configuration: keys and further sections, in order. */
export interface ConfigSection {
  /** `mqtt.broker`; empty for the whole. */
  readonly path: string;
  readonly description: string;
  readonly children: ReadonlyMap<string, ConfigKey | ConfigSection>;
}

/** What every environment variable of the program begins with. */
export const ENVIRONMENT_PREFIX = "BT_SCANNER_";

/** The whole configuration as a tree. */
export function configTree(): ConfigSection {
  return sectionOf(configSchema, []);
}

/** Every key below a section, in order. */
export function keysOf(section: ConfigSection): ConfigKey[] {
  return [...section.children.values()].flatMap((child) => "children" in child ? keysOf(child) : [child]);
}

/** What a configuration, or a part of it, has at this path. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split(".").reduce((at, segment) => (at as Record<string, unknown>)[segment], root);
}

function sectionOf(schema: z.ZodMiniObject, segments: readonly string[]): ConfigSection {
  const children = Object.entries(schema._zod.def.shape).map(([name, child]) => {
    const at = [...segments, name];
    return [name, child instanceof z.ZodMiniObject ? sectionOf(child, at) : keyOf(child as z.ZodMiniType, at)] as const;
  });
  return {
    path: segments.join("."),
    description: metadata.get(schema)?.description ?? "",
    children: new Map(children),
  };
}

function keyOf(schema: z.ZodMiniType, segments: readonly string[]): ConfigKey {
  const unknown = { description: "", expects: "", reads: "text", secret: false } as const;
  return {
    ...unknown,
    ...metadata.get(schema),
    path: segments.join("."),
    environment: ENVIRONMENT_PREFIX + segments.join("_").toUpperCase(),
    fallback: schema instanceof z.ZodMiniDefault ? schema._zod.def.defaultValue : undefined,
    schema,
  };
}
