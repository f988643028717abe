import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { HttpListener, type Routes, textResponse } from "../../src/http/mod.ts";
import { systemClock } from "../../src/time/mod.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";
import { exchange, get, listen, statusOf } from "./support.ts";

const ROUTES: Routes = {
  "/hello": () => textResponse(200, "hello"),
  "/broken": () => {
    throw new Error("no such luck");
  },
  "/echo": ({ query, header }) => textResponse(200, query.get("q") ?? "", header("x-one") ?? "none"),
};

test("HttpListener answers GET, with headers that keep an answer from being kept, framed or guessed at", async () => {
  await using listening = await listen(ROUTES);
  const answer = await fetch(`http://127.0.0.1:${listening.port}/hello`);
  assert.equal(await answer.text(), "hello\n");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.match(answer.headers.get("content-security-policy") ?? "", /^default-src 'none';.*frame-ancestors 'none'/);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
});

test("HttpListener answers HEAD as GET, without what follows the headers", async () => {
  await using listening = await listen(ROUTES);
  const [head = "", body] = (await exchange(listening.port, get("/hello").replace("GET", "HEAD"))).split("\r\n\r\n");
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*content-length: 6/);
  assert.equal(body, "");
});

test("HttpListener hands query and headers to the handler", async () => {
  await using listening = await listen(ROUTES);
  const { port } = listening;
  assert.match(await exchange(port, get("/echo?q=a%20b&q=c", "X-One: two")), /\r\n\r\na b\ntwo\n$/);
});

test("HttpListener answers 404 for what nobody has a handler for, names of Object's own included", async () => {
  await using listening = await listen(ROUTES);
  for (const path of ["/", "/hello/", "/constructor", "/__proto__", "/%68ello", "//hello", "/../hello"]) {
    assert.equal(statusOf(await exchange(listening.port, get(path))), 404, path);
  }
});

test("HttpListener answers 500 where a handler fails, logs why, and goes on", async () => {
  await using listening = await listen(ROUTES);
  const answer = await exchange(listening.port, get("/broken"));
  assert.equal(statusOf(answer), 500);
  assert.doesNotMatch(answer, /luck/);
  assert.equal(listening.log.of("request failed")[0]?.fields["path"], "/broken");
  assert.equal(statusOf(await exchange(listening.port, get("/hello"))), 200);
});

