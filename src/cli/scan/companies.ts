/**
 * Those that are met most; all of them would be a third of the program.
 *
 * @see Bluetooth Assigned Numbers, 7.1
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x0006, "Microsoft"],
  [0x004c, "Apple"],
  [0x0059, "Nordic"],
  [0x0075, "Samsung"],
  [0x0087, "Garmin"],
  [0x009e, "Bose"],
  [0x00e0, "Google"],
  [0x012d, "Sony"],
  [0x02e5, "Espressif"],
  [0x038f, "Xiaomi"],
  [0x0499, "Ruuvi"],
]);

/** A company in a word; by its number, as in `0x0499`, where it is not known here. */
export function companyName(companyId: number): string {
  return NAMES.get(companyId) ?? `0x${companyId.toString(16).padStart(4, "0").toUpperCase()}`;
}
