import { type Change, changes, type ConfigReading } from "../app/mod.ts";
import { type Config, redact } from "../config/mod.ts";
import type { RunningRecord } from "./running_record.ts";

const PASSWORD = "mqtt.broker.password";

/** The process of a service that the kernel lists; null: it does not run. */
export function servicePid(unit: string, readSystemText: (path: string) => string | null): number | null {
  const [name = "", instance] = unit.split("@");
  // Services of a template share a slice, in whose name systemd escapes the hyphens.
  const slice = instance === undefined ? "" : `system-${name.replaceAll("-", "\\x2d")}.slice/`;
  const roots = ["", "unified/", "systemd/"]; // cgroup v2, and v1 beside it
  const paths = roots.map((root) => `/sys/fs/cgroup/${root}system.slice/${slice}${unit}.service/cgroup.procs`);
  const [pid] = paths.flatMap((path) => readSystemText(path)?.match(/[0-9]+/g) ?? []);
  return pid === undefined ? null : Number(pid);
}

/** What a reload would do, as text, and whether it would be accepted. */
export function describeReload(
  running: RunningRecord,
  reading: ConfigReading,
): { readonly text: string; readonly isAccepted: boolean } {
  if ("problems" in reading) {
    return { text: lines("A reload would be refused:", reading.problems), isAccepted: false };
  }
  const changed = changes(running.config, redact(reading.config));
  const fixed = changed.filter(({ effect }) => effect === "restart");
  if (fixed.length > 0) {
    const keys = fixed.map(({ key }) => key);
    return { text: lines("A reload would be refused; these change only with a restart:", keys), isAccepted: false };
  }
  const unknown = [
    ...running.config.mqtt.broker.password === null || reading.config.mqtt.broker.password === null
      ? []
      : [`${PASSWORD} is another one`],
    ...contentKeys(reading.config).map((key) => `the content of ${key} is another one`),
  ];
  const note = unknown
    .map((what) => `Whether ${what} is not known here; if it is, the connection is made anew.\n`).join("");
  if (changed.length === 0) return { text: `A reload would change no key.\n${note}`, isAccepted: true };
  return { text: lines("A reload would be accepted:", changed.map(describe)) + note, isAccepted: true };
}

/** The keys of the files whose content a reload compares. */
function contentKeys({ mqtt: { broker: { password_file, tls } } }: Config): string[] {
  const files = tls.enabled ? (["ca_file", "cert_file", "key_file"] as const).filter((key) => tls[key] !== null) : [];
  return [
    ...password_file === null ? [] : ["mqtt.broker.password_file"],
    ...files.map((key) => `mqtt.broker.tls.${key}`),
  ];
}

function describe({ key, effect }: Change): string {
  switch (effect) {
    case "live":
      return `${key}: changes at once`;
    case "reconnect":
      return `${key}: the connection to the broker is made anew`;
    case "rescan":
      return `${key}: the scan begins anew`;
    case "restart":
      return `${key}: changes only with a restart`;
    default:
      return effect satisfies never;
  }
}

function lines(title: string, items: readonly string[]): string {
  return [title, ...items.map((item) => `  ${item}`), ""].join("\n");
}
