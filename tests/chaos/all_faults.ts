import { ACCESS_FAULTS } from "./access_faults.ts";
import { BROKER_FAULTS, type Fault } from "./faults.ts";
import { NETWORK_FAULTS } from "./network_faults.ts";

/** Every fault between agent and broker. */
export const ALL_FAULTS: readonly Fault[] = [...BROKER_FAULTS, ...ACCESS_FAULTS, ...NETWORK_FAULTS];
