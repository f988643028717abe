import { HciError } from "../hci/mod.ts";
import { EXIT } from "./exit_codes.ts";

/** The exit code of a command that this error has ended. */
export function failureCode(error: unknown): number {
  const isPermissionMissing = error instanceof Error && error.cause instanceof HciError && error.cause.code === "EPERM";
  return isPermissionMissing ? EXIT.permission : EXIT.failure;
}
