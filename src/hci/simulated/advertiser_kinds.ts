import type { AdWriter } from "./ad_writer.ts";
import { mix } from "./random.ts";

/** One simulated advertiser, as it is at one moment. */
export interface Advertiser {
  /** 32 bits of its own. */
  readonly id: number;
  /** Six bytes, least significant first. */
  readonly address: Uint8Array;
  /** Changes with a rotating address; else 0. */
  readonly epoch: number;
  /** Time since the simulation began, in milliseconds. */
  readonly ageMs: number;
}

/** What an advertiser sends: a legacy PDU, or extended advertising with LE 1M or LE Coded as primary PHY. */
export type Pdu = "ADV_IND" | "ADV_SCAN_IND" | "ADV_NONCONN_IND" | "extended" | "coded";

/** A kind of advertiser. */
export interface AdvertiserKind {
  readonly name: string;
  /** How many advertisers are of this kind, relative to the other kinds. */
  readonly share: number;
  readonly address: "public" | "static" | "resolvable";
  readonly pdu: Pdu;
  /** Writes its advertising data. */
  advertise(ad: AdWriter, advertiser: Advertiser): void;
  /** Writes what it answers to a scan request. */
  respond?(ad: AdWriter, advertiser: Advertiser): void;
}

const FLAGS = 0x01;
const UUIDS_16 = 0x03;
const UUIDS_32 = 0x05;
const UUIDS_128 = 0x07;
const SHORT_NAME = 0x08;
const NAME = 0x09;
const TX_POWER = 0x0a;
const SERVICE_DATA_16 = 0x16;
const APPEARANCE = 0x19;
const SERVICE_DATA_128 = 0x21;
const MANUFACTURER = 0xff;

const LE_ONLY = 0x06;
const APPLE = 0x004c;
const MICROSOFT = 0x0006;
const RUUVI = 0x0499;
const NO_COMPANY = 0xffff;
const EDDYSTONE = 0xfeaa;
const EXPOSURE_NOTIFICATION = 0xfd6f;
const BTHOME = 0xfcd2;
const BATTERY = 0x180f;

/** 6e400001-b5a3-f393-e0a9-e50e24dcca9e, the Nordic UART service, least significant byte first. */
const UART_SERVICE = [0x9e, 0xca, 0xdc, 0x24, 0x0e, 0xe5, 0xa9, 0xe0, 0x93, 0xf3, 0xa3, 0xb5, 0x01, 0x00, 0x40, 0x6e];

