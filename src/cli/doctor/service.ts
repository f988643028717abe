import { type Finding, ok, warning } from "./finding.ts";

const UNIT = "bt-scanner.service";
/** Where the kernel lists the processes of the unit: cgroup v2, and v1 beside it. */
const CGROUPS = ["", "unified/", "systemd/"].map((root) => `/sys/fs/cgroup/${root}system.slice/${UNIT}/cgroup.procs`);
const UNIT_FILES = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"].map((folder) =>
  `${folder}/${UNIT}`
);

/** Whether the service is running, according to the kernel and the installed files; no program is run. */
export function examineService(readSystemText: (path: string) => string | null): Finding {
  const subject = "service";
  const [pid] = CGROUPS.flatMap((path) => readSystemText(path)?.match(/[0-9]+/g) ?? []);
  if (pid !== undefined) return ok(subject, `${UNIT} is running, process ${pid}`);
  if (UNIT_FILES.every((path) => readSystemText(path) === null)) return ok(subject, `${UNIT} is not installed`);
  const remedy = "`sudo systemctl enable --now --no-block bt-scanner`; `journalctl -u bt-scanner` shows why it ended";
  return warning(subject, `${UNIT} is installed but not running`, remedy);
}
