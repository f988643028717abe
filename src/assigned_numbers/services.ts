/**
 * The most common of 1,400: services of the Bluetooth SIG, and company UUIDs that are known by their use.
 *
 * @see Bluetooth Assigned Numbers, 3.4.2, 3.10 and 3.11
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x1800, "Generic Access"],
  [0x1801, "Generic Attribute"],
  [0x1802, "Immediate Alert"],
  [0x1803, "Link Loss"],
  [0x1804, "Tx Power"],
  [0x1805, "Current Time"],
  [0x1808, "Glucose"],
  [0x1809, "Health Thermometer"],
  [0x180a, "Device Information"],
  [0x180d, "Heart Rate"],
  [0x180e, "Phone Alert Status"],
  [0x180f, "Battery"],
  [0x1810, "Blood Pressure"],
  [0x1811, "Alert Notification"],
  [0x1812, "Human Interface Device"],
  [0x1813, "Scan Parameters"],
  [0x1814, "Running Speed and Cadence"],
  [0x1815, "Automation IO"],
  [0x1816, "Cycling Speed and Cadence"],
  [0x1818, "Cycling Power"],
  [0x1819, "Location and Navigation"],
  [0x181a, "Environmental Sensing"],
  [0x181b, "Body Composition"],
  [0x181c, "User Data"],
  [0x181d, "Weight Scale"],
  [0x181f, "Continuous Glucose Monitoring"],
  [0x1820, "Internet Protocol Support"],
  [0x1821, "Indoor Positioning"],
  [0x1822, "Pulse Oximeter"],
  [0x1826, "Fitness Machine"],
  [0x1827, "Mesh Provisioning"],
  [0x1828, "Mesh Proxy"],
  [0x183a, "Insulin Delivery"],
  [0x183b, "Binary Sensor"],
  [0x183e, "Physical Activity Monitor"],
  [0x1844, "Volume Control"],
  [0x1846, "Coordinated Set Identification"],
  [0x184e, "Audio Stream Control"],
  [0x184f, "Broadcast Audio Scan"],
  [0x1850, "Published Audio Capabilities"],
  [0x1851, "Basic Audio Announcement"],
  [0x1852, "Broadcast Audio Announcement"],
  [0x1853, "Common Audio"],
  [0x1854, "Hearing Access"],
  [0x1855, "Telephony and Media Audio"],
  [0x1856, "Public Broadcast Announcement"],
  [0x1857, "Electronic Shelf Label"],
  [0xfcd2, "BTHome"],
  [0xfd3d, "SwitchBot"],
  [0xfd5a, "SmartTag"],
  [0xfd6f, "Exposure Notification"],
  [0xfd84, "Tile"],
  [0xfdcd, "Qingping"],
  [0xfe07, "Sonos"],
  [0xfe0f, "Hue"],
  [0xfe2c, "Fast Pair"],
  [0xfe59, "Nordic DFU"],
  [0xfe95, "MiBeacon"],
  [0xfe9a, "Estimote"],
  [0xfeaa, "Eddystone"],
  [0xfeec, "Tile"],
  [0xfeed, "Tile"],
  [0xfef3, "Google Nearby"],
  [0xfff6, "Matter"],
  [0xfff9, "FIDO2"],
  [0xfffa, "Remote ID"],
  [0xfffd, "FIDO U2F"],
]);

const BASE_UUID_TAIL = "-0000-1000-8000-00805f9b34fb";

/** A service in a word or two; its UUID if it is not known here, shortened (`feaa`) if possible. */
export function serviceName(uuid: string): string {
  if (!uuid.endsWith(BASE_UUID_TAIL)) return uuid;
  const short = uuid.slice(0, 8).replace(/^0000/, "");
  return NAMES.get(parseInt(short, 16)) ?? short;
}

/** The services that have names here, by their 16-bit UUIDs. */
export function namedServices(): Iterable<readonly [uuid: number, name: string]> {
  return NAMES;
}
