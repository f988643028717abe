/** How many TCP sockets a process holds: those that listen, or all. */
export function tcpSocketsOf(pid: number, state: "LISTEN" | "ANY"): number {
  const sockets = new Set(socketsOf(pid));
  return tcpSockets(state).filter((inode) => sockets.has(inode)).length;
}

/** The inodes of the sockets that a process holds. */
function socketsOf(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`)) ?? [];
      return inode ?? [];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return []; // closed meanwhile
      throw error;
    }
  });
}

/** The inodes of the TCP sockets of this machine, those that listen or all. */
function tcpSockets(state: "LISTEN" | "ANY"): string[] {
  return ["tcp", "tcp6"].flatMap((file) => Deno.readTextFileSync(`/proc/net/${file}`).trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , code]) => state === "ANY" || code === "0A")
    .map((fields) => fields[9] ?? "");
}
