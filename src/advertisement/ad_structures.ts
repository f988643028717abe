import { AD_TYPES } from "./ad_types.ts";
import type { AdvertisementDraft } from "./advertisement.ts";

/**
 * Fills in what the AD structures in an advertisement's data say. Never throws: a structure that overruns the data, or
 * is too short for its type, is skipped and counted as malformed. A length of zero ends the data early, which is no
 * fault. Types that are not in {@linkcode AD_TYPES} are passed over.
 *
 * What is filled in refers to the data, which must not change afterwards.
 *
 * @see Bluetooth Core Specification 5.4, Vol 3, Part C, 11
 */
export function readAdStructures(ad: AdvertisementDraft): AdvertisementDraft {
  const { data } = ad;
  let at = 0;
  while (at < data.length) {
    const length = data[at] ?? 0;
    if (length === 0) break;
    const end = at + 1 + length;
    if (end > data.length || AD_TYPES[data[at + 1] ?? 0]?.(ad, data, at + 2, end) === false) ad.malformedStructures++;
    at = end;
  }
  if (ad.serviceUuids.length > 1) ad.serviceUuids = [...new Set(ad.serviceUuids)];
  if (ad.solicitedUuids.length > 1) ad.solicitedUuids = [...new Set(ad.solicitedUuids)];
  return ad;
}
