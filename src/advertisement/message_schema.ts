import * as z from "zod/mini";
import { FULL_AD_FIELDS } from "./ad_types.ts";
import type { Message } from "./message.ts";

const hex = (description: string) => z.string().check(z.regex(/^([0-9a-f]{2})*$/), z.describe(description));

const uuid = z.string().check(
  z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  z.describe("Full 128-bit UUID, lower-case"),
);

const phys = ["1M", "2M", "coded", "coded_s2"] as const;

/** What the AD structures add. */
const adFields = Object.fromEntries(
  Object.entries(FULL_AD_FIELDS).map(([key, { schema, description }]) => [
    key,
    z.exactOptional(
      schema.kind === "uuids" ? z.array(uuid) : z.nullable(z.int().check(z.minimum(0), z.maximum(schema.most))),
    ).check(z.describe(`${description}. Full fields only`)),
  ]),
);

/** One message: one advertising report. Keys may be added in later versions. */
export const messageSchema: z.ZodMiniType<Message> = z.object({
  scanner_id: z.string().check(z.describe("The scanner that heard it")),
  mac_address: z.string().check(
    z.regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/),
    z.describe("Address of the device, upper-case"),
  ),
  rssi: z.nullable(z.int().check(z.minimum(-128), z.maximum(126))).check(
    z.describe("Signal strength in dBm; null: the controller does not know"),
  ),
  timestamp: z.iso.datetime({ precision: 3 }).check(z.describe("When the report was read from the adapter, UTC")),
  manufacturer_data: z.record(
    z.string().check(z.regex(/^[0-9a-f]{4}$/)),
    hex("Data, without the company identifier"),
  ).check(
    z.describe(
      "Manufacturer data by company identifier, its two bytes in over-the-air order: 0x004C is 4c00. " +
        "The data of several structures of one company is joined in order",
    ),
  ),
  service_uuids: z.array(uuid).check(z.describe("Services offered")),
  local_name: z.nullable(z.string()).check(
    z.describe("Complete or else shortened name; null: unknown. Invalid UTF-8 is replaced, NUL padding removed"),
  ),
  service_data: z.exactOptional(z.record(uuid, hex("Data, without the UUID"))).check(
    z.describe("Service data by UUID; left out where there is none"),
  ),
  tx_power: z.exactOptional(z.int().check(z.minimum(-128), z.maximum(127))).check(
    z.describe("Transmit power in dBm; left out where unknown"),
  ),
  address_type: z.exactOptional(
    z.enum(["public", "random", "public_identity", "random_identity", "anonymous", "unknown"]),
  ).check(z.describe("What the address is. anonymous: it means nothing; unknown: a reserved value. Full fields only")),
  adv_type: z.exactOptional(
    z.enum(["ADV_IND", "ADV_DIRECT_IND", "ADV_SCAN_IND", "ADV_NONCONN_IND", "SCAN_RSP", "ADV_EXT_IND", "AUX_SCAN_RSP"]),
  ).check(z.describe("The PDU received; ADV_EXT_IND stands for any extended one but AUX_SCAN_RSP. Full fields only")),
  connectable: z.exactOptional(z.nullable(z.boolean())).check(
    z.describe("Whether it can be connected to; null: a scan response, which does not tell. Full fields only"),
  ),
  scannable: z.exactOptional(z.boolean()).check(z.describe("Whether it answers scan requests. Full fields only")),
  ...adFields,
  primary_phy: z.exactOptional(z.nullable(z.enum(phys))).check(
    z.describe("Physical layer of the primary channel; null: a reserved value. Full fields only"),
  ),
  secondary_phy: z.exactOptional(z.nullable(z.enum(phys))).check(
    z.describe("Physical layer of the secondary channel; null: not used. Full fields only"),
  ),
  sid: z.exactOptional(z.nullable(z.int().check(z.minimum(0), z.maximum(15)))).check(
    z.describe("Advertising set; null: none. Full fields only"),
  ),
  raw: z.exactOptional(hex("The AD structures as received. Full fields only")),
  data_status: z.exactOptional(z.enum(["complete", "truncated", "uncertain"])).check(
    z.describe(
      "Whether the data is whole. truncated: the controller has cut it; uncertain: packets were lost at that time, " +
        "pieces of it perhaps among them. Full fields only",
    ),
  ),
  run_id: z.exactOptional(z.string()).check(
    z.describe("Changes with each start of the program; run_id of the status. Full fields only"),
  ),
  seq: z.exactOptional(z.int().check(z.minimum(1))).check(
    z.describe(
      "Counts the messages of this run from 1, those that were dropped on their way included: what is missing in " +
        "between did not arrive. Full fields only",
    ),
  ),
});
