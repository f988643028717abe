import * as z from "zod";

/**
 * What Home Assistant demands of a device's discovery, as far as it is used here, in our own words. Read in its source
 * of early 2025, in `homeassistant/components/mqtt`: `discovery.py`, `schemas.py` at c6ca7f5f4163, `entity.py` at
 * e79ecb303a76, `sensor.py`, `binary_sensor.py`, `abbreviations.py`. Unknown keys it drops without a word; here they
 * are errors.
 */
const text = z.string().min(1);
/** May be subscribed to; wildcards would be allowed, but are not what is meant. */
// deno-lint-ignore no-control-regex
const topic = text.regex(/^[^\0-\x1f\x7f-\x9f+#]+$/u);
const template = text;
const identifiers = z.union([text, z.array(text).min(1)]);

const availability = z.array(z.strictObject({ t: topic, val_tpl: template.optional() })).min(1);

const common = {
  name: text,
  uniq_id: text, // required with device discovery
  stat_t: topic,
  val_tpl: template,
  avty: availability.optional(),
  ent_cat: z.literal("diagnostic").optional(), // what only shows something cannot be "config"
  json_attr_t: topic.optional(),
  json_attr_tpl: template.optional(),
  exp_aft: z.int().positive().optional(),
};

const binarySensor = z.strictObject({
  p: z.literal("binary_sensor"),
  ...common,
  dev_cla: z.enum(["connectivity", "running"]).optional(),
  pl_on: text.optional(),
  pl_off: text.optional(),
});

const sensor = z.strictObject({
  p: z.literal("sensor"),
  ...common,
  dev_cla: z.literal("timestamp").optional(),
  stat_cla: z.enum(["measurement", "total", "total_increasing"]).optional(),
  unit_of_meas: text.optional(),
}).refine(
  ({ dev_cla, stat_cla, unit_of_meas }) =>
    dev_cla !== "timestamp" || stat_cla === undefined && unit_of_meas === undefined,
  "a time has neither state class nor unit",
);

/** Removes what was there before. */
const removed = z.strictObject({ p: z.enum(["sensor", "binary_sensor"]) });

/** A message of device discovery. */
export const deviceDiscovery = z.strictObject({
  dev: z.strictObject({ ids: identifiers, name: text, mdl: text, sw: text }),
  o: z.strictObject({ name: text, sw: text }),
  avty: availability,
  cmps: z.record(text.regex(/^\S+$/), z.union([binarySensor, sensor, removed])),
});

/** A component that is there. */
export type Component = z.infer<typeof binarySensor> | z.infer<typeof sensor>;

/** The topics on which it is looked for: a device may have a node before it, which ours have not. */
export const DISCOVERY_TOPIC = /^homeassistant\/device\/[a-zA-Z0-9_-]+\/config$/;
