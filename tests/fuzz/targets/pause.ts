const MARK = 0xfe;
const UNIT_MS = 10;

/** A piece of input that is no packet but lets time pass: as many hundredths of a second as its second byte says. */
export const PAUSE = Uint8Array.of(MARK, 0x7f);

/** How long a piece pauses; 0: it is a packet. */
export function pauseMs(piece: Uint8Array): number {
  return piece[0] === MARK ? UNIT_MS * (piece[1] ?? 0) : 0;
}
