import type { IncomingMessage } from "node:http";
import { isOwnHost } from "./own_host.ts";
import { type HttpContent, type HttpRequest, textResponse } from "./routes.ts";

/** Why a request is not answered; null: it is. */
export function refusal(request: IncomingMessage, allowedHosts: readonly string[]): HttpContent | null {
  const { method, headers, socket } = request;
  const target = readTarget(request);
  if (method !== "GET" && method !== "HEAD") {
    return { ...textResponse(405, "Only GET and HEAD are answered."), headers: { allow: "GET, HEAD" } };
  }
  if (target === null) return textResponse(400, "A path is expected.");
  if (!isOwnHost(target.host, socket.localAddress, allowedHosts)) {
    return textResponse(421, "This scanner is not known by that name: http.allowed_hosts names those it is.");
  }
  if (isFromElsewhere(headers)) return textResponse(403, "Other sites' pages may not use this.");
  if (hasBody(headers)) return textResponse(413, "Nothing is to be sent along.");
  return null;
}

/** A request that was not refused. */
export function readRequest(request: IncomingMessage): HttpRequest {
  const { path = "", query = "" } = readTarget(request) ?? {};
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value : null;
  };
  return { path, query: new URLSearchParams(query), header };
}

interface Target {
  readonly host: string | undefined;
  readonly path: string;
  readonly query: string;
}

/**
 * Which host is asked for what; null: that cannot be told. A whole URL, as proxies send it, has precedence.
 *
 * @see RFC 9112, 3.2
 */
function readTarget({ url = "", headers }: IncomingMessage): Target | null {
  const parts = /^(?:http:\/\/([^/?]*))?(\/[^?]*)(?:\?(.*))?$/i.exec(url);
  if (parts === null) return null;
  const [, host = headers.host, path = "", query = ""] = parts;
  return { host, path, query };
}

/**
 * Whether a browser says that another site's page asks for this: it could not read the answer, but hold a connection.
 * A link may lead here.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
function isFromElsewhere(headers: IncomingMessage["headers"]): boolean {
  const site = headers["sec-fetch-site"] ?? "none";
  const isLink = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  return site !== "none" && site !== "same-origin" && !isLink;
}

function hasBody(headers: IncomingMessage["headers"]): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
}
