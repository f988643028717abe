#!/usr/bin/env python3
"""A fake LE controller for the Linux Bluetooth stack (Python 3 standard library).

It answers the HCI commands that the kernel (or a raw socket, or a user channel)
sends, and, while scanning is enabled, it emits LE Advertising Report events: true
ones at a chosen rate, and broken ones of many kinds.

It sits behind /dev/vhci (module hci_vhci): one write is one packet, nothing is checked.

Advertisers:
  --adv ADDR[/random],MS,DATAHEX[,RSSI[,SCANRSPHEX[,EVT]]]   one advertiser, every MS ms
  --fleet N --rate R     N made-up advertisers, R reports a second in all
  --renew                each report of theirs comes from an address that was never heard before
  --bad KIND[:R]         broken reports, R a second (default 1); KIND "all" takes turns
Timed and outside control: --script '3 vanish; 6 appear', and the same words as lines
written to the FIFO of --control:
  report ADDR[/random] DATAHEX [RSSI [EVT]]   bad KIND [N]   burst N   rate R
  raw HEX (a whole packet, with its H4 type byte)   hwerr [CODE]
  mute / unmute (leave commands unanswered)         fail OPCODE STATUS (hex; 00 again: works)
  stick (answer, but report nothing until reset)
  refuse-ext STATUS / deaf-ext (as --refuse-ext, --deaf-ext; refuse-ext 00: works)
  vanish / appear (the controller is pulled out, put in)      stats   quit
"""
import argparse, heapq, json, os, random, select, signal, struct, sys, time

EVT_CC, EVT_CS, EVT_HWERR, EVT_LE = 0x0E, 0x0F, 0x10, 0x3E


def op(ogf, ocf):
    return ogf << 10 | ocf


# commands that need no more than "success"
STATUS_ONLY = {
    op(3, 0x05), op(3, 0x13), op(3, 0x16), op(3, 0x1A), op(3, 0x24), op(3, 0x26), op(3, 0x33),
    op(3, 0x45), op(3, 0x52), op(3, 0x56), op(3, 0x63), op(3, 0x6D), op(3, 0x7A),
    op(8, 0x05), op(8, 0x06), op(8, 0x08), op(8, 0x09), op(8, 0x0A),
    op(8, 0x10), op(8, 0x11), op(8, 0x12), op(8, 0x14), op(8, 0x24), op(8, 0x27), op(8, 0x28), op(8, 0x29),
    op(8, 0x2D), op(8, 0x2E), op(8, 0x31),
}
EXT_STATUS_ONLY = {op(8, 0x35), op(8, 0x37), op(8, 0x38), op(8, 0x39), op(8, 0x3C), op(8, 0x3D)}
LEGACY_OPS = {op(8, n) for n in (0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D)}
EXT_OPS = {op(8, n) for n in range(0x35, 0x4A)}
EXT_SCAN = {op(8, 0x41), op(8, 0x42)}
BY_STATUS = {op(8, 0x0D), op(8, 0x13), op(8, 0x16), op(8, 0x43), op(1, 0x05), op(1, 0x06)}


def addr_bytes(text):
    b = bytes.fromhex(text.replace(":", ""))
    if len(b) != 6:
        raise ValueError("address " + text)
    return b[::-1]


class Adv:
    def __init__(self, spec):
        p = spec.split(",")
        a, _, kind = p[0].partition("/")
        self.addr, self.atype = addr_bytes(a), 1 if kind == "random" else 0
        self.period = float(p[1]) / 1000
        self.data = bytes.fromhex(p[2])
        self.rssi = int(p[3]) if len(p) > 3 and p[3] else -60
        self.rsp = bytes.fromhex(p[4]) if len(p) > 4 and p[4] else None
        self.evt = int(p[5], 0) if len(p) > 5 and p[5] else (0 if self.rsp is not None else 3)


# -- reports ----------------------------------------------------------------
def le_event(sub, body):
    params = bytes([sub]) + body
    return bytes([4, EVT_LE, len(params) & 255]) + params


def legacy_one(addr, atype, data, rssi, evt, dlen=None):
    return bytes([evt, atype]) + addr + bytes([len(data) if dlen is None else dlen]) + data + struct.pack("b", rssi)


