import type { FilterOptions } from "../../src/agent/mod.ts";

/** A filter that leaves nothing out. */
export const PASS_ALL: FilterOptions = {
  minRssiDbm: null,
  allow: [],
  deny: [],
  addressTypes: [],
  connectable: null,
  companies: [],
  services: [],
  names: [],
  onChangeMs: null,
  maxRatePerDevice: null,
};
