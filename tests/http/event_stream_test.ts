import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { type EventStream, HttpListener, type Routes } from "../../src/http/mod.ts";
import { encodeEvent, ResponseEvents } from "../../src/http/event_stream.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { RecordingLog } from "../support/recording_log.ts";
import { test } from "../support/test.ts";
import { waitFor } from "../support/wait_for.ts";
import { exchange, get, statusOf } from "./support.ts";

/** A listener with a route of events, the streams that were opened there, and a clock that stands still. */
async function listening() {
  const port = freePort(), clock = new FakeClock(), log = new RecordingLog();
  const streams: EventStream[] = [];
  const routes: Routes = { "/events": () => ({ events: (stream) => void streams.push(stream) }) };
  const options = { listen: `127.0.0.1:${port}`, allowedHosts: [], routes };
  const running = new HttpListener(options, { clock, random: () => 0, log }).start();
  await waitFor(() => log.of("http listening").length > 0, "the listener");
  return { port, clock, streams, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

async function reader(port: number) {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8").on("error", () => {});
  socket.write(get("/events"));
  await once(socket, "readable");
  return socket;
}

test("an event stream sends events as they come, and a comment now and then", async () => {
  await using server = await listening();
  const socket = await reader(server.port);
  let received = "";
  socket.on("data", (text: string) => received += text);
  await waitFor(() => server.streams.length === 1, "the stream");
  server.streams[0]?.send({ event: "vitals", id: "7", data: "a\nb" });
  await server.clock.advance(15_000);
  await waitFor(() => received.includes(":\n\n"), "the comment");
  assert.match(received, /content-type: text\/event-stream/);
  assert.match(received, /event: vitals\nid: 7\ndata: a\ndata: b\n\n/);
  socket.destroy();
  await waitFor(() => server.streams[0]?.signal.aborted === true, "its end");
});

test("encodeEvent() lets no text begin another field or event", () => {
  assert.equal(
    encodeEvent({ event: "a\ndata: x", id: "1\r\n\n2", data: "x\r\nevent: y\r\rz" }),
    "event: adata: x\nid: 12\ndata: x\ndata: event: y\ndata: \ndata: z\n\n",
  );
});

test("an event stream drops a reader that does not keep up with what is sent", async () => {
  await using server = await listening();
  const socket = await reader(server.port); // and it is not read on
  await waitFor(() => server.streams.length === 1, "the stream");
  const [stream = assert.fail()] = server.streams;
  await waitFor(() => {
    for (let count = 0; count < 10; count++) stream.send({ data: "x".repeat(50_000) });
    return stream.signal.aborted;
  }, "its end");
  stream.send({ data: "to nobody" });
  socket.destroy();
});

test("an event stream drops a reader that has taken nothing for 15 s, and no other", async () => {
  const clock = new FakeClock();
  const response = new SlowResponse();
  const stream = new ResponseEvents(response as unknown as ServerResponse, clock, new AbortController().signal);
  for (let beat = 0; beat < 10; beat++) {
    response.writableNeedDrain = true;
    await clock.advance(14_000);
    response.writableNeedDrain = false;
    response.emit("drain");
    await clock.advance(1_000);
  }
  assert.equal(stream.signal.aborted, false);
  response.writableNeedDrain = true;
  await clock.advance(30_000);
  assert.deepEqual([stream.signal.aborted, response.isDestroyed], [true, true]);
});

/** As far as streams see a response. */
class SlowResponse extends EventEmitter {
  readonly writableLength = 1;
  writableNeedDrain = false;
  isDestroyed = false;

  write(): boolean {
    return !this.writableNeedDrain;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

test("no more than eight streams are open at once, and others are answered", async () => {
  await using server = await listening();
  const sockets = await Promise.all(Array.from({ length: 8 }, () => reader(server.port)));
  await waitFor(() => server.streams.length === 8, "the streams");
  assert.equal(statusOf(await exchange(server.port, get("/events"))), 503);
  assert.equal(statusOf(await exchange(server.port, get("/"))), 404);
  for (const socket of sockets) socket.destroy();
  await waitFor(() => server.streams.every(({ signal }) => signal.aborted), "their end");
  const again = await reader(server.port);
  await waitFor(() => server.streams.length === 9, "another stream");
  again.destroy();
});
