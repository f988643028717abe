import { X509Certificate } from "node:crypto";
import { type Host, mqttOptions } from "../../app/mod.ts";
import type { Config } from "../../config/mod.ts";
import {
  type BrokerCertificate,
  brokerName,
  ConnectionFailure,
  type Echo,
  type EchoMessage,
  type MqttOptions,
  optionsPerBroker,
} from "../../mqtt/mod.ts";
import { type Finding, type FindingId, ok, problem, warning } from "./finding.ts";
import { examinePublishing } from "./publishing.ts";

/** What examining the broker needs from outside. */
export interface BrokerIo {
  /** Connects once and disconnects; rejects with a {@linkcode ConnectionFailure}. */
  readonly checkBroker: (options: MqttOptions, signal: AbortSignal) => Promise<void>;
  /** The certificate that the broker presents; null: none available. */
  readonly brokerCertificate: (options: MqttOptions, signal: AbortSignal) => Promise<BrokerCertificate | null>;
  /** Publishes a message, and waits for it as a subscriber; rejects with a {@linkcode ConnectionFailure}. */
  readonly hearEcho: (options: MqttOptions, message: EchoMessage, signal: AbortSignal) => Promise<Echo>;
  readonly host: Pick<Host, "env" | "readFile" | "clock" | "random">;
}

/** About the service's password, which systemd passes to the service alone. */
const SERVICE_PASSWORD = "no password is configured; if the service gets one from systemd, run " +
  "`sudo CREDENTIALS_DIRECTORY=/etc/bt-scanner bt-scanner doctor`";

const DAY_MS = 86_400_000;
const RENEW_DAYS = 30;
const BROKER_RENEW_DAYS = 7;

/** Whether each broker accepts a connection such as `run` would make, and the certificates on both sides. */
export async function* examineBroker(config: Config, io: BrokerIo, signal: AbortSignal): AsyncGenerator<Finding> {
  const options = mqttOptions(config, io.host, null);
  const certFile = options.tls?.certFile ?? null;
  if (certFile !== null) yield await examineCertificate(certFile, io);
  const found: Finding[] = [];
  for (const each of optionsPerBroker(options)) {
    found.push(...await Array.fromAsync(examineOne(each, config, io, signal)));
  }
  const isServed = found.some(({ id, level }) => id === "broker" && level === "ok");
  yield* isServed ? found.map(orWarning) : found;
}

/** Where one of several brokers accepts, what is wrong with another does not keep the agent from working. */
function orWarning(finding: Finding): Finding {
  const { id, level, subject, text, remedy } = finding;
  return level === "problem" ? warning(id, text, remedy, subject) : finding;
}

async function* examineOne(
  options: MqttOptions,
  config: Config,
  io: BrokerIo,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const url = `${options.tls === null ? "mqtt" : "mqtts"}://${brokerName(options)}`;
  const shown = await io.brokerCertificate(options, signal);
  if (shown !== null) yield brokerValidity(shown, io.host.clock.wallMs());
  // With the agent's own identifier it would disconnect a running agent.
  const clientId = `${options.clientId}-doctor`;
  try {
    const asDoctor = { ...options, clientId, cleanSession: true };
    await io.checkBroker(asDoctor, signal);
    yield ok("broker", `${url} accepts ${clientId}`);
    yield* examinePublishing(url, asDoctor, config, io, signal);
  } catch (error) {
    if (!(error instanceof ConnectionFailure)) throw error;
    yield problem("broker", `${url}: ${error.message}`, remedyOf(error, options));
  }
}

function remedyOf({ kind, remedy }: ConnectionFailure, { username, password }: MqttOptions): string | null {
  if (kind !== "rejected" || username === null || password !== null) return remedy;
  return [remedy, SERVICE_PASSWORD].filter((each) => each !== null).join("; ");
}

async function examineCertificate(path: string, { host: { readFile, clock } }: BrokerIo): Promise<Finding> {
  const id = "client_certificate";
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(await readFile(path));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return problem(id, `${path} cannot be read: ${why}`, "check mqtt.broker.tls.cert_file");
  }
  const validity = { from: new Date(certificate.validFrom), to: new Date(certificate.validTo), renewDays: RENEW_DAYS };
  return validityOf(id, path, validity, clock.wallMs());
}

/** Broker certificates are usually renewed automatically, and late. */
function brokerValidity({ names, validFrom, validTo }: BrokerCertificate, wallMs: number): Finding {
  const what = names === null ? "has no name, and" : `is for ${names}, and`;
  return validityOf("broker_certificate", what, { from: validFrom, to: validTo, renewDays: BROKER_RENEW_DAYS }, wallMs);
}

function validityOf(
  id: FindingId,
  what: string,
  { from, to, renewDays }: { readonly from: Date; readonly to: Date; readonly renewDays: number },
  wallMs: number,
): Finding {
  const until = `${what} is valid until ${isoDate(to)}`;
  const daysLeft = (to.getTime() - wallMs) / DAY_MS;
  if (wallMs < from.getTime()) {
    return problem(id, `${what} is not valid before ${isoDate(from)}`, "set this machine's clock, or wait");
  }
  if (daysLeft < 0) return problem(id, `${until}: it has expired`, "renew it");
  if (daysLeft < renewDays) return warning(id, `${until}, ${inDays(Math.floor(daysLeft))}`, "renew it");
  return ok(id, until);
}

function inDays(days: number): string {
  return `${days} ${days === 1 ? "day" : "days"} from now`;
}

function isoDate(date: Date): string {
  return date.toISOString().slice(0, 10);
}
