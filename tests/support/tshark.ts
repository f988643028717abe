/**
 * tshark as an independent decoder of advertising reports, and the little of the btsnoop format
 * that comparing with it takes.
 *
 * @module
 */
import { run } from "./programs.ts";

const MAGIC = "btsnoop\0";
const HEADER_BYTES = 16;
const RECORD_HEADER_BYTES = 24;
const DATALINK_H4 = 1002;
/** Received by the host, and a command or an event. */
const FLAGS_EVENT = 0b11;
/** Microseconds from the year 0 to 1970, as btsnoop counts. */
const EPOCH_US = 0x00dcddb30f2f8000n;

/** One AD structure as tshark reads it: its fields without the prefix, each with all its values. */
export interface TsharkEntry {
  readonly type: number;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** One advertising report as tshark reads it. */
export interface TsharkReport {
  readonly extended: boolean;
  /** Fields of the report without the prefix, those that tshark reached before a malformed structure. */
  readonly fields: Readonly<Record<string, string>>;
  readonly entries: readonly TsharkEntry[];
}

/** Whether tshark can be run. */
export function hasTshark(): boolean {
  try {
    return new Deno.Command("tshark", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** The HCI packets of a btsnoop file. */
export function parseBtsnoop(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packets: Uint8Array[] = [];
  for (let at = HEADER_BYTES; at < file.length;) {
    const end = at + RECORD_HEADER_BYTES + view.getUint32(at + 4);
    packets.push(file.subarray(at + RECORD_HEADER_BYTES, end));
    at = end;
  }
  return packets;
}

/** A btsnoop file of these HCI events. */
export function formatBtsnoop(packets: readonly Uint8Array[]): Uint8Array {
  const size = packets.reduce((sum, packet) => sum + RECORD_HEADER_BYTES + packet.length, HEADER_BYTES);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, 1);
  view.setUint32(12, DATALINK_H4);
  let at = HEADER_BYTES;
  for (const packet of packets) {
    view.setUint32(at, packet.length);
    view.setUint32(at + 4, packet.length);
    view.setUint32(at + 8, FLAGS_EVENT);
    view.setBigUint64(at + 16, EPOCH_US);
    file.set(packet, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + packet.length;
  }
  return file;
}

/**
 * The advertising reports of a btsnoop file, as tshark reads them.
 *
 * @throws where tshark fails
 */
export async function tsharkReports(path: string): Promise<TsharkReport[]> {
  const filter = "bthci_evt.le_meta_subevent == 0x02 || bthci_evt.le_meta_subevent == 0x0d";
  const json = await run("tshark", "-r", path, "-Y", filter, "-T", "json", "--no-duplicate-keys");
  const packets = JSON.parse(json) as { _source: { layers: { bthci_evt: Json } } }[];
  return packets.flatMap(({ _source }) => reportsOf(_source.layers.bthci_evt));
}

interface Json {
  readonly [key: string]: string | Json | readonly (string | Json)[];
}

const EVENT = "bthci_evt.";
const DATA = "btcommon.eir_ad.advertising_data";
const ENTRY = "btcommon.eir_ad.entry";

/**
 * tshark gives every field once, with an array of the values where there are several reports. A
 * report without data has no "advertising data".
 */
function reportsOf(event: Json): TsharkReport[] {
  const payloads = [...objects(event[DATA])];
  const lengths = strings(event[`${EVENT}data_length`]);
  const names = Object.keys(event).filter((key) => key.startsWith(EVENT) && !key.endsWith("_tree"));
  return lengths.map((length, index) => ({
    extended: event[`${EVENT}le_meta_subevent`] === "0x0d",
    fields: Object.fromEntries(names.flatMap((name) => {
      const value = strings(event[name])[index];
      return value === undefined ? [] : [[name.slice(EVENT.length), value]];
    })),
    entries: length === "0" ? [] : objects(payloads.shift()?.[ENTRY]).map(entryOf),
  }));
}

function entryOf(entry: Json): TsharkEntry {
  const fields = Object.keys(entry).filter((key) => key.startsWith(`${ENTRY}.`))
    .map((key) => [key.slice(ENTRY.length + 1), strings(entry[key])]);
  return { type: Number(entry[`${ENTRY}.type`]), fields: Object.fromEntries(fields) };
}

function strings(value: Json[string] | undefined): string[] {
  return [value ?? []].flat().filter((one) => typeof one === "string");
}

function objects(value: Json[string] | undefined): Json[] {
  return [value ?? []].flat().filter((one): one is Json => typeof one === "object");
}
