import { fileURLToPath } from "node:url";
import type { Content, Item } from "./content.ts";

const SCRIPT = await Deno.readTextFile(fileURLToPath(new URL("remote.sh", import.meta.url)));

/** Larger ones show progress in larger steps, smaller ones cost time. */
const CHUNK_BYTES = 262_144;

/** A line of the host's answer: a word and text. */
export type Answer = readonly [word: string, text: string];

/** How a connection to a host ended. */
export interface RemoteEnd {
  readonly code: number;
  readonly answers: readonly Answer[];
  /** What ssh, or the host's shell, complained about. */
  readonly complaint: string;
}

/** What is asked of a host. */
export interface Request {
  readonly variables: Readonly<Record<string, string>>;
  /** Sent along. */
  readonly files: ReadonlyMap<Item, Content>;
}

/**
 * Runs the script on a host. Both the script and its parameters go through standard input: nothing
 * of them is seen on a command line or read by a login shell, whichever that is.
 *
 * @param ssh options of ssh
 * @param onAnswer called with each line of the answer
 * @param onSent called with the number of bytes sent so far
 */
export async function callRemote(
  host: string,
  ssh: readonly string[],
  request: Request,
  onAnswer: (answer: Answer) => void,
  onSent: (bytes: number) => void,
): Promise<RemoteEnd> {
  const script = new TextEncoder().encode(scriptText(request));
  await using process = new Deno.Command("ssh", {
    args: [...ssh, ...DEFAULTS, "-T", "--", host, startCommand(script.length)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(process.stderr).text();
  const sending = send(process.stdin, [script, ...Array.from(request.files.values(), (file) => file.bytes)], (sent) => {
    onSent(Math.max(0, sent - script.length));
  });
  const answers: Answer[] = [];
  for await (const line of lines(process.stdout)) {
    const [, word = "", text = ""] = /^(\S*) ?(.*)$/.exec(line) ?? [];
    answers.push([word, text]);
    onAnswer([word, text]);
  }
  await sending;
  const { code } = await process.status;
  return { code, answers, complaint: (await stderr).trim() };
}

/** The first value that ssh sees of an option counts, so these yield to the user's. */
const DEFAULTS = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=10", "ServerAliveCountMax=3"]
  .flatMap((option) => ["-o", option]);

/** Reads the script from standard input, of which the rest is left to it, and runs it as root. */
function startCommand(bytes: number): string {
  const run = `run="eval \\"\\$(head -c ${bytes})\\""`;
  return `exec sh -c '${run}; if test "$(id -u)" = 0; then exec sh -c "$run"; else exec sudo -n sh -c "$run"; fi'`;
}

function scriptText({ variables, files }: Request): string {
  const list = Array.from(files, ([item, { bytes, digest }]) => `${item}:${bytes.length}:${digest}`).join(" ");
  const assignments = Object.entries({ ...variables, files: list })
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  return `${assignments.join("")}${SCRIPT}main; exit\n`;
}

async function send(
  stdin: WritableStream<Uint8Array>,
  parts: readonly Uint8Array[],
  onSent: (bytes: number) => void,
): Promise<void> {
  const writer = stdin.getWriter();
  let sent = 0;
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length; at += CHUNK_BYTES) {
        const chunk = part.subarray(at, at + CHUNK_BYTES);
        await writer.write(chunk);
        onSent(sent += chunk.length);
      }
    }
    await writer.close();
  } catch (error) {
    // The host needs no more of it, or the connection is gone: how it ended says which.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const all = (rest + text).split("\n");
    rest = all.pop() ?? "";
    yield* all;
  }
  if (rest !== "") yield rest;
}
