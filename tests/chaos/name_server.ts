import { createSocket, type Socket } from "node:dgram";

const [HEADER_BYTES, QUESTION_TAIL_BYTES] = [12, 4];
const [TYPE_A, NXDOMAIN] = [1, 3];

/** A DNS server for a few names, that can fail. @see RFC 1035, 4.1 */
export class NameServer implements AsyncDisposable {
  /** `silent` leaves questions unanswered, `unknown` says that no name exists. */
  mode: "answering" | "silent" | "unknown" = "answering";
  /** Names and their IPv4 addresses. */
  readonly addresses: Record<string, string>;

  private constructor(private readonly socket: Socket, addresses: Readonly<Record<string, string>>) {
    this.addresses = { ...addresses };
    socket.on("message", (question, { address, port }) => {
      if (this.mode === "silent") return;
      socket.send(answerTo(question, this.mode === "answering" ? this.addresses : {}), port, address);
    });
  }

  /** Listens at an address of this machine. */
  static async listen(address: string, addresses: Readonly<Record<string, string>>): Promise<NameServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(53, address, resolve);
    });
    return new NameServer(socket, addresses);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}

/** The answer to one question. */
export function answerTo(question: Uint8Array, addresses: Readonly<Record<string, string>>): Uint8Array {
  const { name, end, type } = readQuestion(question);
  const address = addresses[name];
  const isAnswered = address !== undefined && type === TYPE_A;
  const flags = [0x81, address === undefined ? 0x80 | NXDOMAIN : 0x80];
  const counts = [0, 1, 0, isAnswered ? 1 : 0, 0, 0, 0, 0];
  // The name stands in the question; class, no time to live, four bytes of address.
  const answer = isAnswered ? [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...bytesOf(address)] : [];
  return Uint8Array.of(
    ...question.subarray(0, 2),
    ...flags,
    ...counts,
    ...question.subarray(HEADER_BYTES, end),
    ...answer,
  );
}

function bytesOf(address: string): number[] {
  return address.split(".").map(Number);
}

function readQuestion(message: Uint8Array): { readonly name: string; readonly end: number; readonly type: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const end = at + 1 + QUESTION_TAIL_BYTES;
  return { name: labels.join(".").toLowerCase(), end, type: message[at + 2] ?? 0 };
}
