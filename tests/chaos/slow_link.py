"""A slow link between two network namespaces, for kernels without netem.

slow_link.py PID CONFIG joins the namespace of process PID (10.98.0.9) to the present one (10.98.0.1) by two TUN
devices, as root, and prints "ready". Each direction by itself has what CONFIG says, a file in JSON that is read again
when it changes: {"out": {"delay": 0.2, "loss": 0.05, "rate": 256000, "queue": 65536}, "in": {...}}, "out" from PID to
here; seconds, share, bit/s, bytes. What is not said is no hindrance.
"""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

HERE, THERE = "10.98.0.1", "10.98.0.9"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PERFECT = {"delay": 0, "loss": 0, "rate": 0, "queue": 10**9}
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    if libc.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(namespace, address, peer):
    """Devices are made in the namespace in which the file was opened."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    enter(namespace)
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"slow0", IFF_TUN | IFF_NO_PI))
        for args in (["addr", "add", address, "peer", peer, "dev", "slow0"], ["link", "set", "slow0", "up"]):
            subprocess.run(["ip", *args], check=True)
    finally:
        enter(home)
    return tun


class Direction:
    """A queue of so many bytes before a wire of such a rate and delay."""

    def __init__(self, target):
        self.target, self.config = target, PERFECT
        self.queue, self.queued, self.wire_free, self.count = [], 0, 0.0, 0

    def put(self, packet, now):
        config = self.config
        if random.random() < config["loss"] or self.queued + len(packet) > config["queue"]:
            return
        self.wire_free = max(now, self.wire_free) + (len(packet) * 8 / config["rate"] if config["rate"] else 0)
        self.queued += len(packet)
        self.count += 1
        heapq.heappush(self.queue, (self.wire_free, self.count, packet, False))

    def run(self, now):
        while self.queue and self.queue[0][0] <= now:
            due, count, packet, is_sent = heapq.heappop(self.queue)
            if is_sent:
                try:
                    os.write(self.target, packet)
                except OSError:
                    pass  # the other end is gone, or full
            else:
                self.queued -= len(packet)
                heapq.heappush(self.queue, (due + self.config["delay"], count, packet, True))


def main(pid, path):
    there = open_tun(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), THERE, HERE)
    here = open_tun(os.open("/proc/self/ns/net", os.O_RDONLY), HERE, THERE)
    out, back = Direction(here), Direction(there)
    changed = None
    print("ready", flush=True)
    while True:
        if (now_changed := os.stat(path).st_mtime_ns) != changed:
            try:
                with open(path) as file:
                    config = json.load(file)
                out.config = {**PERFECT, **config.get("out", {})}
                back.config = {**PERFECT, **config.get("in", {})}
                changed = now_changed
            except ValueError:
                pass  # half written
        due = min([direction.queue[0][0] for direction in (out, back) if direction.queue], default=float("inf"))
        ready, _, _ = select.select([there, here], [], [], max(0, min(due - time.monotonic(), 0.1)))
        now = time.monotonic()
        for file, direction in ((there, out), (here, back)):
            if file in ready:
                direction.put(os.read(file, 65535), now)
        out.run(now)
        back.run(now)


main(sys.argv[1], sys.argv[2])
