import type { HciSource } from "../transport.ts";
import { type AdapterSelector, isSelected, type LinuxHost, linuxHost, listAdapters, resetAdapter } from "./adapters.ts";
import { openLinuxHciSocket } from "./hci_socket.ts";

/**
 * The raw channel of an adapter of this machine, powered up where it is down. Once opened, it is
 * followed by its address: put back, it may have another number.
 *
 * @param selector which adapter; null: the first that is up, else the first
 */
export function linuxAdapterSource(selector: AdapterSelector | null, host: LinuxHost = linuxHost): HciSource {
  let address: string | null = null;
  const choose = (): AdapterSelector | null => {
    const known = address === null ? [] : listAdapters(host).filter((adapter) => adapter.address === address);
    // Cheap adapters share an address: the one that was asked for comes first.
    const asked = known.some((adapter) => selector !== null && isSelected(adapter, selector));
    return asked ? selector : known[0]?.name ?? selector;
  };
  return {
    async open() {
      const transport = await openLinuxHciSocket({ adapter: choose(), channel: "raw", powerUp: true }, host);
      address = transport.adapter.address ?? address;
      return transport;
    },
    // Not async alone: that nothing can be listed is a rejection, too.
    reset: async () => await resetAdapter(choose(), host),
  };
}
