/** Has Home Assistant show this scanner as a device. A reader of the agent's Vitals that needs of them when there is a connection.
 *
 * @module
 */
export { announceDiscovery, type Discovery, type DiscoveryParts } from "./announce.ts";
export { type Device, deviceId, devicePayload, discoveryTopic } from "./device.ts";
