import type { Config } from "../../config/mod.ts";
import type { KernelFacts } from "../../hci/mod.ts";
import { servicePid } from "../running.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** What a request to `/readyz` came to: an answer, nobody listens and one may, or why none came. */
export type Readiness =
  | { readonly kind: "answered"; readonly code: number; readonly text: string }
  | { readonly kind: "free" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** What examining who reads the state needs from outside. */
export interface ReadersIo {
  /** Asks whoever listens at an `http.listen` of TCP; where nobody does, tries to listen there. */
  readonly readiness: (listen: string, signal: AbortSignal) => Promise<Readiness>;
  /** What no file tells. */
  readonly kernel: KernelFacts;
  /** The text of a system file; null if it cannot be read. */
  readonly readSystemText: (path: string) => string | null;
}

/** Whether what is told over HTTP and in a file can be. Neither keeps `run` from publishing. */
export async function* examineReaders(config: Config, io: ReadersIo, signal: AbortSignal): AsyncGenerator<Finding> {
  const { http: { listen, allowed_hosts }, metrics: { textfile } } = config;
  if (listen !== null) yield await examineHttp(listen, allowed_hosts, io, signal);
  if (textfile !== null) yield folderFinding("textfile", textfile, "metrics.textfile", io);
}

async function examineHttp(
  listen: string,
  allowedHosts: readonly string[],
  io: ReadersIo,
  signal: AbortSignal,
): Promise<Finding> {
  const id = "http";
  if (listen.startsWith("unix:")) return examineSocket(listen.slice("unix:".length), io);
  const found = await io.readiness(listen, signal);
  const names = ["localhost", "its address", ...allowedHosts].join(", ");
  switch (found.kind) {
    case "free":
      return ok(id, `${listen} is free; nobody listens there now`);
    case "unavailable":
      return warning(id, `${listen}: ${found.reason}`, "set http.listen to another one, or end what uses it");
    case "answered":
      if (found.code === 200) return ok(id, `${listen} answers that it is ready; requests may call it ${names}`);
      if (found.code === 503) return warning(id, `${listen} answers: ${found.text}`, null);
      return warning(
        id,
        `at ${listen} something else answers (${found.code})`,
        "set http.listen to another port, or end what uses it: `sudo ss -ltnp`",
      );
    default:
      return found satisfies never;
  }
}

function examineSocket(path: string, io: ReadersIo): Finding {
  const id = "http";
  const isBound = io.readSystemText("/proc/net/unix")?.split("\n").some((line) => line.endsWith(` ${path}`)) ?? false;
  if (isBound) return ok(id, `somebody listens at ${path}`);
  return folderFinding(id, path, "http.listen", io);
}

/** Only root can look with the eyes of the service, to which systemd shows most of the system read-only. */
function folderFinding(id: "http" | "textfile", path: string, key: string, io: ReadersIo): Finding {
  const { kernel: { fileSystem }, readSystemText } = io;
  const folder = path.slice(0, path.lastIndexOf("/")) || (path.startsWith("/") ? "/" : ".");
  const pid = servicePid("bt-scanner", readSystemText);
  const asService = pid === null ? null : fileSystem(`/proc/${pid}/root${folder}`);
  const facts = asService ?? fileSystem(folder);
  if (facts === null) return warning(id, `${folder} does not exist, or may not be seen`, `make it, or set ${key}`);
  if (facts.isReadOnly) {
    const remedy = `\`ReadWritePaths=${folder}\` in the unit, or set ${key} to another folder`;
    const who = asService === null ? "" : " for the service";
    return warning(id, `${folder} cannot be written: it is read-only${who}`, remedy);
  }
  return ok(id, `the file system of ${path} can be written${asService === null ? ", unless the service may not" : ""}`);
}
