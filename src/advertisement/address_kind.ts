import type { Advertisement } from "./advertisement.ts";

/** What a device's address is, as far as it tells: random ones say it with their two highest bits. */
export type AddressKind =
  | "public" // assigned by IEEE; or what a resolvable one was resolved to
  | "static" // random, kept at least until the device is switched off
  | "resolvable" // random, changes every few minutes; those with its key know whose it is
  | "non_resolvable" // random, changes every few minutes; nobody knows whose it is
  | "anonymous" // none
  | "unknown"; // reserved

/** By the two highest bits (Vol 6, Part B, 1.3.2). */
const RANDOM_KINDS: readonly AddressKind[] = ["non_resolvable", "resolvable", "unknown", "static"];

/** What the address of an advertisement is. */
export function addressKind({ address, addressType }: Pick<Advertisement, "address" | "addressType">): AddressKind {
  switch (addressType) {
    case "public":
    case "public_identity":
      return "public";
    case "random_identity":
      return "static";
    case "random":
      return RANDOM_KINDS[parseInt(address.slice(0, 1), 16) >> 2] ?? "unknown";
    case "anonymous":
    case "unknown":
      return addressType;
    default:
      return addressType satisfies never;
  }
}
