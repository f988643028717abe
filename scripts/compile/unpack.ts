/** The text that a function's source holds as a string, compressed (deflate) and in base64. Does not call it. */
export async function unpack(holder: () => string): Promise<string> {
  const [, base64 = ""] = /"([^"]*)"/.exec(holder.toString()) ?? [];
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  void writer.write(Uint8Array.fromBase64(base64));
  void writer.close();
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of readable) text += decoder.decode(bytes, { stream: true });
  return text;
}
