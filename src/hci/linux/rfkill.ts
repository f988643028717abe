import type { Libc } from "./libc.ts";
import { readText } from "./read_text.ts";
import { NONBLOCK_CLOEXEC } from "./uapi.ts";

/**
 * The names (`hci0`) of the Bluetooth adapters that rfkill blocks, by software or by a switch; null
 * where the system does not say.
 */
export function rfkillBlockedNames(libc: Libc): ReadonlySet<string> | null {
  const fd = libc.open("/dev/rfkill", NONBLOCK_CLOEXEC);
  if (fd < 0) return null;
  const blocked = new Set<string>();
  const event = new Uint8Array(8); // struct rfkill_event: u32 index, then type, operation, soft, hard
  try {
    // One event for each device that is there, then the device would block.
    while (libc.read(fd, event) === event.length) {
      const [, , , , type, , soft, hard] = event;
      const typeBluetooth = 2;
      if (type !== typeBluetooth || (soft === 0 && hard === 0)) continue;
      const index = new DataView(event.buffer).getUint32(0, true);
      blocked.add(readText(libc, `/sys/class/rfkill/rfkill${index}/name`)?.trim() ?? "");
    }
  } finally {
    libc.close(fd);
  }
  return blocked;
}
