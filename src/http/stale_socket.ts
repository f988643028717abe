import { connect } from "node:net";
import { lstat, unlink } from "node:fs/promises";

/**
 * Removes a Unix socket that nobody listens at any more, which one that was killed leaves behind. One that is in use
 * stays, and so does whatever is no socket: listening there fails then.
 */
export async function clearAway(path: string): Promise<void> {
  const isSocket = await lstat(path).then((found) => found.isSocket(), () => false);
  if (isSocket && await isRefused(path)) await unlink(path);
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.on("connect", () => done(false));
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code === "ECONNREFUSED"));
  });
}
