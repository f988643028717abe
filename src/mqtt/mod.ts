/** Publishes to an MQTT broker; the only folder that knows mqtt.js.
 *
 * @module
 */
export { checkBroker } from "./check.ts";
export { type Echo, type EchoMessage, hearEcho } from "./echo.ts";
export { ConnectionFailure, type FailureKind } from "./failure.ts";
export {
  type BrokerAddress,
  brokerName,
  type MqttOptions,
  optionsPerBroker,
  type Password,
  type TlsOptions,
} from "./options.ts";
export { type BrokerCertificate, brokerCertificate } from "./peer_certificate.ts";
export { type MqttParts } from "./parts.ts";
export { MqttPublisher } from "./publisher.ts";
export { type ReadFile } from "./credential_files.ts";
