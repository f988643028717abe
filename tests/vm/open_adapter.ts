/**
 * Opens hci0 in each of the ways that its arguments name (`raw`, `raw+up`, `user`), ends a scan, and
 * tells how that went, a line each: `ok`, or an error's code and message.
 */
// deno-lint-ignore-file no-console
import { openLinuxHciSocket } from "../../src/hci/linux/hci_socket.ts";

const END_SCAN = Uint8Array.of(0x01, 0x0c, 0x20, 2, 0, 0);

for (const way of Deno.args) {
  try {
    await using transport = await openLinuxHciSocket({
      adapter: "hci0",
      channel: way === "user" ? "user" : "raw",
      powerUp: way === "raw+up",
    });
    transport.send(END_SCAN);
    console.log("ok");
  } catch (error) {
    console.log(error instanceof Error && "code" in error ? `${error.code} ${error.message}` : error);
  }
}
