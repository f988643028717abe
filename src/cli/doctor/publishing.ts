import { homeAssistantTopic, messagesFilter } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Echo, MqttOptions } from "../../mqtt/mod.ts";
import type { BrokerIo } from "./broker.ts";
import { type Finding, ok, warning } from "./finding.ts";

/**
 * Whether the broker passes on what this scanner publishes. One message goes to a topic that an access list has to
 * allow for the scanner's messages to be; see {@linkcode echoTopic}.
 */
export async function* examinePublishing(
  url: string,
  options: MqttOptions,
  config: Config,
  { hearEcho, host }: BrokerIo,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const discovery = config.home_assistant.enabled === true ? homeAssistantTopic(config) : null;
  const topic = echoTopic(config);
  if (topic === null) {
    const text = `not known: what doctor published to ${messagesFilter(config)} would be taken for a device's message`;
    yield ok("publishing", text);
    if (discovery !== null) {
      yield ok("home_assistant", `not known: whether ${url} keeps the description in ${discovery}`);
    }
    return;
  }
  const payload = JSON.stringify({ doctor: host.random().toString(36).slice(2) });
  const keptTopics = discovery === null ? [] : [discovery];
  const echo = await hearEcho(options, { topic, payload, keptTopics }, signal);
  yield judge(echo, url, topic, messagesFilter(config));
  if (discovery !== null) yield examineHomeAssistant(echo, url, discovery);
}

/**
 * Below the messages of the scanner, and one level deeper, so that who subscribes to `…/+/+` does not get it. Where the
 * topics are a template, an access list may allow nothing but these: there it stands in the place of the address. Null:
 * there is no such place, or the topic is one of AWS's rules, which nobody can subscribe to.
 */
function echoTopic({ scanner, publisher }: Config): string | null {
  if (publisher.topic === null) return `${publisher.topic_prefix}/${scanner.id}/doctor/echo`;
  const address = /\{mac_[a-z]+\}/;
  if (!address.test(publisher.topic) || publisher.topic.startsWith("$")) return null;
  return publisher.topic.replaceAll("{scanner_id}", scanner.id).replace(address, "doctor-echo");
}

/** A broker of MQTT 3.1.1 has no way to say that it discards what is published. */
function judge(echo: Echo, url: string, topic: string, messages: string): Finding {
  const id = "publishing";
  switch (echo.kind) {
    case "heard":
      return ok(id, `${url} passes on what is published to ${topic}`);
    case "not subscribed":
      return ok(
        id,
        `not known: ${url} does not let this user subscribe to ${topic} (${echo.reason}); run does not need to`,
      );
    case "unheard":
      return warning(
        id,
        `${url} did not pass on within ${echo.waitedMs / 1000} s what was published to ${topic}: it discards it, ` +
          "or does not let this user read it",
        `let this user publish to ${messages}, and read ${topic}, in the broker's access list`,
      );
    case "closed":
      return warning(
        id,
        `${url} ended the connection when something was published to ${topic}: ${echo.reason}`,
        `let this user publish to ${messages} in the broker's access list`,
      );
    default:
      return echo satisfies never;
  }
}

/** Home Assistant finds a scanner by a message that the broker keeps. */
function examineHomeAssistant(echo: Echo, url: string, topic: string): Finding {
  const id = "home_assistant";
  if (echo.kind === "heard" && echo.kept.includes(topic)) return ok(id, `${url} keeps the description in ${topic}`);
  const text = `no description is seen in ${topic} at ${url}: run has not published it yet, the broker discards it, ` +
    "or does not let this user read it";
  return warning(id, text, "start the service; a user who may read the topic can look with mosquitto_sub");
}
