/** Answers HTTP requests on one address: bounded, for this machine's names alone, harmless to everything else.
 *
 * @module
 */
export { type EventStream, type ServerSentEvent } from "./event_stream.ts";
export { HttpListener, type HttpOptions, type HttpParts } from "./listener.ts";
export {
  type HttpContent,
  type HttpEvents,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type Routes,
  textResponse,
} from "./routes.ts";
