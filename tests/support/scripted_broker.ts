import { decodePublish, type MqttPacket, type PublishPacket, splitPackets } from "./mqtt_packets.ts";

/** CONNACK with return code 0. */
export const CONNACK = Uint8Array.of(0x20, 0x02, 0x00, 0x00);

/** Deals with one connection; it is closed when the promise resolves. */
export type Script = (connection: Deno.TcpConn) => Promise<void>;

/** A server whose every byte the test decides. */
export class ScriptedBroker implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #accepted = 0;

  /** @param where to listen; default: any port of the loopback interface */
  constructor(private script: Script, where: Deno.ListenOptions = { hostname: "127.0.0.1", port: 0 }) {
    this.#listener = Deno.listen(where);
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections it has accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Closes every connection that is open. */
  closeAll(): void {
    for (const connection of this.#connections) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.closeAll();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#accepted++;
      running.push(this.#run(connection));
    }
    await Promise.all(running);
  }

  async #run(connection: Deno.TcpConn): Promise<void> {
    this.#connections.add(connection);
    await this.script(connection).catch(() => {}); // the client went away
    this.#connections.delete(connection);
    close(connection);
  }
}

/** Reads what comes, and resolves when the client closes. */
export async function readAll(connection: Deno.TcpConn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const bytes = new Uint8Array(65_536);
  for (let read = await connection.read(bytes); read !== null; read = await connection.read(bytes)) {
    chunks.push(bytes.slice(0, read));
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** Reads CONNECT, answers with `reply`, then reads until the client closes. */
export function answering(reply: Uint8Array): Script {
  return async (connection) => {
    await connection.read(new Uint8Array(65_536));
    await connection.write(reply);
    await readAll(connection);
  };
}

/**
 * Serves one connection after the other as a broker does, for publishers alone; nothing is passed on. A message of
 * QoS 1 that it does not take is passed over without a word, as a broker above its limits may do.
 */
export function serving(takes: (message: PublishPacket) => boolean): Script {
  return async (connection) => {
    const bytes = new Uint8Array(65_536);
    let rest = new Uint8Array();
    for (let read = await connection.read(bytes); read !== null; read = await connection.read(bytes)) {
      const split = splitPackets(Uint8Array.of(...rest, ...bytes.subarray(0, read)));
      rest = split.rest.slice();
      const answers = split.packets.flatMap((packet) => answer(packet, takes));
      for (let at = 0; at < answers.length;) at += await connection.write(Uint8Array.from(answers.slice(at)));
    }
  };
}

function answer(packet: MqttPacket, takes: (message: PublishPacket) => boolean): readonly number[] {
  switch (packet.type) {
    case 1:
      return [...CONNACK];
    case 3: {
      const message = decodePublish(packet);
      const isTaken = takes(message);
      return isTaken && message.id !== null ? [0x40, 2, message.id >> 8, message.id & 0xff] : [];
    }
    case 12:
      return [0xd0, 0];
    default:
      return [];
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}
