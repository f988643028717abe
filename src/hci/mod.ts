/** HCI transports: bytes to and from a Bluetooth controller, real, recorded or simulated.
 *
 * @module
 */
export {
  type DiscoveryEnd,
  HciError,
  type HciErrorCode,
  type HciSource,
  type HciTransport,
  type KernelDiscovery,
  type PacketHandler,
} from "./transport.ts";
export * as hci from "./constants.ts";
export {
  BtsnoopDecoder,
  BtsnoopError,
  type BtsnoopRecord,
  encodeBtsnoopHeader,
  encodeBtsnoopRecord,
  readBtsnoop,
} from "./btsnoop.ts";
export {
  adStructure,
  commandCompletePacket,
  commandPacket,
  commandStatusPacket,
  type ExtendedReportFields,
  extendedReportsPacket,
  type LegacyReportFields,
  legacyReportsPacket,
} from "./packets.ts";
export { recordPackets } from "./record_packets.ts";
export { openReplay, type ReplayOptions } from "./replay.ts";
export { openSimulated, type SimulationOptions } from "./simulated/mod.ts";
export {
  type AdapterInfo,
  type AdapterSelector,
  type LinuxHost,
  linuxHost,
  listAdapters,
  resetAdapter,
  selectAdapter,
} from "./linux/adapters.ts";
export { linuxAdapterSource } from "./linux/adapter_source.ts";
export { type LinuxHciSocket, type LinuxHciSocketOptions, openLinuxHciSocket } from "./linux/hci_socket.ts";
export { dropProgramPages } from "./linux/program_pages.ts";
export { type FileSystemFacts, type KernelFacts, kernelFacts } from "./linux/kernel_facts.ts";
export { readText } from "./linux/read_text.ts";
export { type Libc, libcPaths, type OpenLibc } from "./linux/libc.ts";
export { type BluetoothSurvey, surveyBluetooth, type SurveyedAdapter } from "./linux/survey.ts";