/** Every kind of advertiser there is. */
export const ADVERTISER_KINDS: readonly AdvertiserKind[] = [
  {
    name: "phone",
    share: 22,
    address: "resolvable",
    pdu: "ADV_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, 0x1a).structure(TX_POWER, 0x0c);
      ad.begin(MANUFACTURER).u16(APPLE).u8(0x10).u8(5).u8(mix(advertiser.id, 1)).u32be(
        mix(advertiser.id, advertiser.epoch),
      ).end();
    },
  },
  {
    name: "exposure notification",
    share: 10,
    address: "resolvable",
    pdu: "ADV_NONCONN_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, 0x1a).begin(UUIDS_16).u16(EXPOSURE_NOTIFICATION).end();
      ad.begin(SERVICE_DATA_16).u16(EXPOSURE_NOTIFICATION);
      for (let word = 0; word < 5; word++) ad.u32be(mix(advertiser.id, advertiser.epoch, word));
      ad.end();
    },
  },
  {
    name: "laptop",
    share: 8,
    address: "resolvable",
    pdu: "ADV_NONCONN_IND",
    advertise(ad, advertiser) {
      ad.begin(MANUFACTURER).u16(MICROSOFT).raw([0x01, 0x09, 0x20, 0x02]);
      for (let word = 0; word < 5; word++) ad.u32be(mix(advertiser.id, advertiser.epoch, word));
      ad.end();
    },
  },
  {
    name: "iBeacon",
    share: 8,
    address: "static",
    pdu: "ADV_NONCONN_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, LE_ONLY).begin(MANUFACTURER).u16(APPLE).u8(0x02).u8(0x15);
      const site = advertiser.id % 5;
      for (let word = 0; word < 4; word++) ad.u32be(mix(site, word));
      ad.u16be(site).u16be(advertiser.id >>> 16).u8(-59).end();
    },
  },
  {
    name: "Eddystone beacon",
    share: 6,
    address: "static",
    pdu: "ADV_NONCONN_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, LE_ONLY).begin(UUIDS_16).u16(EDDYSTONE).end().begin(SERVICE_DATA_16).u16(EDDYSTONE);
      const isTelemetryTurn = Math.floor(advertiser.ageMs / 1_000) % 5 === 0;
      if (isTelemetryTurn) eddystoneTlm(ad, advertiser);
      else if (advertiser.id % 2 === 0) eddystoneUid(ad, advertiser);
      else eddystoneUrl(ad, advertiser);
      ad.end();
    },
  },
  {
    name: "BTHome thermometer",
    share: 10,
    address: "public",
    pdu: "ADV_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, LE_ONLY).begin(SERVICE_DATA_16).u16(BTHOME).u8(0x40);
      ad.u8(0x00).u8(advertiser.ageMs / 10_000).u8(0x01).u8(batteryPercent(advertiser));
      ad.u8(0x02).u16(wave(advertiser, 1_500, 2_600)).u8(0x03).u16(wave(advertiser, 3_500, 6_500)).end();
      ad.text(NAME, `ATC_${shortId(advertiser)}`);
    },
  },
  {
    name: "RuuviTag",
    share: 6,
    address: "static",
    pdu: "ADV_IND",
    advertise(ad, advertiser) {
      const volts = wave(advertiser, 1_000, 1_400) << 5;
      ad.structure(FLAGS, LE_ONLY).begin(MANUFACTURER).u16(RUUVI).u8(0x05);
      ad.u16be(wave(advertiser, -1_000, 5_000)).u16be(wave(advertiser, 10_000, 36_000)).u16be(
        wave(advertiser, 49_000, 53_000),
      );
      ad.u16be(4).u16be(-20).u16be(1_036).u16be(volts | 22).u8(advertiser.ageMs / 60_000).u16be(
        advertiser.ageMs / 1_285,
      );
      ad.raw(advertiser.address.toReversed()).end();
    },
    respond: (ad, advertiser) =>
      ad.text(NAME, `Ruuvi ${shortId(advertiser).slice(2)}`).structure(UUIDS_128, ...UART_SERVICE),
  },
  {
    name: "heart rate belt",
    share: 6,
    address: "static",
    pdu: "ADV_IND",
    advertise(ad) {
      ad.structure(FLAGS, LE_ONLY).begin(UUIDS_16).u16(0x180d).u16(BATTERY).end().begin(APPEARANCE).u16(0x0341).end();
    },
    respond: (ad, advertiser) => ad.text(NAME, `HRM-${shortId(advertiser)}`).structure(TX_POWER, 4),
  },
  {
    name: "battery sensor",
    share: 6,
    address: "public",
    pdu: "ADV_IND",
    advertise(ad, advertiser) {
      ad.structure(FLAGS, LE_ONLY).begin(UUIDS_16).u16(0x181a).u16(BATTERY).end();
      ad.begin(SERVICE_DATA_16).u16(BATTERY).u8(batteryPercent(advertiser)).end().text(SHORT_NAME, "Sensor");
    },
    respond: (ad, advertiser) => ad.text(NAME, `Sensor ${shortId(advertiser)}`),
  },
  {
    name: "door lock",
    share: 6,
    address: "static",
    pdu: "ADV_IND",
    advertise: (ad) => ad.structure(FLAGS, LE_ONLY).structure(UUIDS_128, ...UART_SERVICE),
    respond: (ad, advertiser) => ad.text(NAME, `Lock ${shortId(advertiser)}`).structure(TX_POWER, -8),
  },
  {
    name: "shelf label",
    share: 4,
    address: "public",
    pdu: "ADV_SCAN_IND",
    advertise: (ad) => ad.structure(FLAGS, LE_ONLY).structure(UUIDS_32, 0x78, 0x56, 0x34, 0x12),
    respond: (ad, advertiser) => ad.begin(SERVICE_DATA_16).u16(BATTERY).u8(batteryPercent(advertiser)).end(),
  },
  {
    name: "extended tag",
    share: 5,
    address: "static",
    pdu: "extended",
    advertise(ad, advertiser) {
      ad.text(NAME, `Extended tag with a long name ${shortId(advertiser)}`).structure(UUIDS_128, ...UART_SERVICE);
      noise(ad.begin(MANUFACTURER).u16(NO_COMPANY), advertiser, 16).end();
    },
  },
  {
    name: "gateway", // two or three fragments
    share: 2,
    address: "static",
    pdu: "extended",
    advertise(ad, advertiser) {
      ad.text(NAME, `Gateway ${shortId(advertiser)}`);
      for (let block = 0; block <= advertiser.id % 2; block++) {
        noise(ad.begin(MANUFACTURER).u16(block), advertiser, 55).end();
      }
      noise(ad.begin(SERVICE_DATA_128).raw(UART_SERVICE), advertiser, 40).end();
    },
  },
  {
    name: "long-range sensor",
    share: 2,
    address: "static",
    pdu: "coded",
    advertise(ad, advertiser) {
      ad.text(NAME, `Long-range ${shortId(advertiser)}`).structure(TX_POWER, 8);
      ad.begin(SERVICE_DATA_16).u16(BTHOME).u8(0x40).u8(0x02).u16(wave(advertiser, -1_000, 3_500)).end();
    },
  },
];

function eddystoneUid(ad: AdWriter, advertiser: Advertiser): void {
  ad.u8(0x00).u8(-20).raw([0x62, 0x74, 0x2d, 0x73, 0x63, 0x61, 0x6e, 0x6e, 0x65, 0x72]);
  ad.u16be(0).u32be(advertiser.id).u16be(0);
}

function eddystoneUrl(ad: AdWriter, advertiser: Advertiser): void {
  const example = [0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00]; // "example", ".com/"
  ad.u8(0x10).u8(-20).u8(0x03).raw(example).u8(0x30 + advertiser.id % 10);
}

function eddystoneTlm(ad: AdWriter, advertiser: Advertiser): void {
  ad.u8(0x20).u8(0x00).u16be(2_800 + advertiser.id % 300).u16be(wave(advertiser, 15 * 256, 26 * 256));
  ad.u32be(advertiser.ageMs / 1_000).u32be(advertiser.ageMs / 100);
}

/** A measured value, within its range, that rises and falls slowly and not in step with others. */
function wave({ id, ageMs }: Advertiser, low: number, high: number): number {
  const phase = ageMs / 3_600_000 + id / 2 ** 32;
  return Math.round(low + (high - low) * (0.5 + Math.sin(2 * Math.PI * phase) / 2));
}

function batteryPercent({ id }: Advertiser): number {
  return 20 + id % 81;
}

function shortId({ id }: Advertiser): string {
  return (id >>> 8).toString(16).padStart(6, "0").toUpperCase();
}

/** Bytes without meaning, the same for the same advertiser. */
function noise(ad: AdWriter, { id }: Advertiser, words: number): AdWriter {
  for (let word = 0; word < words; word++) ad.u32be(mix(id, word));
  return ad;
}
