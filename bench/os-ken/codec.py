"""Times os-ken's codec: codec.py

The first line of standard input is JSON: `packetIns`, a list of messages in hexadecimal, and `flowStats`, one. Each
line after that names a case, `packetIn`, `flowMod` or `flowStats`, and the milliseconds that a slice lasts. Printed is
JSON a line: `{"ns": CPU nanoseconds of one message}`.
"""

import json
import sys
import time

from os_ken.ofproto import ofproto_parser, ofproto_protocol, ofproto_v1_3

from client import flow_mods

VARIETY = 1024


def decode(datapath, message):
    version, kind, length, xid = ofproto_parser.header(message)
    return ofproto_parser.msg(datapath, version, kind, length, xid, message)


def packet_in(datapath, messages):
    def run(times):
        total = 0
        for i in range(times):
            total += decode(datapath, messages[i % len(messages)]).match["in_port"]
        return total

    return run


def flow_mod(messages):
    def run(times):
        for i in range(times):
            message = messages[i % len(messages)]
            message.xid = None
            message.set_xid(i)
            message.serialize()
        return len(message.buf)

    return run


def flow_stats(datapath, message):
    def run(times):
        total = 0
        for _ in range(times):
            total += len(decode(datapath, message).body)
        return total

    return run


def time_slice(run, slice_ms):
    times, before = 0, time.process_time_ns()
    step = 1
    while True:
        run(step)
        times += step
        elapsed = time.process_time_ns() - before
        if elapsed >= slice_ms * 1e6:
            return elapsed / times
        step = max(1, min(times, int(times * (slice_ms * 1e6 - elapsed) / max(elapsed, 1))))


def main():
    data = json.loads(sys.stdin.readline())
    datapath = ofproto_protocol.ProtocolDesc(ofproto_v1_3.OFP_VERSION)
    cases = {
        "packetIn": packet_in(datapath, [bytearray.fromhex(text) for text in data["packetIns"]]),
        "flowMod": flow_mod(list(flow_mods(VARIETY))),
        "flowStats": flow_stats(datapath, bytearray.fromhex(data["flowStats"])),
    }
    for line in sys.stdin:
        name, slice_ms = line.split()
        print(json.dumps({"ns": time_slice(cases[name], float(slice_ms))}), flush=True)


if __name__ == "__main__":
    main()
