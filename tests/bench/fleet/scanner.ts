/** How the agents of a fleet are set up, in processes of their own or many in one. */
export interface FleetOptions {
  /** Of the broker, on the loopback interface. */
  readonly port: number;
  readonly qos: number;
  /** Reports a second that each scanner hears. */
  readonly rate: number;
}

/** The environment of the scanner with this number: `s0`, `s1`, … */
export function scannerEnv(number: number, { port, qos, rate }: FleetOptions): Readonly<Record<string, string>> {
  return {
    BT_SCANNER_SCANNER_ID: `s${number}`,
    BT_SCANNER_SCANNER_SOURCE: "simulate",
    BT_SCANNER_SIMULATE_RATE: String(rate),
    BT_SCANNER_SIMULATE_SEED: String(number),
    BT_SCANNER_MQTT_BROKER_HOST: "127.0.0.1",
    BT_SCANNER_MQTT_BROKER_PORT: String(port),
    BT_SCANNER_MQTT_CLIENT_QOS: String(qos),
    BT_SCANNER_LOG_FORMAT: "json",
  };
}
