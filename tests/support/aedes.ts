import { createServer, type Socket } from "node:net";
import { Aedes, type AedesOptions } from "aedes";

/** An embedded broker on the loopback interface. */
export interface AedesBroker extends AsyncDisposable {
  readonly port: number;
}

/** Starts an embedded broker on a free port. */
export async function startAedes(options: AedesOptions = {}): Promise<AedesBroker> {
  const aedes = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`Cannot listen: got address ${address}`);
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
