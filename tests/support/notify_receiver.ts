import assert from "node:assert/strict";
import { linuxHost } from "../../src/hci/mod.ts";
import { waitFor } from "./wait_for.ts";

const AF_UNIX = 1, SOCK_DGRAM_NONBLOCK = 2 | 0o4000;

/** What systemd is to a service: a datagram socket in the file system, or (`@…`) outside it. */
export class NotifyReceiver implements Disposable {
  /** Every notification so far, in order. */
  readonly messages: string[] = [];
  readonly #libc = linuxHost.openLibc();
  readonly #fd: number;

  constructor(readonly name: string) {
    this.#fd = this.#libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
    const path = new TextEncoder().encode(name.replace("@", "\0"));
    assert.equal(this.#libc.bind(this.#fd, Uint8Array.of(AF_UNIX, 0, ...path)), 0);
  }

  /** A receiver outside the file system, with a name that nobody else has. */
  static abstract(): NotifyReceiver {
    return new NotifyReceiver(`@bt-scanner-test-${crypto.randomUUID()}`);
  }

  /** Takes what has arrived. */
  receive(): readonly string[] {
    const buffer = new Uint8Array(4_096);
    for (let length; (length = this.#libc.read(this.#fd, buffer)) >= 0;) {
      this.messages.push(new TextDecoder().decode(buffer.subarray(0, length)));
    }
    return this.messages;
  }

  /** The lines of all notifications so far that begin like this. */
  lines(start: string): string[] {
    return this.receive().flatMap((message) => message.split("\n")).filter((line) => line.startsWith(start));
  }

  /** Resolves once a line begins like this. */
  async line(start: string): Promise<void> {
    await waitFor(() => this.lines(start).length > 0, `a notification "${start}"`);
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
    this.#libc[Symbol.dispose]();
  }
}
