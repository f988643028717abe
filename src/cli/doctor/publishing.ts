import { homeAssistantTopic } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Echo, MqttOptions } from "../../mqtt/mod.ts";
import type { BrokerIo } from "./broker.ts";
import { type Finding, ok, warning } from "./finding.ts";

/**
 * Whether the broker passes on what this scanner publishes. One message goes to a topic below those of the scanner's
 * messages, which an access list has to allow, and one level deeper, so that who subscribes to `…/+/+` does not get it.
 */
export async function* examinePublishing(
  url: string,
  options: MqttOptions,
  config: Config,
  { hearEcho, host }: BrokerIo,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const { publisher, scanner, home_assistant } = config;
  const discovery = home_assistant.enabled === true ? homeAssistantTopic(config) : null;
  const topic = `${publisher.topic_prefix}/${scanner.id}/doctor/echo`;
  const payload = JSON.stringify({ doctor: host.random().toString(36).slice(2) });
  const keptTopics = discovery === null ? [] : [discovery];
  const echo = await hearEcho(options, { topic, payload, keptTopics }, signal);
  yield judge(echo, url, topic);
  if (discovery !== null) yield examineHomeAssistant(echo, url, discovery);
}

/** A broker of MQTT 3.1.1 has no way to say that it discards what is published. */
function judge(echo: Echo, url: string, topic: string): Finding {
  const id = "publishing";
  const messages = topic.replace(/doctor\/echo$/, "#");
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
