import type { Libc } from "./libc.ts";
import { readText } from "./read_text.ts";
import { NONBLOCK_CLOEXEC } from "./uapi.ts";

/** Numbers are assigned consecutively; a machine has a handful of radios. */
const MAX_RADIOS = 32;

/**
 * The names (`hci0`) of the Bluetooth adapters that rfkill blocks, by software or by a switch; null if the system does
 * not say.
 */
export function rfkillBlockedNames(libc: Libc): ReadonlySet<string> | null {
  const fd = libc.open("/dev/rfkill", NONBLOCK_CLOEXEC);
  // A service with PrivateDevices= has no such file.
  if (fd < 0) return blockedNamesInSys(libc);
  const blocked = new Set<string>();
  const event = new Uint8Array(8); // struct rfkill_event: u32 index, then type, operation, soft, hard
  try {
    // One event for each radio present, then reading would block.
    while (libc.read(fd, event) === event.length) {
      const [, , , , type, , soft, hard] = event;
      const typeBluetooth = 2;
      if (type !== typeBluetooth || (soft === 0 && hard === 0)) continue;
      const index = new DataView(event.buffer).getUint32(0, true);
      blocked.add(readRadio(libc, index, "name") ?? "");
    }
  } finally {
    libc.close(fd);
  }
  return blocked;
}

function blockedNamesInSys(libc: Libc): ReadonlySet<string> | null {
  const blocked = new Set<string>();
  let radios = 0;
  for (let index = 0; index < MAX_RADIOS; index++) {
    const name = readRadio(libc, index, "name");
    if (name === null) continue;
    radios++;
    if (readRadio(libc, index, "soft") === "1" || readRadio(libc, index, "hard") === "1") blocked.add(name);
  }
  return radios === 0 ? null : blocked;
}

function readRadio(libc: Libc, index: number, attribute: "name" | "soft" | "hard"): string | null {
  return readText(libc, `/sys/class/rfkill/rfkill${index}/${attribute}`)?.trim() ?? null;
}
