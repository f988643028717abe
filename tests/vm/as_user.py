#!/usr/bin/env python3
"""as_user.py CAPABILITIES COMMAND…: runs COMMAND as uid 1000 with these capabilities alone, as a
systemd unit with AmbientCapabilities= does. CAPABILITIES: net_raw,net_admin or - for none."""
import ctypes, os, sys

CAP = {"net_raw": 13, "net_admin": 12}
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
caps = [CAP[name] for name in sys.argv[1].split(",") if name != "-"]
mask = sum(1 << cap for cap in caps)
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


must(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
os.setgroups([]); os.setgid(1000); os.setuid(1000)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)              # version 3, this process
must(libc.capset(header, (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)))
for cap in caps:
    must(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
os.environ["HOME"] = "/tmp/home-of-1000"
os.makedirs(os.environ["HOME"], exist_ok=True)
os.execvp(sys.argv[2], sys.argv[2:])
