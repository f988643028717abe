/** HCI transports: bytes to and from a Bluetooth controller, real, recorded or simulated.
 *
 * @module
 */
export { HciError, type HciErrorCode, type HciTransport, type PacketHandler } from "./transport.ts";
export * as hci from "./constants.ts";
export {
  adStructure,
  commandCompletePacket,
  commandPacket,
  type ExtendedReportFields,
  extendedReportsPacket,
  type LegacyReportFields,
  legacyReportsPacket,
} from "./packets.ts";