def ext_one(addr, atype, data, rssi, evt, dlen=None, sid=0xFF, status=0):
    # legacy PDUs in extended reports: spec vol 4 part E 7.7.65.13
    ev = {0: 0x13, 1: 0x15, 2: 0x12, 3: 0x10, 4: 0x1B}.get(evt, evt) | status << 5
    return (struct.pack("<H", ev) + bytes([atype]) + addr + bytes([1, 0, sid, 127]) + struct.pack("b", rssi)
            + b"\0\0" + b"\0" * 7 + bytes([len(data) if dlen is None else dlen]) + data)


class Bad:
    """Broken packets. Each method gives a list of whole H4 packets."""

    def __init__(self, rng, ext):
        self.r, self.ext = rng, ext
        self.kinds = sorted(k[2:] for k in dir(self) if k.startswith("k_"))

    def one(self, data, **k):
        f = ext_one if self.ext else legacy_one
        return f(k.pop("addr", self.r.randbytes(5) + b"\xc6"), k.pop("atype", 1), data, k.pop("rssi", -70), k.pop("evt", 3), **k)

    def ev(self, body, n=1):
        return le_event(0x0D if self.ext else 0x02, bytes([n]) + body)

    def data(self, n=None):
        return self.r.randbytes(self.r.randrange(32) if n is None else n)

    def k_len_over(self):      # data length beyond the event's end
        d = self.data(12); return [self.ev(self.one(d, dlen=self.r.choice([13, 14, 31, 32, 200, 255])))]

    def k_len_under(self):     # data length shorter than what is there
        return [self.ev(self.one(self.data(20), dlen=self.r.choice([0, 1, 19])))]

    def k_num0(self):          # no report, with and without bytes behind
        return [self.ev(b"", 0), self.ev(self.one(self.data(9)), 0)]

    def k_num_over(self):      # more reports promised than present
        return [self.ev(self.one(self.data(9)), self.r.choice([2, 3, 25, 255]))]

    def k_multi(self):         # several good reports in one event (allowed by the specification)
        return [self.ev(b"".join(self.one(self.data(8)) for _ in range(4)), 4)]

    def k_multi_cut(self):     # several, the last one cut
        b = b"".join(self.one(self.data(8)) for _ in range(3)); return [self.ev(b[:-self.r.randrange(1, 12)], 3)]

    def k_cut(self):           # a report cut anywhere, outer length right
        b = self.one(self.data(11)); return [self.ev(b[:self.r.randrange(len(b))])]

    def k_no_body(self):       # LE Meta event without anything / with a subevent only
        return [bytes([4, EVT_LE, 0]), bytes([4, EVT_LE, 1, 0x0D if self.ext else 2])]

    def k_plen_over(self):     # event's own length larger than the packet
        e = bytearray(self.ev(self.one(self.data(9)))); e[2] = (e[2] + 40) & 255; return [bytes(e)]

    def k_plen_under(self):    # event's own length smaller than the packet
        e = bytearray(self.ev(self.one(self.data(9)))); e[2] -= 5; return [bytes(e)]

    def k_no_rssi(self):       # the last byte (legacy: the RSSI) is missing
        return [self.ev(self.one(self.data(10))[:-1])]

    def k_too_long(self):      # more than 31 bytes of data in a legacy report
        return [self.ev(self.one(self.data(60)))]

    def k_empty(self):         # no data (allowed)
        return [self.ev(self.one(b""))]

    def k_ad_over(self):       # AD structure longer than the data
        return [self.ev(self.one(bytes([2, 1, 6, 30, 0xFF, 0x99, 4]) + self.data(5)))]

    def k_ad_zero(self):       # AD structures of length 0 first and between
        return [self.ev(self.one(bytes([0, 0, 2, 1, 6, 0]) + bytes([5, 0xFF, 0x99, 4, 1, 2])))]

    def k_ad_short(self):      # manufacturer data too short for a company id; a lone length byte
        return [self.ev(self.one(bytes([2, 0xFF, 0x99]))), self.ev(self.one(bytes([1, 0xFF]))), self.ev(self.one(b"\x05"))]

    def k_atype(self):         # reserved address type
        return [self.ev(self.one(self.data(9), atype=self.r.choice([2, 3, 4, 0xFE, 0xFF])))]

    def k_evt(self):           # reserved event type
        return [self.ev(self.one(self.data(9), evt=self.r.choice([5, 6, 0x80, 0xFF])))]

    def k_rssi(self):          # RSSI 127 = not available, and values out of range
        return [self.ev(self.one(self.data(9), rssi=v)) for v in (127, 126, 21, -128)]

    def k_addr(self):          # all zero, all one
        return [self.ev(self.one(self.data(9), addr=a)) for a in (b"\0" * 6, b"\xff" * 6)]

    def k_subevent(self):      # another or reserved LE subevent
        return [le_event(self.r.choice([0x00, 0x0B, 0x40, 0xFF]), self.data(20))]

    def k_wrong_kind(self):    # the other report format than the scan asked for
        a = self.r.randbytes(6); d = self.data(9)
        return [le_event(0x02, b"\1" + legacy_one(a, 1, d, -70, 3)) if self.ext else le_event(0x0D, b"\1" + ext_one(a, 1, d, -70, 3))]

    def k_fragments(self):     # extended: 'more to come' (status 1) with no end, then a cut one (2)
        if not self.ext:
            return self.k_empty()
        a = self.r.randbytes(5) + b"\xc6"
        return [self.ev(self.one(self.data(200), addr=a, evt=0, status=s)) for s in (1, 1, 2)]

    def k_event(self):         # unknown event code, vendor event
        return [bytes([4, self.r.choice([0x00, 0x7E, 0xFF]), 10]) + self.r.randbytes(10)]

    def k_random(self):        # any bytes under the report's header
        return [self.ev(self.r.randbytes(self.r.randrange(250)), self.r.randrange(256))]

    def get(self, kind):
        return getattr(self, "k_" + kind)()


