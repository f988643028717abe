import type { Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Devices, DeviceTable } from "./device_table.ts";

/** Has the devices in range known to somebody until it is disposed of. */
export interface DeviceWatch extends Disposable {
  /** Those heard since anybody began to watch: all who do see the same. */
  readonly devices: Devices;
}

/** One table of devices for all who watch it, from the first to the last of them. */
export class WatchedDevices {
  readonly #table = new DeviceTable();
  readonly #watches = new Set<DeviceWatch>();

  /** @param forget called when nobody watches any more */
  constructor(private readonly clock: Clock, private readonly forget: () => void) {}

  heard(advertisement: Advertisement): void {
    this.#table.heard(advertisement, this.clock.monotonicMs());
  }

  watch(): DeviceWatch {
    const watch: DeviceWatch = {
      devices: this.#table,
      [Symbol.dispose]: () => {
        if (this.#watches.delete(watch) && this.#watches.size === 0) this.forget();
      },
    };
    this.#watches.add(watch);
    return watch;
  }
}
