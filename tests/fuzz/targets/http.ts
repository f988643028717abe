import { connect } from "node:net";
import { HttpListener, type Routes, textResponse } from "../../../src/http/mod.ts";
import { systemClock } from "../../../src/time/mod.ts";
import { exchange, get, statusOf } from "../../http/support.ts";
import { freePort } from "../../support/free_port.ts";
import { RecordingLog } from "../../support/recording_log.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Target } from "../fuzzer.ts";

const encoder = new TextEncoder();

const ROUTES: Routes = {
  "/text": ({ query, header }) => textResponse(200, query.get("q") ?? "", header("accept") ?? ""),
  "/events": () => ({
    events(stream) {
      stream.send({ data: "one" });
      stream.send({ event: "vitals", id: "2", data: "two\nlines" });
    },
  }),
};

/** All that an answer may begin a line of its head with: none of it is from the request. */
const HEADERS =
  /^(HTTP\/1\.1|allow|cache-control|content-[a-z-]+|cross-origin-[a-z]+-policy|referrer-policy|vary|x-content-type-options|x-frame-options|date|connection|keep-alive|transfer-encoding)\b/i;

const REQUESTS = [
  get("/text?q=a%20b", "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1"),
  get("/events", "Last-Event-ID: 1").replace("Connection: close\r\n", ""),
  get("/text").replace("GET", "HEAD"),
  get("/text").replace("Connection: close\r\n", "") + get("/text?q=2"),
  get("/text", "Content-Length: 5") + "hello",
  get("/text", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n",
  get("http://localhost/text", "Host: evil.example"),
  "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
  get("/text", "Connection: Upgrade", "Upgrade: websocket", "Expect: 100-continue"),
].map((text) => encoder.encode(text));

const WORDS = [
  "\r\n",
  "\r\n\r\n",
  "Host: ",
  "Host: evil.example\r\n",
  "localhost",
  "[::1]",
  "%00",
  "\0",
  "HTTP/1.0",
  "//",
]
  .map((text) => encoder.encode(text));

/** What may come in over HTTP. Whatever it is, nothing of it becomes part of a head, and the next one is answered. */
export const httpTarget: Target = {
  name: "http",
  share: 1,
  seeds: [...REQUESTS.map((request) => [request]), REQUESTS],
  words: WORDS,
  async execute(input) {
    const port = freePort();
    const log = new RecordingLog();
    const options = { listen: `127.0.0.1:${port}`, allowedHosts: [], routes: ROUTES };
    await using _ = new HttpListener(options, { clock: systemClock, random: () => 0, log }).start();
    await waitFor(() => log.of("http listening").length > 0, "the listener");
    const answers = await send(port, input);
    // Of several answers only the first head is known to be one.
    const [head = ""] = answers.split("\r\n\r\n");
    const foreign = head.split("\r\n").filter((line) => line !== "" && !HEADERS.test(line));
    if (foreign.length > 0) throw new Error(`a head with ${JSON.stringify(foreign)}`);
    if (statusOf(await exchange(port, get("/text"))) !== 200) throw new Error("the next request is not answered");
    if (log.of("request failed").length > 0) throw new Error("a request failed");
  },
};

/** Sends it piece by piece and ends; what has come back by then, and a moment later. */
function send(port: number, input: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    let received = "";
    const done = () => {
      socket.destroy();
      resolve(received);
    };
    socket.on("data", (text: string) => received += text);
    socket.on("error", done);
    socket.on("close", done);
    for (const piece of input) socket.write(piece);
    socket.end(() => setTimeout(done, 5));
  });
}
