import { run } from "./programs.ts";

/** Certificates of a trial authority, as files in a temporary folder, made with OpenSSL. */
export class Certificates implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  /**
   * Makes an authority `ca` and another one, `stranger`, and from `ca`: `broker` and `renewed` for localhost and
   * 127.0.0.1, `expired` for the same, `elsewhere` for broker.example, `address` for 127.0.0.1
   * alone, `client`.
   */
  static async make(): Promise<Certificates> {
    const certificates = new Certificates(await Deno.makeTempDir({ prefix: "bt-scanner-certificates-" }));
    const here = "DNS:localhost,IP:127.0.0.1";
    await Promise.all([certificates.#authority("ca"), certificates.#authority("stranger")]);
    await Promise.all([
      certificates.#issue("broker", here, 2),
      certificates.#issue("renewed", here, 2),
      certificates.#issue("expired", here, -1),
      certificates.#issue("elsewhere", "DNS:broker.example", 2),
      certificates.#issue("address", "IP:127.0.0.1", 2),
      certificates.#issue("client", "DNS:client", 2),
    ]);
    return certificates;
  }

  certificate(name: string): string {
    return `${this.folder}/${name}.crt`;
  }

  key(name: string): string {
    return `${this.folder}/${name}.key`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  async #authority(name: string): Promise<void> {
    await run(
      "openssl",
      ...["req", "-x509", ...NEW_KEY, "-keyout", this.key(name), "-out", this.certificate(name)],
      ...["-days", "2", "-subj", `/CN=${name}`],
    );
  }

  async #issue(name: string, altNames: string, days: number): Promise<void> {
    const request = `${this.folder}/${name}.csr`;
    await run(
      "openssl",
      ...["req", ...NEW_KEY, "-keyout", this.key(name), "-out", request],
      ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=${altNames}`],
    );
    await run(
      "openssl",
      ...["x509", "-req", "-in", request, "-out", this.certificate(name), "-days", String(days)],
      ...["-CA", this.certificate("ca"), "-CAkey", this.key("ca"), "-set_serial", serial(name)],
      ...["-copy_extensions", "copy"],
    );
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function serial(name: string): string {
  return `0x${Array.from(new TextEncoder().encode(name), (byte) => byte.toString(16)).join("")}`;
}
