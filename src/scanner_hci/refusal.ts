/** The controller has refused what a scan takes. */
export class ScanRefused extends Error {
  /** Tells it from other errors. */
  override readonly name = "ScanRefused";

  /** Says what was refused, and with which error code (Vol 1, Part F). */
  constructor(adapter: string, readonly command: "parameters" | "enable", readonly status: number) {
    super(`${adapter} refused ${command === "enable" ? "to scan" : "the scan parameters"} (status ${hex(status)})`);
  }
}

/** An error code, as the specification writes it. */
export function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
