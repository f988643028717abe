/** Scans through noble, over any HCI transport; advertising reports bypass it.
 *
 * @module
 */
export { NobleScanner, type NobleScannerOptions } from "./scanner.ts";
export { type ScanParameters } from "./scan_parameters.ts";
