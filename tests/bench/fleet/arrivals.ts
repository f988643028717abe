import { connectPacket, hash, numberAt, subscribePacket, timeOfDayMs } from "./bytes.ts";

const READ_BYTES = 1 << 18;
const RETRY_MS = 10;
const DAY_MS = 86_400_000;
/** Older arrivals count as this old. */
const MOST_AGE_MS = 60_000;
/** A broker sends again what it has no acknowledgement of: never more than there are packet identifiers. */
const RECENT = 65_536;

const [CONNACK, PUBLISH, SUBACK] = [2, 3, 9];
const [DUP, QOS_1] = [0x08, 0x02];
const [LETTER_R, LETTER_F] = [0x72, 0x66];
/** Bytes of `ble/raw/s`, behind which the scanner's number stands. */
const BEFORE_NUMBER = 9;
/** The payload of a status that is not online differs here: `{"status":"offline"` */
const AFTER_O = 12;
/** How a connection ends that a broker, or this side, closes. */
const LOSSES = [
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
  Deno.errors.BadResource,
  Deno.errors.Interrupted,
];

/**
 * An independent subscriber that counts what arrives from the scanners `s0`, `s1`, …, on a socket of its own and without
 * any MQTT client: one that keeps up with a fleet on a part of a core. Its session outlives the broker's restarts; what
 * the broker sends twice is counted once.
 */
export class Arrivals implements AsyncDisposable {
  /** Messages of each scanner, by its number. */
  readonly counts: Uint32Array;
  /** Statuses `offline`, wills among them. */
  offline = 0;
  /** Messages that came a second time. */
  duplicates = 0;
  /** Sessions that the broker did not know any more. */
  lostSessions = 0;
  readonly #firstMs: Float64Array;
  #sinceMs = Infinity;
  readonly #agesMs = new Uint32Array(MOST_AGE_MS + 1);
  readonly #recent = new Int32Array(RECENT);
  #taken = 0;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #end = 0;
  #answers: number[] = [];
  readonly #subscribed = Promise.withResolvers<void>();
  #connection: Deno.TcpConn | null = null;
  #closed = false;
  readonly #running: Promise<void>;

  private constructor(private readonly port: number, private readonly qos: number, scanners: number) {
    this.counts = new Uint32Array(scanners);
    this.#firstMs = new Float64Array(scanners);
    this.#running = this.#run();
    this.#running.catch(this.#subscribed.reject);
  }

  /** Connects to a broker on the loopback interface, and subscribes to messages and statuses of so many scanners. */
  static async open(port: number, qos: number, scanners: number): Promise<Arrivals> {
    const arrivals = new Arrivals(port, qos, scanners);
    await arrivals.#subscribed.promise;
    return arrivals;
  }

  /** Messages of all scanners. */
  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** From now on, ages are those of what arrives, and {@linkcode firstMs} looks for reports read after this moment. */
  watch(): void {
    this.#agesMs.fill(0);
    this.#firstMs.fill(NaN);
    this.#sinceMs = Date.now();
  }

  /** When the first report that each scanner read since {@linkcode watch} arrived, wall clock; without those of which none has. */
  get firstMs(): number[] {
    return [...this.#firstMs].filter((ms) => ms > 0);
  }

  /** From the reading of a report to its arrival, in milliseconds: what this share of the messages does not exceed. */
  ageMs(share: number): number {
    let left = share * this.#agesMs.reduce((sum, count) => sum + count, 0);
    return this.#agesMs.findIndex((count) => (left -= count) <= 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#disconnect();
    await this.#running;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#session().catch((error) => {
        if (!LOSSES.some((kind) => error instanceof kind)) throw error;
      });
      this.#disconnect();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #session(): Promise<void> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    this.#connection = connection;
    connection.setNoDelay(true);
    this.#end = 0;
    this.#answers = connectPacket("arrivals");
    while (!this.#closed) {
      if (this.#answers.length > 0) await writeAll(connection, Uint8Array.from(this.#answers.splice(0)));
      const read = await connection.read(this.#buffer.subarray(this.#end));
      if (read === null) return;
      this.#end += read;
      this.#takeAll(Date.now());
    }
  }

  /** Takes the packets that are there as a whole. */
  #takeAll(nowMs: number): void {
    const buffer = this.#buffer;
    let at = 0;
    while (true) {
      let [length, body] = [0, at + 1];
      for (let shift = 0;; shift += 7) {
        if (body >= this.#end) return this.#keepFrom(at);
        const byte = buffer[body++] ?? 0;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      if (body + length > this.#end) return this.#keepFrom(at);
      this.#take(buffer[at] ?? 0, body, body + length, nowMs);
      at = body + length;
    }
  }

  #keepFrom(at: number): void {
    this.#buffer.copyWithin(0, at, this.#end);
    this.#end -= at;
  }

  #take(first: number, body: number, end: number, nowMs: number): void {
    const type = first >> 4;
    if (type === PUBLISH) return this.#publish(first, body, end, nowMs);
    if (type === SUBACK) return this.#subscribed.resolve();
    if (type !== CONNACK) return;
    const isKnown = (this.#buffer[body] ?? 0) === 1;
    if (isKnown) return;
    if (this.#taken > 0) this.lostSessions++;
    this.#answers.push(...subscribePacket([["ble/raw/+/+", this.qos], ["ble/status/+", 1]]));
  }

  #publish(first: number, body: number, end: number, nowMs: number): void {
    const buffer = this.#buffer;
    const topic = body + 2;
    let payload = topic + (buffer[body] ?? 0) * 256 + (buffer[body + 1] ?? 0);
    if ((first & QOS_1) !== 0) {
      this.#answers.push(0x40, 2, buffer[payload] ?? 0, buffer[payload + 1] ?? 0);
      payload += 2;
    }
    if (this.#isTakenAlready(hash(buffer.subarray(body, end)), (first & DUP) !== 0)) return void this.duplicates++;
    if (buffer[topic + 4] !== LETTER_R) {
      if (buffer[payload + AFTER_O] === LETTER_F) this.offline++;
      return;
    }
    const scanner = numberAt(buffer, topic + BEFORE_NUMBER);
    this.counts[scanner] = (this.counts[scanner] ?? 0) + 1;
    const ageMs = (nowMs % DAY_MS - timeOfDayMs(buffer, payload) + DAY_MS) % DAY_MS;
    const bucket = Math.min(ageMs, MOST_AGE_MS);
    this.#agesMs[bucket] = (this.#agesMs[bucket] ?? 0) + 1;
    if (nowMs - ageMs >= this.#sinceMs && Number.isNaN(this.#firstMs[scanner])) this.#firstMs[scanner] = nowMs;
  }

  #isTakenAlready(hash: number, isDup: boolean): boolean {
    if (isDup && this.#recent.includes(hash)) return true;
    this.#recent[this.#taken++ % RECENT] = hash;
    return false;
  }
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
