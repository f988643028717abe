import { connect, type Socket } from "node:net";

const PATIENCE_MS = 250;
const MAX_BACKLOG = 10_000;

/** A port where an attempt to connect gets no answer at all, as from a host that is switched off. */
export class UnansweringListener implements AsyncDisposable {
  private constructor(private readonly listener: Deno.TcpListener, private readonly sockets: readonly Socket[]) {}

  /** Listens without ever accepting, and fills the queue of those who wait for that: Linux then ignores the rest. */
  static async open(): Promise<UnansweringListener> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const sockets: Socket[] = [];
    for (let isAnswered = true; isAnswered && sockets.length < MAX_BACKLOG;) {
      const socket = connect({ host: "127.0.0.1", port: listener.addr.port });
      sockets.push(socket);
      isAnswered = await answered(socket);
    }
    return new UnansweringListener(listener, sockets);
  }

  get port(): number {
    return this.listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of this.sockets) socket.on("error", () => {}).destroy();
    this.listener.close();
    await Promise.all(closed);
  }
}

function answered(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
