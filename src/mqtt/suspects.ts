import type { MqttOptions } from "./options.ts";

/** What a broker sees before it answers. */
export type Offer = Pick<MqttOptions, "port" | "tls" | "username" | "clientId" | "will">;

const USUALLY_TLS: readonly number[] = [443, 8883, 8884];
/** What every broker has to accept. @see MQTT 3.1.1, 3.1.3.1 */
const SAFE_CLIENT_ID = /^[0-9A-Za-z]{1,23}$/;

/**
 * What to do if a broker closes the connection instead of answering, which MQTT 3.1.1 allows for any reason: every
 * possible cause, most likely first, given what it was offered.
 *
 * @param isOpen whether it got that far, or closed during the TLS handshake
 */
export function closedRemedy(offer: Offer, isOpen: boolean): string {
  const { port } = offer;
  const likely: string[] = [];
  const possible: string[] = [];
  tlsSuspects(offer, isOpen, likely, possible);
  if (isOpen) {
    credentialSuspect(offer, possible);
    willSuspects(offer, likely, possible);
    if (!SAFE_CLIENT_ID.test(offer.clientId)) {
      possible.push(`it does not accept ${offer.clientId} as a client identifier (mqtt.client.client_id)`);
    }
    possible.push("it or its storage is full, or it accepts no more connections, or no packets of this size");
  } else possible.push("it accepts no more connections");
  if (port !== 1883) possible.push(`there is no MQTT broker on port ${port}`);
  return `see the broker's log; possible causes, most likely first: ${[...likely, ...possible].join("; ")}`;
}

function tlsSuspects({ port, tls }: Offer, isOpen: boolean, likely: string[], possible: string[]): void {
  const usual = USUALLY_TLS.includes(port);
  if (tls === null) {
    (usual ? likely : possible).push(`it expects TLS on port ${port} (mqtt.broker.tls.enabled)`);
    return;
  }
  if (port === 443 && tls.alpn === null) {
    likely.push(
      "on port 443 it expects ALPN (mqtt.broker.tls.alpn, x-amzn-mqtt-ca for AWS IoT Core), or WebSocket: try port 8883",
    );
  }
  if (tls.certFile === null) possible.push("it requires a client certificate (mqtt.broker.tls.cert_file)");
  if (!isOpen) {
    (usual ? possible : likely).push(
      `it does not speak TLS on port ${port} (mqtt.broker.port, mqtt.broker.tls.enabled)`,
    );
  }
}

function credentialSuspect({ username }: Offer, possible: string[]): void {
  if (username === null) possible.push("it requires a user name (mqtt.broker.username)");
  else possible.push(`it does not accept ${username} with this password (mqtt.broker.username, password_file)`);
}

function willSuspects({ will }: Offer, likely: string[], possible: string[]): void {
  if (will === null) return;
  if (/[.\s]/.test(will.topic)) {
    likely.push(
      `it accepts no dots or spaces in a topic, like NATS, and ${will.topic} has some (scanner.id, topic_prefix)`,
    );
  }
  possible.push("it accepts no retained will, or not on this topic (status.enabled: false sends none)");
}

/**
 * What to do if a broker refuses with "not authorised", which is also what some answer to a will that they do not
 * accept.
 */
export function unauthorisedRemedy({ username, will }: Offer): string {
  const known = username === null
    ? "set mqtt.broker.username and mqtt.broker.password_file"
    : "check mqtt.broker.username and mqtt.broker.password_file, and what the broker allows this user to do";
  if (will === null) return known;
  const bytes = new TextEncoder().encode(will.payload).length;
  return `${known}; Mosquitto also answers this if message_size_limit is less than the will's ${bytes} bytes`;
}
