import type { KernelFacts } from "../../hci/mod.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

/** What examining the machine needs from outside. */
export interface MachineIo {
  /** The text of a system file; null if it cannot be read. */
  readonly readSystemText: (path: string) => string | null;
  /** What no file tells. */
  readonly kernel: KernelFacts;
}

/** Clock, room, temperature and power: what a Raspberry Pi suffers from. Where nothing is known, nothing is said. */
export function* examineMachine(wallMs: number, io: MachineIo): Generator<Finding> {
  yield examineClock(wallMs, io);
  yield* examineStorage(io);
  yield* examineTemperature(io);
  yield* examinePower(io);
}

/** A correct clock cannot show an earlier year: this program is younger. */
const EARLIEST_YEAR = 2026;

function examineClock(wallMs: number, { kernel, readSystemText }: MachineIo): Finding {
  const id = "clock";
  const now = new Date(wallMs);
  const what = now.toISOString();
  if (now.getUTCFullYear() < EARLIEST_YEAR) {
    const text = `${what} cannot be right; time stamps and certificates depend on it`;
    return problem(id, text, "wait for NTP; see `timedatectl`");
  }
  // systemd-timesyncd tells it in a file, every NTP client tells the kernel.
  const isKept = kernel.isClockSynchronized() || readSystemText("/run/systemd/timesync/synchronized") !== null;
  if (isKept) return ok(id, `${what}, kept right by NTP`);
  if (kernel.isClockSynchronized() === null) return ok(id, `${what}; whether NTP keeps it right is not known here`);
  const text = `${what}; according to the kernel, nothing has set it by NTP, so time stamps may be wrong`;
  return warning(id, text, "`timedatectl set-ntp true`, or wait for it after a start");
}

/** Where the executable unpacks itself, at the first start of a version. */
const CACHE = "/var/cache/bt-scanner";
/** Twice what is unpacked: the old version goes when the new one is there. */
const NEEDED_BYTES = 250e6;

function* examineStorage({ kernel: { fileSystem } }: MachineIo): Generator<Finding> {
  const path = [CACHE, "/var/cache", "/"].find((each) => fileSystem(each) !== null) ?? "/";
  const facts = fileSystem(path);
  if (facts === null) return;
  const id = "storage";
  const free = `${Math.floor(facts.freeBytes / 1e6)} MB free for ${CACHE}`;
  if (facts.isReadOnly) {
    const text = `${path} cannot be written: an SD card that fails is made read-only`;
    return yield warning(id, text, "`dmesg` says why; save what is on it, and replace it");
  }
  if (facts.freeBytes >= NEEDED_BYTES) return yield ok(id, free);
  yield warning(
    id,
    `${free}; a new version may need ${NEEDED_BYTES / 1e6} MB`,
    "`sudo apt clean`, `journalctl --disk-usage`",
  );
}

const ZONE = "/sys/class/thermal/thermal_zone0";
/** Above it, a Raspberry Pi slows down. */
const HOT_C = 80;

function* examineTemperature({ readSystemText }: MachineIo): Generator<Finding> {
  // The first zone of other machines may be anything.
  if (readSystemText(`${ZONE}/type`)?.trim() !== "cpu-thermal") return;
  const milli = readSystemText(`${ZONE}/temp`)?.trim() ?? "";
  if (!/^-?\d+$/.test(milli)) return;
  const degrees = Number(milli) / 1000;
  const text = `${degrees.toFixed(1)} °C`;
  if (degrees < HOT_C) yield ok("temperature", text);
  else yield warning("temperature", `${text}: at ${HOT_C} °C a Raspberry Pi slows down`, "cool it");
}

/** Where the firmware tells what it had to do. */
const THROTTLED = ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"].map((firmware) =>
  `/sys/devices/platform/${firmware}/get_throttled`
);
const CONDITIONS = ["under-voltage", "a capped frequency", "throttling", "the soft temperature limit"];
const HAS_OCCURRED = 16;

function* examinePower({ readSystemText }: MachineIo): Generator<Finding> {
  const text = THROTTLED.map(readSystemText).find((each) => each !== null)?.trim() ?? "";
  if (!/^(0x)?[0-9a-f]+$/i.test(text)) return;
  const bits = parseInt(text, 16);
  const listed = (shift: number) => CONDITIONS.filter((_, i) => (bits >>> (shift + i) & 1) === 1).join(", ");
  const [now, before] = [listed(0), listed(HAS_OCCURRED)];
  if (now === "" && before === "") {
    return yield ok("power", "the firmware has had no reason to slow down since the start");
  }
  const what = now === "" ? `since the start the firmware has seen ${before}` : `the firmware sees ${now}`;
  yield warning(
    "power",
    `${what}: Bluetooth and SD card suffer, too`,
    "use the Raspberry Pi's own power supply, cool it",
  );
}