# -- the controller ---------------------------------------------------------
class Controller:
    def __init__(self, a):
        self.a, self.rng = a, random.Random(a.seed)
        self.t0 = time.monotonic()
        self.log_file = open(a.log, "w", buffering=1) if a.log else None
        self.addr = addr_bytes(a.addr)
        self.bad, self.turn = Bad(self.rng, a.ext), 0
        self.advs = [Adv(s) for s in a.adv]
        self.fleet = []
        for i in range(a.fleet):     # Ruuvi-like manufacturer data with a counter
            self.fleet.append([bytes([i & 255, i >> 8 & 255, 0x33, 0x22, 0x11, 0xC0]), 0])
        self.rate, self.fleet_i = a.rate, 0
        self.fd = None
        self.heap, self.seq = [], 0
        self.muted, self.failing = False, {}
        self.n = dict(commands=0, reports=0, requests=0, bad=0, dropped_dup=0, hidden=0)
        self.reset_state()

    def reset_state(self):
        self.mask, self.le_mask = 0x1FFFFFFFFFFF, 0x1F  # vol 4 part E 7.3.1, 7.8.1: no LE Meta event
        self.scan = self.active = self.dup = self.stuck = self.ext_scan = False
        self.interval = self.window = 0x10
        self.seen, self.mode = set(), None

    def log(self, *w):
        if self.log_file:
            print("%.4f" % (time.monotonic() - self.t0), *w, file=self.log_file)

    # transport
    def appear(self):
        if self.fd is not None:
            return
        self.reset_state()
        self.fd = os.open("/dev/vhci", os.O_RDWR)
        os.write(self.fd, b"\xff\x00")                 # make a primary controller
        r = os.read(self.fd, 16)                       # ff 00 index_lo index_hi
        index = struct.unpack("<H", r[2:4])[0]
        os.set_blocking(self.fd, False)
        self.log("appear", "hci%d" % index)
        print("hci%d" % index, flush=True)

    def vanish(self):
        if self.fd is None:
            return
        os.close(self.fd)
        self.fd = None
        self.reset_state(); self.log("vanish")

    def write(self, pkt):
        while self.fd is not None:
            try:
                os.write(self.fd, pkt); return True
            except BlockingIOError:
                select.select([], [self.fd], [], 1)
            except OSError as e:                           # the kernel refuses the packet
                self.log("refused", e.errno, pkt[:8].hex()); return False
        return False

    # commands
    def complete(self, opcode, ret):
        self.write(bytes([4, EVT_CC, 3 + len(ret), 1]) + struct.pack("<H", opcode) + ret)

    def status(self, opcode, st):
        self.write(bytes([4, EVT_CS, 4, st, 1]) + struct.pack("<H", opcode))

    def packet(self, p):
        if p[0] == 1 and len(p) >= 4:
            o = struct.unpack("<H", p[1:3])[0]
            self.n["commands"] += 1
            self.log("cmd %04x" % o, p[4:].hex())
            if not self.muted:
                self.command(o, p[4:])
        else:
            self.log("other", p[:32].hex())

    def command(self, o, p):
        ok = b"\0"
        f = self.failing.get(o)
        if f:
            return self.status(o, f) if o in BY_STATUS else self.complete(o, bytes([f]))
        if o in BY_STATUS:
            return self.status(o, 0x0C)
        if self.a.refuse_ext and o in EXT_SCAN:            # claimed, and refused: HCI_QUIRK_BROKEN_EXT_SCAN
            return self.status(o, self.a.refuse_ext)
        if o in (op(3, 0x01), op(8, 0x01)) and len(p) == 8:  # Set Event Mask, LE Set Event Mask
            setattr(self, "mask" if o == op(3, 0x01) else "le_mask", int.from_bytes(p, "little"))
            return self.complete(o, ok)
        if self.a.ext and not self.a.lax and o in LEGACY_OPS | EXT_OPS:  # a host must not mix the two families
            m = "ext" if o in EXT_OPS else "legacy"
            if self.mode not in (None, m):
                return self.complete(o, b"\x0c")
            self.mode = m
        if o == op(3, 0x03):                               # Reset
            self.reset_state(); return self.complete(o, ok)
        if o in STATUS_ONLY or (self.a.ext and o in EXT_STATUS_ONLY):
            return self.complete(o, ok)
        if o == op(8, 0x0B) and len(p) >= 7:               # LE Set Scan Parameters
            if self.scan:
                return self.complete(o, b"\x0c")
            typ, self.interval, self.window = struct.unpack("<BHH", p[:5])
            if not (4 <= self.window <= self.interval <= 0x4000) or typ > 1:
                return self.complete(o, b"\x12")
            self.active = typ == 1
            return self.complete(o, ok)
        if o == op(8, 0x0C) and len(p) >= 2:               # LE Set Scan Enable
            return self.scan_enable(o, p[0], p[1])
        if self.a.ext and o == op(8, 0x41) and len(p) >= 8:  # LE Set Extended Scan Parameters
            if self.scan:
                return self.complete(o, b"\x0c")
            typ, self.interval, self.window = struct.unpack("<BHH", p[3:8])
            self.active = typ == 1
            return self.complete(o, ok)
        if self.a.ext and o == op(8, 0x42) and len(p) >= 2:  # LE Set Extended Scan Enable
            return self.scan_enable(o, p[0], p[1])
        r = self.answers(o)
        self.complete(o, b"\x01" if r is None else ok + r)  # 01: unknown command

    def scan_enable(self, o, on, dup):
        if on > 1 or dup > 2:
            return self.complete(o, b"\x12")
        self.scan, self.dup, self.ext_scan = on == 1, dup > 0, o == op(8, 0x42)
        if on:
            self.seen.clear()
        self.complete(o, b"\0")
        self.log("scan", "on" if on else "off", "active" if self.active else "passive",
                 "interval", self.interval * 0.625, "window", self.window * 0.625, "filter", dup)

    def answers(self, o):
        ext = self.a.ext
        if o == op(4, 0x01):   # local version: 5.0, manufacturer 0xffff
            return bytes([9, 0, 0, 9, 0xFF, 0xFF, 0, 0])
        if o == op(4, 0x02):   # supported commands
            c = bytearray(64)
            c[5], c[14], c[15] = 0xC0, 0xA8, 0x02
            c[25], c[26], c[27], c[28] = 0xF7, 0xCF, 0x8B, 0x08
            if ext:
                c[36], c[37] = 0xFE, 0x63
            return bytes(c)
        if o == op(4, 0x03):   # LMP features: LE, no BR/EDR
            return bytes([0, 0, 0, 0, 0x60, 0, 0, 0])
        if o == op(4, 0x04):
            return bytes([0, 0]) + bytes([0, 0, 0, 0, 0x60, 0, 0, 0])
        if o == op(4, 0x05):   # buffer size
            return struct.pack("<HBHH", 0, 0, 0, 0)
        if o == op(4, 0x09):   # BD_ADDR
            return self.addr
        if o == op(8, 0x02):   # LE buffer size
            return struct.pack("<HB", 251, 8)
        if o == op(8, 0x03):   # LE features (bit 12: extended advertising)
            return bytes([1, 0x10 if ext else 0, 0, 0, 0, 0, 0, 0])
        if o == op(8, 0x07):
            return b"\x00"
        if o == op(8, 0x0F):
            return b"\x08"
        if o == op(8, 0x18):
            return self.rng.randbytes(8)
        if o == op(8, 0x1C):   # supported states: all
            return b"\xff\xff\xff\xff\xff\x03\0\0"
        if o == op(8, 0x23):
            return struct.pack("<HH", 27, 328)
        if o == op(8, 0x2A):
            return b"\x08"
        if o == op(8, 0x2F):
            return struct.pack("<HHHH", 251, 2120, 251, 2120)
        if o == op(8, 0x4B):
            return b"\x00\x14"
        if ext and o == op(8, 0x36):
            return b"\x00"
        if ext and o == op(8, 0x3A):
            return struct.pack("<H", 1650)
        if ext and o == op(8, 0x3B):
            return b"\x04"
        return None

    # reports
    def hidden(self, sub):
        return not self.mask >> 61 & 1 or not self.le_mask >> sub - 1 & 1

    def report(self, addr, atype, data, rssi, evt):
        if not self.scan or self.stuck or self.ext_scan and self.a.deaf_ext:
            return
        if self.hidden(0x0D if self.ext_scan else 0x02):
            self.n["hidden"] += 1; return
        if self.dup:
            k = (addr, atype, evt)
            if k in self.seen:
                self.n["dropped_dup"] += 1; return
            self.seen.add(k)
        if self.ext_scan:
            e = le_event(0x0D, b"\1" + ext_one(addr, atype, data, rssi, evt))
        else:
            e = le_event(0x02, b"\1" + legacy_one(addr, atype, data, rssi, evt))
        if self.write(e):
            self.n["reports"] += 1
            if self.a.log_reports:
                self.log("report", e.hex())

    def send_adv(self, v):
        if self.scan and self.active and v.evt in (0, 2):  # whoever is scannable is asked, and may not answer
            self.n["requests"] += 1
        self.report(v.addr, v.atype, v.data, v.rssi, v.evt)
        if v.rsp is not None and self.active:
            self.report(v.addr, v.atype, v.rsp, v.rssi, 4)

    def send_fleet(self):
        if not self.fleet:
            return
        f = self.fleet[self.fleet_i % len(self.fleet)]; self.fleet_i += 1
        f[1] = (f[1] + 1) & 0xFFFFFFFF
        if self.a.renew:
            f[0] = struct.pack("<I", self.fleet_i & 0xFFFFFFFF) + b"\x22\xC0"
        self.report(f[0], 1, bytes([2, 1, 6, 7, 0xFF, 0x99, 4]) + struct.pack(">I", f[1]), self.rng.randrange(-95, -40), 3)

    def send_bad(self, kind):
        if not self.scan or self.stuck:
            return
        if kind == "all":
            kind = self.bad.kinds[self.turn % len(self.bad.kinds)]; self.turn += 1
        for p in self.bad.get(kind):
            ok = self.write(p)
            self.n["bad"] += 1
            if self.a.log_reports:
                self.log("bad", kind, "ok" if ok else "refused", p.hex())

    # control
    def control(self, line):
        w = line.split()
        if not w:
            return
        self.log("control", line.strip())
        try:
            c = w[0]
            if c == "report":
                a, _, k = w[1].partition("/")
                self.report(addr_bytes(a), 1 if k == "random" else 0, bytes.fromhex(w[2] if len(w) > 2 and w[2] != "-" else ""),
                            int(w[3]) if len(w) > 3 else -60, int(w[4], 0) if len(w) > 4 else 3)
            elif c == "bad":
                for _ in range(int(w[2]) if len(w) > 2 else 1):
                    self.send_bad(w[1])
            elif c == "burst":
                for _ in range(int(w[1])):
                    self.send_fleet()
            elif c == "rate":
                self.rate = float(w[1])
            elif c == "raw":
                self.write(bytes.fromhex(w[1]))
            elif c == "hwerr":
                self.write(bytes([4, EVT_HWERR, 1, int(w[1], 16) if len(w) > 1 else 0x42]))
            elif c == "mute":
                self.muted = True
            elif c == "unmute":
                self.muted = False
            elif c == "fail":
                self.failing[int(w[1], 16)] = int(w[2], 16)
            elif c == "refuse-ext":
                self.a.refuse_ext = int(w[1], 16)
            elif c == "deaf-ext":
                self.a.deaf_ext = True
            elif c == "stick":
                self.stuck = True
            elif c == "vanish":
                self.vanish()
            elif c == "appear":
                self.appear()
            elif c == "stats":
                self.log("stats", json.dumps(self.n))
            elif c == "quit":
                raise SystemExit
            else:
                self.log("unknown control word", c)
        except (ValueError, IndexError, AttributeError) as e:
            self.log("control error", repr(e))

    # loop
    def at(self, t, f):
        self.seq += 1
        heapq.heappush(self.heap, (t, self.seq, f))

    def every(self, period, f):
        """f again and again; where the machine is too slow, late ones are skipped, not piled up."""
        def again(t):
            f()
            now = time.monotonic()
            nxt = t + period()
            self.at(nxt if nxt > now - 0.25 else now, again)
        self.at(time.monotonic() + self.rng.random() * period(), again)

    def run(self):
        ctl = -1
        if self.a.control:
            if not os.path.exists(self.a.control):
                os.mkfifo(self.a.control)
            ctl = os.open(self.a.control, os.O_RDWR | os.O_NONBLOCK)
        ctl_buf = ""
        self.appear()
        for v in self.advs:      # 0 to 10 ms of jitter, as the specification has it
            self.every(lambda v=v: v.period + self.rng.random() * 0.01, lambda v=v: self.send_adv(v))
        if self.fleet:
            self.every(lambda: 1 / self.rate if self.rate > 0 else 0.2, lambda: self.rate > 0 and self.send_fleet())
        for b in self.a.bad:
            k, _, r = b.partition(":")
            if k != "all" and k not in self.bad.kinds:
                raise SystemExit("no such kind of broken report: " + k + "; there are: all " + " ".join(self.bad.kinds))
            r = float(r or 1)
            self.every(lambda r=r: 1 / r, lambda k=k: self.send_bad(k))
        for part in self.a.script.split(";"):
            if part.strip():
                t, _, c = part.strip().partition(" ")
                self.at(self.t0 + float(t), lambda _t, c=c: self.control(c))
        while True:
            now = time.monotonic()
            n = 0
            while self.heap and self.heap[0][0] <= now and n < 64:   # 64: commands get their turn
                t, _, f = heapq.heappop(self.heap); f(t); n += 1
            wait = max(0, self.heap[0][0] - time.monotonic()) if self.heap else 1
            fds = [f for f in (self.fd, ctl if ctl >= 0 else None) if f is not None]
            for f in select.select(fds, [], [], min(wait, 1))[0]:
                if f == ctl:
                    ctl_buf += os.read(ctl, 65536).decode("ascii", "replace")
                    while "\n" in ctl_buf:
                        line, _, ctl_buf = ctl_buf.partition("\n"); self.control(line)
                elif f == self.fd:
                    try:
                        p = os.read(self.fd, 4096)
                    except BlockingIOError:
                        continue
                    if p:
                        self.packet(p)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--addr", default="C0:FF:EE:00:00:01", help="the controller's own address")
    p.add_argument("--ext", action="store_true", help="a controller with LE Extended Advertising (Bluetooth 5)")
    p.add_argument("--refuse-ext", type=lambda status: int(status, 16), default=0, metavar="STATUS",
                   help="claim extended scanning, and refuse it with Command Status (hex)")
    p.add_argument("--deaf-ext", action="store_true", help="accept extended scanning, and report nothing")
    p.add_argument("--lax", action="store_true", help="let extended and legacy commands be mixed")
    p.add_argument("--adv", action="append", default=[]); p.add_argument("--fleet", type=int, default=0)
    p.add_argument("--rate", type=float, default=10); p.add_argument("--bad", action="append", default=[])
    p.add_argument("--renew", action="store_true", help="each report of the fleet comes from a new address")
    p.add_argument("--script", default=""); p.add_argument("--control"); p.add_argument("--log")
    p.add_argument("--log-reports", action="store_true"); p.add_argument("--seed", type=int, default=1)
    c = Controller(p.parse_args())

    def stop(*_):
        raise SystemExit
    signal.signal(signal.SIGTERM, stop); signal.signal(signal.SIGINT, stop)
    try:
        c.run()
    finally:
        c.log("stats", json.dumps(c.n))


if __name__ == "__main__":
    main()
