import type { Logger, Scanner } from "../agent/mod.ts";
import type { Config } from "../config/mod.ts";
import { type HciSource, linuxAdapterSource, openReplay, openSimulated } from "../hci/mod.ts";
import { HciScanner } from "../scanner_hci/mod.ts";
import type { Host } from "./host.ts";

/** What a scanner asks of the host. */
export type ScannerHost = Pick<Host, "clock" | "openFile" | "linux">;

/** A scanner on the configured source, or on one of HCI packets that stands for it. */
export function createScanner(config: Config, host: ScannerHost, log: Logger, source?: HciSource): Scanner {
  const { scanner } = config;
  return new HciScanner(
    {
      source: source ?? hciSource(config, host),
      paced: scanner.source === "replay",
      mode: scanner.mode,
      autoActiveShare: scanner.auto_active_share,
      intervalMs: scanner.interval_ms,
      windowMs: scanner.window_ms,
      extended: scanner.extended,
    },
    host.clock,
    log,
  );
}

/** Where HCI packets come from, as configured. */
export function hciSource({ scanner, replay, simulate }: Config, { clock, openFile, linux }: ScannerHost): HciSource {
  const reset = () => Promise.resolve();
  switch (scanner.source) {
    case "hci":
      return linuxAdapterSource(scanner.adapter, linux);
    case "simulate": {
      const { devices, rate: reportsPerSecond, seed, malformed: malformedShare, burst: burstReports } = simulate;
      const addressLifetimeMs = simulate.rotate_s * 1000;
      const options = { devices, reportsPerSecond, seed, addressLifetimeMs, malformedShare, burstReports, clock };
      return { open: () => openSimulated(options), reset };
    }
    case "replay": {
      const { file, speed, loop } = replay;
      const name = file ?? "";
      return { open: () => openReplay({ open: () => openFile(name), name, speed, loop, clock }), reset };
    }
    default:
      return scanner.source satisfies never;
  }
}
