/** A scanner over any HCI transport: noble drives the controller, advertising reports bypass it.
 *
 * @module
 */
export { NAMES_LAST_MS } from "./name_requests.ts";
export { HciScanner, type HciScannerOptions } from "./scanner.ts";
export { type ScanParameters } from "./scan_parameters.ts";
