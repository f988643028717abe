import { freePort } from "./free_port.ts";
import { listens } from "./listens.ts";
import { findProgram, testWith } from "./programs.ts";
import { waitFor } from "./wait_for.ts";

/** Debian's command in /usr/sbin becomes another user; this one is as it is. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const START_TIMEOUT_MS = 120_000;

/** A test against the real RabbitMQ; left out, with the reason, as {@linkcode testWith} does. */
export function rabbitTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  testWith(["rabbitmq-server", "epmd"], name, fn);
}

/** One user of a {@linkcode Rabbit}, whose name is also the password. */
export interface RabbitUser {
  readonly name: string;
  /** Routing keys that the user may publish to, as a regular expression: `.` where MQTT has `/`. */
  readonly mayPublish: string;
}

/** A RabbitMQ of its own on the loopback interface, with its MQTT plugin. */
export class Rabbit implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly processes: readonly Deno.ChildProcess[],
  ) {}

  /** Starts one with these users, and resolves once it speaks MQTT. */
  static async start(users: readonly RabbitUser[]): Promise<Rabbit> {
    const folder = await Deno.makeTempDir({ prefix: "bt-scanner-rabbitmq-" });
    const [port, epmdPort, distPort] = [freePort(), freePort(), freePort()];
    await Deno.writeTextFile(`${folder}/plugins`, "[rabbitmq_mqtt].\n");
    await Deno.writeTextFile(`${folder}/definitions.json`, definitions(users));
    await Deno.writeTextFile(
      `${folder}/rabbitmq.conf`,
      [
        "listeners.tcp = none",
        `mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
        "mqtt.allow_anonymous = false",
        `load_definitions = ${folder}/definitions.json`,
        "",
      ].join("\n"),
    );
    const env = {
      HOME: folder,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(epmdPort),
      RABBITMQ_NODENAME: `test${port}@localhost`,
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_MNESIA_BASE: `${folder}/data`,
      RABBITMQ_LOG_BASE: `${folder}/log`,
      RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq.conf`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
      RABBITMQ_PID_FILE: `${folder}/pid`,
    };
    const spawn = (command: string, args: readonly string[] = []) =>
      new Deno.Command(command, { args: [...args], env, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    // In the foreground: started by the server, it would stay.
    const epmd = spawn(findProgram("epmd") ?? "epmd", ["-address", "127.0.0.1", "-port", String(epmdPort)]);
    const rabbit = new Rabbit(port, folder, [spawn(SERVER), epmd]);
    try {
      await waitFor(() => listens(port), "RabbitMQ to listen", START_TIMEOUT_MS);
      return rabbit;
    } catch (error) {
      await rabbit[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.processes) {
      process.kill("SIGTERM");
      await process.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

function definitions(users: readonly RabbitUser[]): string {
  const all = { configure: ".*", write: ".*", read: ".*" };
  return JSON.stringify({
    vhosts: [{ name: "/" }],
    users: users.map(({ name }) => ({ name, password: name, tags: "" })),
    permissions: users.map(({ name }) => ({ user: name, vhost: "/", ...all })),
    topic_permissions: users.map(({ name, mayPublish }) => {
      return { user: name, vhost: "/", exchange: "amq.topic", write: mayPublish, read: ".*" };
    }),
  });
}
