import type { Advertisement } from "../advertisement/mod.ts";
import type { Clock } from "../time/mod.ts";
import { type Devices, DeviceTable } from "./device_table.ts";

/** Has the devices in range known to somebody until it is disposed of. */
export interface DeviceWatch extends Disposable {
  /** Those heard since anybody began to watch: all who do see the same. */
  readonly devices: Devices;
}

/** One table of devices for all who watch it. While nobody does, there is none, and a report costs a look. */
export class DeviceWatches {
  readonly #watches = new Set<DeviceWatch>();
  #table: DeviceTable | null = null;

  constructor(private readonly clock: Clock) {}

  heard(advertisement: Advertisement): void {
    this.#table?.heard(advertisement, this.clock.monotonicMs());
  }

  begin(): DeviceWatch {
    const watch: DeviceWatch = {
      devices: this.#table ??= new DeviceTable(),
      [Symbol.dispose]: () => {
        this.#watches.delete(watch);
        if (this.#watches.size === 0) this.#table = null;
      },
    };
    this.#watches.add(watch);
    return watch;
  }
}
