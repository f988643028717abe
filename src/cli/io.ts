import type { Host } from "../app/mod.ts";

/** Where the command line reads and writes. */
export interface CliIo {
  /** The process and its machine. */
  readonly host: Host;
  /** Writes text to standard output. */
  readonly stdout: (text: string) => void;
  /** Writes text to standard error. */
  readonly stderr: (text: string) => void;
  /** How files that a person has named are read. */
  readonly files: {
    /** Whether there is a file at this path, readable or not. */
    readonly exists: (path: string) => Promise<boolean>;
    /** Reads a file as UTF-8. */
    readonly readTextFile: (path: string) => Promise<string>;
  };
  /** Has `report` called with an uncaught error; the process ends once that resolves. */
  readonly onFault: (report: (fault: unknown) => Promise<void>) => void;
}
