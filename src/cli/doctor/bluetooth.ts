import { EXIT } from "../../app/exit_codes.ts";
import type { Config } from "../../config/mod.ts";
import {
  type BluetoothSurvey,
  commandPacket,
  hci,
  HciError,
  type HciTransport,
  type LinuxHost,
  openLinuxHciSocket,
  selectAdapter,
  surveyBluetooth,
  type SurveyedAdapter,
} from "../../hci/mod.ts";
import { type Clock, timeLimit } from "../../time/mod.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

const GRANT = "use sudo, run it as the service, or see Permissions in docs/commands.md";
/** A controller answers within milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000;

/** What there is to scan with, and what keeps it from scanning. Changes nothing and powers up no adapter. */
export async function* examineBluetooth(scanner: Config["scanner"], host: LinuxHost): AsyncGenerator<Finding> {
  if (scanner.source !== "hci") return yield ok("adapter", `none is needed: scanner.source is ${scanner.source}`);
  try {
    const survey = surveyBluetooth(host);
    yield permissions(survey);
    const selected = selectAdapter(survey.adapters, scanner.adapter);
    for (const adapter of survey.adapters) {
      yield adapter === selected
        ? condition(adapter, survey)
        : ok("adapter", `${described(adapter)}; not used`, adapter.name);
    }
    if (selected.state === "up" && survey.mayScan) yield await examineAnswer(selected.name, host);
    if ((survey.foreignSockets ?? 0) > 0) {
      yield ok(
        "other_programs",
        `they hold ${survey.foreignSockets} Bluetooth sockets (bluetoothd, a running scanner); if they stop the scan, run restarts it`,
      );
    }
  } catch (error) {
    if (!(error instanceof HciError)) throw error;
    const exitCode = error.code === "EPERM" ? EXIT.permission : EXIT.failure;
    yield problem("adapter", error.message, null, { exitCode });
  }
}

function permissions({ mayScan, mayPowerUp }: BluetoothSurvey): Finding {
  const id = "permissions";
  if (!mayScan) {
    return problem(id, "CAP_NET_RAW is missing: nothing can be heard", GRANT, { exitCode: EXIT.permission });
  }
  if (mayPowerUp) return ok(id, "CAP_NET_RAW and CAP_NET_ADMIN are granted");
  return warning(id, "CAP_NET_ADMIN is missing: an adapter that is down or stuck stays so", GRANT);
}

function condition(adapter: SurveyedAdapter, { mayPowerUp }: BluetoothSurvey): Finding {
  const { name: subject, state, rfkillBlocked, lowEnergy } = adapter;
  const id = "adapter";
  const what = described(adapter);
  if (rfkillBlocked) {
    const remedy = "`rfkill unblock bluetooth`, or a switch on the machine";
    return problem(id, `${what}; blocked by rfkill`, remedy, { subject });
  }
  if (lowEnergy === false) {
    return problem(id, `${what}; it does not support Bluetooth LE`, "set scanner.adapter to one that does", {
      subject,
    });
  }
  if (state === "up") return ok(id, what, subject);
  if (mayPowerUp) return ok(id, `${what}; run will power it up`, subject);
  const exitCode = EXIT.permission;
  return problem(id, `${what}; this process may not power it up`, "`bluetoothctl power on`", { subject, exitCode });
}

function described({ address, bus, state, lowEnergy }: SurveyedAdapter): string {
  return [address ?? "no address yet", bus, ...(lowEnergy ? ["Bluetooth LE"] : []), state].join(", ");
}

async function examineAnswer(name: string, host: LinuxHost): Promise<Finding> {
  await using transport = await openLinuxHciSocket({ adapter: name, channel: "raw", powerUp: false }, host);
  if (await controllerAnswers(transport, host.clock)) return ok("controller", "the controller answers", name);
  return problem(
    "controller",
    `the controller did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`,
    "run resets it by itself; if that does not help, unplug it or power-cycle the machine",
    { subject: name },
  );
}

/** Whether the controller answers a query for its version. */
async function controllerAnswers(transport: HciTransport, clock: Clock): Promise<boolean> {
  const answered = new AbortController();
  using limit = timeLimit(clock, ANSWER_TIMEOUT_MS, { signal: answered.signal });
  const receiving = transport.receive((packet) => {
    const isAnswer = packet[1] === hci.EVENT_COMMAND_COMPLETE &&
      ((packet[4] ?? 0) | (packet[5] ?? 0) << 8) === hci.CMD_READ_LOCAL_VERSION;
    if (isAnswer) answered.abort();
    return undefined;
  }, limit.signal);
  transport.send(commandPacket(hci.CMD_READ_LOCAL_VERSION));
  await receiving;
  return answered.signal.aborted;
}
