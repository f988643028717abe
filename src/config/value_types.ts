import * as z from "zod/mini";

/** How text (an environment variable, a flag, an unquoted YAML scalar) becomes a value. */
export type Reads =
  | "text" // as it stands: a scanner called 42 is still called "42"
  | "number" // as a number if it looks like one, otherwise as it stands
  | "boolean" // likewise for `true` and `false`
  | "list" // items separated by commas, each as it stands
  | "map"; // the same, each a name and a value: name=value

/** What a key may hold: how it is checked, and how that is described to a person. */
export interface ValueType<S extends z.ZodMiniType = z.ZodMiniType> {
  readonly schema: S;
  /** Completes "expected …". */
  readonly expects: string;
  /** The same for one item, if it is a list or a map. */
  readonly itemExpects?: string;
  readonly reads: Reads;
  /** The words, if it is one of a few. */
  readonly words?: readonly string[];
}

/** A whole number of `least` to `most`. */
export function whole(least: number, most: number): ValueType<z.ZodMiniNumberFormat> {
  const schema = z.int().check(z.gte(least), z.lte(most));
  return { schema, expects: `a whole number from ${least} to ${most}`, reads: "number" };
}

/** A number of `least` to `most`, fractions allowed. */
export function between(least: number, most: number): ValueType<z.ZodMiniNumber> {
  const schema = z.number().check(z.gte(least), z.lte(most));
  return { schema, expects: `a number from ${least} to ${most}`, reads: "number" };
}

/** A number above 0, at most `most`. */
export function positive(most: number): ValueType<z.ZodMiniNumber> {
  const schema = z.number().check(z.gt(0), z.lte(most));
  return { schema, expects: `a number above 0, at most ${most}`, reads: "number" };
}

/** `true` or `false`. */
export function yesNo(): ValueType<z.ZodMiniBoolean> {
  return { schema: z.boolean(), expects: "true or false", reads: "boolean", words: ["true", "false"] };
}

/** One of a few words. */
export function oneOf<const W extends readonly [string, ...string[]]>(
  ...words: W
): ValueType<z.ZodMiniEnum<{ [K in W[number]]: K }>> {
  return { schema: z.enum(words), expects: `one of ${words.join(", ")}`, reads: "text", words };
}

/** Text of one form. */
export function text(pattern: RegExp, expects: string): ValueType<z.ZodMiniString> {
  return { schema: z.string().check(z.regex(pattern)), expects, reads: "text" };
}

/** Text that MQTT can carry (3.1.1, 1.5.3): not empty, no NUL, at most `mostBytes` of UTF-8. */
export function utf8(mostBytes: number, pattern = /^[^\0]+$/u, form = "text"): ValueType<z.ZodMiniString> {
  const fits = (value: string) => value.isWellFormed() && utf8Length(value) <= mostBytes;
  const schema = z.string().check(z.regex(pattern), z.refine(fits));
  return { schema, expects: `${form}, 1 to ${mostBytes} bytes`, reads: "text" };
}

/** The path of a file. */
export function path(): ValueType<z.ZodMiniString> {
  return { schema: z.string().check(z.regex(/^[^\0]+$/)), expects: "the path of a file", reads: "text" };
}

/** Any number of values of one type. */
export function listOf<S extends z.ZodMiniType>(item: ValueType<S>): ValueType<z.ZodMiniArray<S>> {
  return {
    schema: z.array(item.schema),
    expects: `a list, each ${item.expects}`,
    itemExpects: item.expects,
    reads: "list",
  };
}

/** At most `most` texts by name; names are such as Prometheus takes for labels, apart from those that it keeps to itself. */
export function labelMap(
  most: number,
): ValueType<z.ZodMiniRecord<z.ZodMiniString<string>, z.ZodMiniString<string>>> {
  const name = z.string().check(z.regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]{0,63}$/));
  const value = z.string().check(z.regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]{1,64}$/u));
  return {
    schema: z.record(name, value).check(z.refine((map) => Object.keys(map).length <= most)),
    expects: `at most ${most} names with their values, such as { room: attic }`,
    itemExpects: "a name of A-Z a-z 0-9 _, not beginning with a digit or __, and a value of 1 to 64 visible characters",
    reads: "map",
  };
}

/** The same, or null. */
export function orNull<S extends z.ZodMiniType>(type: ValueType<S>): ValueType<z.ZodMiniNullable<S>> {
  return { ...type, schema: z.nullable(type.schema), expects: `${type.expects}, or null` };
}

/** A company identifier (Assigned Numbers, 7.1), 0 to 65535. */
export function companyId(): ValueType<z.ZodMiniUnion<[z.ZodMiniString, z.ZodMiniNumberFormat]>> {
  const decimal = "[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";
  const written = z.string().check(z.regex(new RegExp(`^(0[xX][0-9A-Fa-f]{1,4}|${decimal})$`)));
  return {
    schema: z.union([written, z.int().check(z.gte(0), z.lte(0xffff))]),
    expects: "a number from 0 to 65535, such as 76 or 0x004C (4c00 in messages)",
    reads: "text",
  };
}

/** A UUID of 16, 32 or 128 bits. */
export function uuid(): ValueType<z.ZodMiniString> {
  return text(
    /^((0[xX])?([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/,
    "a UUID of 4, 8 or 32 hexadecimal digits, such as 180F",
  );
}

/** What a UUID of 16 or 32 bits is short for (Core Specification 5.4, Vol 3, Part B, 2.5.1). */
const BASE_UUID_TAIL = "00001000800000805f9b34fb";

/** The full 128 bits, in lower case, of one that was written in any of the ways that {@linkcode uuid} takes. */
export function fullUuid(written: string): string {
  const digits = written.replace(/^0x/i, "").replaceAll("-", "").toLowerCase();
  const all = digits.length === 32 ? digits : digits.padStart(8, "0") + BASE_UUID_TAIL;
  return all.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** How many bytes a text takes in UTF-8. */
export function utf8Length(value: string): number {
  return new TextEncoder().encode(value).length;
}
