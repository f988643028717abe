/** The service under the guest's systemd, for cases with VM_INIT=systemd and VM_FILES="config". */
// deno-lint-ignore-file no-console
import { waitFor } from "../support/wait_for.ts";
import { run } from "./guest.ts";

/** For whatever systemd and an emulated machine need. */
export const PATIENCE_MS = 180_000;
const CONFIG = "/etc/bt-scanner/config.yaml";

/** The program as the unit expects it. Its beginning uses the cache folder as an executable that unpacks itself does. */
const PROGRAM = `#!/bin/sh
set -e
[ -x "$CACHE_DIRECTORY/busybox" ] || cp /bin/busybox "$CACHE_DIRECTORY/busybox"
"$CACHE_DIRECTORY/busybox" true
export DENO_DIR="$CACHE_DIRECTORY/deno"
`;

/** Installs the units and the program; whether that is a bundle, and not an executable that tests/vm/run was given. */
export async function install(): Promise<boolean> {
  await Deno.mkdir("/etc/bt-scanner", { recursive: true });
  for (const unit of ["bt-scanner.service", "bt-scanner@.service"]) {
    await Deno.copyFile(`config/${unit}`, `/etc/systemd/system/${unit}`);
  }
  const isBundle = (await Deno.stat("bt-scanner.js")).size > 0;
  if (isBundle) {
    const start = (await Deno.readTextFile("bin/bt-scanner")).split("\n").slice(1).join("\n");
    const program = PROGRAM + start.replace("exec deno", "exec /job/files/bin/deno");
    await Deno.writeTextFile("/usr/bin/bt-scanner", program, { mode: 0o755 });
  } else await Deno.copyFile("bin/bt-scanner", "/usr/bin/bt-scanner");
  return isBundle;
}

/** Writes the configuration. */
export async function configure(yaml: string): Promise<void> {
  await Deno.writeTextFile(CONFIG, yaml);
}

/** One unit, as systemd sees it. */
export class Service {
  private constructor(readonly unit: string) {}

  /** The unit of that name, which the guest's systemd does not forget. */
  static async of(unit: string): Promise<Service> {
    // systemd forgets how a unit ended that nothing refers to.
    await run("systemctl", "add-wants", "job.target", unit);
    return new Service(unit);
  }

  /** A property. */
  async show(property: string): Promise<string> {
    return (await run("systemctl", "show", "--value", "-p", property, this.unit)).trim();
  }

  /** Resolves once a property is like this. */
  async shows(property: string, value: RegExp): Promise<void> {
    let seen = "";
    const isThere = async () => value.test(seen = await this.show(property));
    await waitFor(isThere, `${property} of ${this.unit} to be ${value}`, PATIENCE_MS).catch(async (error) => {
      console.log(`${property} is ${seen}\n${await this.journal()}`);
      throw error;
    });
  }

  /** Its last lines. */
  journal(): Promise<string> {
    return run("journalctl", "--no-pager", "-o", "cat", "-n", "60", "-u", this.unit);
  }

  /** However a test ended, the next one finds the service stopped, and nothing remembered of its failures. */
  async stopAnyhow(): Promise<void> {
    await run("systemctl", "stop", this.unit);
    await run("systemctl", "reset-failed", this.unit).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAnyhow();
  }
}
