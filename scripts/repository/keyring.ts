/** A secret key in a keyring of its own, which goes with it. */
export class Keyring implements AsyncDisposable {
  #fingerprint = "";

  private constructor(readonly folder: string) {}

  /**
   * @param secretKey ASCII-armoured
   * @throws {Error} where it is none
   */
  static async of(secretKey: string): Promise<Keyring> {
    const keyring = new Keyring(await Deno.makeTempDir({ prefix: "bt-scanner-keyring-" })); // readable by us alone
    try {
      await keyring.#output("gpg", ["--batch", "--quiet", "--import"], secretKey);
      const listed = await keyring.run("gpg", "--batch", "--with-colons", "--list-secret-keys");
      const [, fingerprint] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? [];
      if (fingerprint === undefined) throw new Error("APT_SIGNING_KEY holds no secret key");
      keyring.#fingerprint = fingerprint;
      return keyring;
    } catch (error) {
      await keyring[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of its first key. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** As apt takes it. */
  publicKey(): Promise<Uint8Array> {
    return this.#output("gpg", ["--batch", "--export", this.#fingerprint]);
  }

  /** Runs a program that may sign with it. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    return new TextDecoder().decode(await this.#output(program, args));
  }

  async #output(program: string, args: readonly string[], input = ""): Promise<Uint8Array> {
    const child = new Deno.Command(program, {
      args: [...args],
      env: { GNUPGHOME: this.folder, APT_SIGNING_KEY: "" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const written = writer.write(new TextEncoder().encode(input)).then(() => writer.close());
    const [{ success, stdout, stderr }] = await Promise.all([child.output(), written.catch(() => {})]);
    if (success) return stdout;
    throw new Error(`${program} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("gpgconf", "--kill", "all");
    await Deno.remove(this.folder, { recursive: true });
  }
}