const refused: readonly (readonly [what: string, request: string, status: number])[] = [
  ["POST", get("/hello").replace("GET", "POST"), 405],
  ["DELETE", get("/hello").replace("GET", "DELETE"), 405],
  ["OPTIONS", get("*").replace("GET", "OPTIONS"), 405],
  ["a host that it is not", get("/hello", "Host: evil.example"), 421],
  ["a host that only begins like its own", get("/hello", "Host: localhost.evil.example"), 421],
  ["another machine's address", get("/hello", "Host: 192.0.2.1:9464"), 421],
  ["no host", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
  ["no host in HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", 421],
  ["a page of another site", get("/hello", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"), 403],
  ["a body", get("/hello", "Content-Length: 1000000"), 413],
  ["a body of unknown length", get("/hello", "Transfer-Encoding: chunked"), 413],
  ["a whole URL of a host that it is not", get("http://evil.example/hello"), 421],
  ["what is no path", get("hello"), 400],
  ["what is no HTTP", "\x16\x03\x01\x02\x00\r\n\r\n", 400],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["headers without end", get("/hello", `X-Long: ${"x".repeat(20_000)}`), 431],
];

for (const [what, request, status] of refused) {
  test(`HttpListener refuses ${what}`, async () => {
    await using listening = await listen(ROUTES);
    assert.equal(statusOf(await exchange(listening.port, request)), status);
    assert.equal(statusOf(await exchange(listening.port, get("/hello"))), 200);
  });
}

test("HttpListener answers for a whole URL, as proxies send it", async () => {
  await using listening = await listen(ROUTES);
  assert.equal(statusOf(await exchange(listening.port, get("http://localhost:80/hello?a"))), 200);
});

test("HttpListener lets a link of another site lead to it", async () => {
  await using listening = await listen(ROUTES);
  const headers = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
  assert.equal(statusOf(await exchange(listening.port, get("/hello", ...headers))), 200);
});

test("HttpListener answers by the names that it is allowed", async () => {
  await using listening = await listen(ROUTES, { allowedHosts: ["Pi7.local"] });
  assert.equal(statusOf(await exchange(listening.port, get("/hello", "Host: pi7.local:9464"))), 200);
});

test("HttpListener closes what is more than 24 connections at once, and answers again when there are fewer", async () => {
  await using listening = await listen(ROUTES);
  const sockets: Socket[] = [];
  try {
    for (let count = 0; count < 24; count++) {
      const socket = connect(listening.port, "127.0.0.1");
      sockets.push(socket);
      await once(socket, "connect");
    }
    assert.equal(await exchange(listening.port, get("/hello")), "");
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await waitFor(async () => statusOf(await exchange(listening.port, get("/hello"))) === 200, "an answer");
});

test("HttpListener answers one request of a connection at a time, and ends one that sends them ahead", async () => {
  let asked = 0;
  await using listening = await listen({ "/hello": () => textResponse(200, `hello ${++asked}`) });
  const request = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
  await exchange(listening.port, request.repeat(1_000));
  assert.ok(asked <= 2, `${asked} requests were handled`);

  const patient = connect(listening.port, "127.0.0.1");
  let received = "";
  patient.on("data", (chunk) => received += chunk);
  for (let turn = 1; turn <= 3; turn++) {
    patient.write(request);
    await waitFor(() => received.split("hello").length - 1 === turn, `answer ${turn} on a connection that is kept`);
  }
  patient.destroy();
});

test("HttpListener begins no stream for a reader that has gone", async () => {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  let begun = 0;
  await using listening = await listen({
    async "/events"() {
      asked++;
      await gate.promise;
      return { events: () => void begun++ };
    },
  });
  const request = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const gone = Array.from({ length: 8 }, () => connect(listening.port, "127.0.0.1"));
  for (const reader of gone) reader.write(request);
  await waitFor(() => asked === gone.length, "all to be asked for");
  for (const reader of gone) reader.destroy();
  await exchange(listening.port, get("/nothing"));
  gate.resolve();
  const stays = connect(listening.port, "127.0.0.1");
  let received = "";
  stays.on("data", (chunk) => received += chunk);
  stays.write(request);
  await waitFor(() => received.includes("\r\n\r\n"), "an answer");
  assert.deepEqual([statusOf(received), begun], [200, 1]);
  stays.destroy();
});

test("HttpListener ends a request that does not come to its end within seconds", async () => {
  await using listening = await listen(ROUTES);
  assert.equal(statusOf(await exchange(listening.port, "GET /hello HTTP/1.1\r\nHost: localhost\r\n")), 408);
});

test("HttpListener drops a reader that does not take its answer", async () => {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const port = freePort();
  const routes: Routes = { "/big": () => ({ type: "text/plain", body: new Uint8Array(64 * 1024 * 1024) }) };
  const options = { listen: `127.0.0.1:${port}`, allowedHosts: [], routes };
  await using _ = new HttpListener(options, { clock, random: () => 0, log }).start();
  await waitFor(() => log.of("http listening").length > 0, "the listener");
  const socket = connect(port, "127.0.0.1");
  socket.write(get("/big"));
  await once(socket, "readable"); // and nothing is read
  await clock.advance(10_000);
  socket.resume();
  await once(socket, "close");
  assert.ok(socket.bytesRead < 64 * 1024 * 1024);
});

test("HttpListener says that its address is in use, tries again, and listens once it is free", async () => {
  const port = freePort();
  const clock = new FakeClock();
  const log = new RecordingLog();
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  const options = { listen: `127.0.0.1:${port}`, allowedHosts: [], routes: ROUTES };
  await using _ = new HttpListener(options, { clock, random: () => 0, log }).start();
  await waitFor(() => log.of("http cannot listen").length > 0, "the failure");
  const [{ level, fields } = assert.fail()] = log.of("http cannot listen");
  assert.equal(level, "error");
  assert.deepEqual([fields["listen"], fields["reason"], fields["retry_in_ms"]], [
    `127.0.0.1:${port}`,
    "the address is in use by another process",
    1000,
  ]);
  await clock.advance(1_000);
  await waitFor(() => log.of("http still cannot listen").length > 0, "the second failure");
  other.close();
  await once(other, "close");
  await waitFor(async () => {
    await clock.advance(30_000);
    return log.of("http listening").length > 0;
  }, "the listener");
  assert.equal(statusOf(await exchange(port, get("/hello"))), 200);
});

test("HttpListener ends at once, whoever is connected", async () => {
  const port = freePort();
  const log = new RecordingLog();
  const options = {
    listen: `127.0.0.1:${port}`,
    allowedHosts: [],
    routes: { "/events": () => ({ events: () => {} }) } satisfies Routes,
  };
  const listening = new HttpListener(options, { clock: systemClock, random: () => 0, log }).start();
  await waitFor(() => log.of("http listening").length > 0, "the listener");
  const idle = exchange(port, "");
  const half = exchange(port, "GET / HTTP/1.1\r\n");
  const socket = connect(port, "127.0.0.1");
  socket.write(get("/events"));
  socket.on("error", () => {});
  await once(socket, "readable");
  const closed = once(socket.resume(), "close");
  await listening[Symbol.asyncDispose]();
  await Promise.all([idle, half, closed]);
});

test("HttpListener listens on a Unix socket, in place of one that was left behind, and leaves none", async () => {
  await using folder = await TemporaryFolder.make();
  const path = `${folder.path}/http.sock`;
  const left = await new Deno.Command("python3", {
    args: ["-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path],
  }).output();
  assert.ok(left.success && (await Deno.lstat(path)).isSocket);
  {
    await using _ = await listen(ROUTES, { listen: `unix:${path}` });
    const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const answer = await fetch("http://localhost/hello", { client });
    assert.equal(await answer.text(), "hello\n");
    client.close();
  }
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
});
