import { HciError, type HciSource } from "../transport.ts";
import {
  type AdapterChoice,
  type AdapterSelector,
  isSelected,
  type LinuxHost,
  linuxHost,
  resetChosenAdapter,
  selectAdapter,
} from "./adapters.ts";
import { openChosenAdapter } from "./hci_socket.ts";
import type { Libc } from "./libc.ts";

/**
 * How long an adapter without an address is taken to be still being set up; some report theirs only when powered up.
 */
const SET_UP_MS = 5_000;

/**
 * The raw channel of one of this machine's adapters, powered up if it is down. Once opened, the adapter is followed by
 * its address: plugged back in, it may have another number, and for a moment no address yet.
 *
 * @param selector which adapter; null: the first that is up, else the first
 */
export function linuxAdapterSource(selector: AdapterSelector | null, host: LinuxHost = linuxHost): HciSource {
  let address: string | null = null;
  let opened: Libc | null = null;
  /** Since when the adapter is missing and another one has no address; monotonic. */
  let unsettledMs: number | null = null;
  // Once: a missing adapter is looked for every few seconds, endlessly, and each opening takes 3 ms,
  // and 60 kB until the next full garbage collection.
  const libc = (): Libc => opened ??= host.openLibc();
  const choose: AdapterChoice = (adapters) => {
    if (address === null) return selectAdapter(adapters, selector);
    const known = adapters.filter((adapter) => adapter.address === address);
    if (known.length > 0 || adapters.every((adapter) => adapter.address !== null)) unsettledMs = null;
    else if (host.clock.monotonicMs() - (unsettledMs ??= host.clock.monotonicMs()) < SET_UP_MS) {
      throw new HciError("ENODEV", `Cannot find adapter ${address} yet: an adapter is being set up`);
    }
    // Some cheap adapters share an address: the one that was asked for comes first.
    const asked = known.find((adapter) => selector !== null && isSelected(adapter, selector));
    return asked ?? known[0] ?? selectAdapter(adapters, selector);
  };
  return {
    async open() {
      const options = { channel: "raw", powerUp: true } as const;
      const transport = await openChosenAdapter(libc(), choose, options, host.clock);
      address = transport.adapter.address ?? address;
      return transport;
    },
    // `async`, so that a failure to open the C library is a rejection, too.
    reset: async () => await resetChosenAdapter(libc(), choose, host.clock),
  };
}
