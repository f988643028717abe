/** Stands between client and server; refuses connections, or lets the link go dead without closing it, when told. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #connections = new Set<Deno.TcpConn>();
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #serving: Promise<void>;
  #gate: PromiseWithResolvers<void> | null = null;
  #accepted = 0;

  constructor(private readonly targetPort: number) {
    this.port = this.#listener.addr.port;
    this.#serving = this.#serve(this.#listener);
  }

  /** How many connections it has accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Forwards nothing more, in either direction; connections, new ones too, stay open. */
  block(): void {
    this.#gate ??= Promise.withResolvers();
  }

  /** Forwards again, what was held back too. */
  unblock(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  /** Lets nobody connect any more; connections that are open stay. */
  refuse(): void {
    this.#listener.close();
  }

  /** Lets clients connect again after {@linkcode refuse}, on the same port. */
  accept(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#serving = Promise.all([this.#serving, this.#serve(this.#listener)]).then(() => {});
  }

  /** Closes every connection that is open. */
  closeAll(): void {
    for (const connection of this.#connections) closeIfOpen(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeIfOpen(this.#listener);
    this.closeAll();
    this.unblock();
    await this.#serving;
  }

  async #serve(listener: Deno.TcpListener): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const client of listener) {
      this.#accepted++;
      running.push(this.#relay(client));
    }
    await Promise.all(running);
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    await this.#gate?.promise;
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.targetPort }).catch(() => null);
    if (server === null) return closeIfOpen(client);
    this.#connections.add(server);
    await Promise.all([this.#pump(client, server), this.#pump(server, client)]);
    this.#connections.delete(client);
    this.#connections.delete(server);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const bytes = new Uint8Array(65_536);
    try {
      for (let read = await from.read(bytes); read !== null; read = await from.read(bytes)) {
        await this.#gate?.promise;
        for (let written = 0; written < read;) written += await to.write(bytes.subarray(written, read));
      }
    } catch (error) {
      if (
        !(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.ConnectionReset ||
          error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.Interrupted)
      ) throw error;
    }
    closeIfOpen(from);
    closeIfOpen(to);
  }
}

function closeIfOpen(resource: Deno.TcpConn | Deno.TcpListener): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}
