import { servicePid } from "../running.ts";
import { type Finding, ok, warning } from "./finding.ts";

const UNIT = "bt-scanner.service";
const UNIT_FILES = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"].map((folder) =>
  `${folder}/${UNIT}`
);

/** Whether the service is running, according to the kernel and the installed files; no program is run. */
export function examineService(readSystemText: (path: string) => string | null): Finding {
  const id = "service";
  const pid = servicePid("bt-scanner", readSystemText);
  if (pid !== null) return ok(id, `${UNIT} is running, process ${pid}`);
  if (UNIT_FILES.every((path) => readSystemText(path) === null)) return ok(id, `${UNIT} is not installed`);
  const remedy = "`sudo systemctl enable --now --no-block bt-scanner`; `journalctl -u bt-scanner` shows why it ended";
  return warning(id, `${UNIT} is installed but not running`, remedy);
}
