import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import type { Clock } from "../time/mod.ts";

/** Finds all addresses of a name, as `node:dns` does. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions,
  callback: (error: Error | null, found: readonly LookupAddress[]) => void,
) => void;

const resolveAll: ResolveAll = (hostname, options, callback) => lookup(hostname, { ...options, all: true }, callback);

/**
 * In which order the addresses of a broker's name are tried. One that does not accept TCP is passed over in the same
 * attempt. One that accepts it, and with which MQTT then fails, comes last in the attempts that follow: the broker
 * behind it may be frozen, or a proxy's that is gone.
 */
export class Addresses {
  readonly #failedMs = new Map<string, number>();

  /** @param resolve finds all addresses of a name */
  constructor(private readonly clock: Clock, private readonly resolve: ResolveAll = resolveAll) {}

  /** A connection to this address failed, or was lost. */
  failed(address: string): void {
    this.#failedMs.set(address, this.clock.monotonicMs());
  }

  /** Resolves a name, as sockets have it done. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.resolve(hostname, options, (error, found) => {
      if (error !== null) return callback(error, []);
      const [first, ...others] = this.inOrder(found);
      if (options.all) callback(null, first === undefined ? [] : [first, ...others]);
      else callback(null, first?.address ?? "", first?.family);
    });
  };

  /** Those that have not failed, in the order given, then the others, the latest failure last. */
  inOrder(found: readonly LookupAddress[]): LookupAddress[] {
    const known = new Set(found.map(({ address }) => address));
    for (const address of this.#failedMs.keys()) if (!known.has(address)) this.#failedMs.delete(address);
    const failedMs = ({ address }: LookupAddress) => this.#failedMs.get(address) ?? -Infinity;
    return found.toSorted((one, other) =>
      failedMs(one) < failedMs(other) ? -1 : Number(failedMs(one) > failedMs(other))
    );
  }
}
