/** The system calls that a record needs; where one fails its result is the error number, negated. */
export interface RecordCalls {
  /** memfd_create(2): a file descriptor of memory with that name. */
  memfdCreate(name: string): number;
  /** write(2): the number of bytes. */
  write(fd: number, bytes: Uint8Array): number;
  /** close(2). */
  close(fd: number): number;
}

const NAME = "bt-scanner-configuration";
/** The usual limit of a process; this one has some twenty. */
const MOST_DESCRIPTORS = 1_024;

/**
 * Keeps for other programs of this user, and of root, what this process works with: in memory that has a name in the
 * process's own table of open files. Nothing is written to a disk, and it ends with the process.
 *
 * @see memfd_create(2), proc_pid_fd(5)
 */
export class RunningRecord {
  #fd: number | null = null;

  /** Keeps nothing yet. */
  constructor(private readonly calls: RecordCalls) {}

  /** Keeps this text in place of what was kept before; where the kernel does not let it, nothing. */
  keep(text: string): void {
    const before = this.#fd;
    const fd = this.calls.memfdCreate(NAME);
    this.#fd = fd < 0 ? null : fd;
    if (fd >= 0) this.calls.write(fd, new TextEncoder().encode(text));
    if (before !== null) this.calls.close(before);
  }
}

/**
 * Where the record of a process can be read; null: it keeps none, or may not be looked at.
 *
 * @param readlink readlink(2); null where it fails
 */
export function recordPath(pid: number, readlink: (path: string) => string | null): string | null {
  for (let fd = 0; fd < MOST_DESCRIPTORS; fd++) {
    const path = `/proc/${pid}/fd/${fd}`;
    if (readlink(path)?.startsWith(`/memfd:${NAME} `)) return path;
  }
  return null;
}
