import { changes } from "../../app/mod.ts";
import { redact } from "../../config/mod.ts";
import type { AgainstRunning } from "../against_running.ts";
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

const PREVIEW = "`sudo bt-scanner check --against-running` tells what a reload would do";

/** Whether the service works with what is being looked at, and with what its file says now. */
export async function examineInForce(
  file: string | null,
  againstRunning: () => Promise<AgainstRunning | string | null>,
): Promise<Finding[]> {
  const id = "in_force";
  const against = await againstRunning();
  if (against === null) return [];
  if (typeof against === "string") return [ok(id, `not known: ${against}`)];
  const { running, reading } = against;
  const works = `the service works with ${running.file ?? "no file"}`;
  if (running.file !== file) {
    return [warning(id, `${works}, and ${file ?? "no file"} is looked at here`, "name its file with --config")];
  }
  if ("problems" in reading) {
    return [warning(id, `${works} as it was before: a reload would be refused: ${reading.problems[0]}`, PREVIEW)];
  }
  const changed = changes(running.config, redact(reading.config));
  if (changed.length === 0) return [ok(id, `${works} as it is now`)];
  const keys = changed.map(({ key }) => key).join(", ");
  const verb = changed.some(({ effect }) => effect === "restart") ? "restart" : "reload";
  return [warning(id, `${works} as it was before: ${keys}`, `\`sudo systemctl ${verb} bt-scanner\`; ${PREVIEW}`)];
}
