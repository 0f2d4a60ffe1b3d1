"""Does work on a switch with os-ken: client.py SOCKET

Reads a job a line from standard input, `fill COUNT` or `dump`, and prints JSON a line: `{"begun": true}` when it is
connected and has everything in memory, then `{"done": COUNT, "cpuSeconds": SECONDS}` or `{"error": TEXT}`.
"""

import json
import logging
import socket
import sys
import time

from os_ken.lib import hub

hub.patch(thread=False)

from os_ken.base import app_manager  # noqa: E402
from os_ken.controller import controller, ofp_event, ofp_handler  # noqa: E402
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls  # noqa: E402
from os_ken.ofproto import ofproto_protocol, ofproto_v1_3  # noqa: E402

# The flows of sample-flow.ts.
PODS = 4096
FIRST_KEY = 0x10000
PRIORITY = 100
PORT = 1

# The switch may take this long for all of a job.
PATIENCE_SECONDS = 120


class UnixSocket(socket.socket):
    """The socket of a bridge, which has none of TCP's options."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.setsockopt = lambda *_: None


class Handler(ofp_handler.OFPHandler):
    """os-ken's own handling of hellos, echoes and errors, without listening for switches."""

    def start(self):
        return app_manager.OSKenApp.start(self)


class Client(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_3.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.datapath = None
        self.flows = 0
        self.refusals = 0
        self.signal = hub.Queue()

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)
    def connected(self, event):
        self.datapath = event.datapath
        self.signal.put("connected")

    @set_ev_cls(ofp_event.EventOFPBarrierReply, MAIN_DISPATCHER)
    def barrier(self, _event):
        self.signal.put("barrier")

    @set_ev_cls(ofp_event.EventOFPErrorMsg, MAIN_DISPATCHER)
    def refused(self, _event):
        self.refusals += 1

    @set_ev_cls(ofp_event.EventOFPFlowStatsReply, MAIN_DISPATCHER)
    def flow_stats(self, event):
        self.flows += sum(1 for flow in event.msg.body if flow.match["eth_dst"] and flow.instructions)
        if not event.msg.flags & ofproto_v1_3.OFPMPF_REPLY_MORE:
            self.signal.put("flows")

    def fill(self, messages):
        for message in messages:
            self.datapath.send_msg(message)
        self.datapath.send_msg(self.datapath.ofproto_parser.OFPBarrierRequest(self.datapath))
        self.wait_for("barrier")
        if self.refusals > 0:
            raise RuntimeError(f"the switch refused {self.refusals} messages")
        return len(messages)

    def dump(self):
        self.flows = 0
        self.datapath.send_msg(self.datapath.ofproto_parser.OFPFlowStatsRequest(self.datapath))
        self.wait_for("flows")
        return self.flows

    def wait_for(self, name):
        while self.signal.get(timeout=PATIENCE_SECONDS) != name:
            pass


def flow_mods(count):
    datapath = ofproto_protocol.ProtocolDesc(ofproto_v1_3.OFP_VERSION)
    ofproto, parser = datapath.ofproto, datapath.ofproto_parser
    for number in range(count):
        key = FIRST_KEY + number % PODS
        mac = "02:00:" + ":".join(f"{number >> shift & 0xff:02x}" for shift in (24, 16, 8, 0))
        actions = [parser.OFPActionSetField(tunnel_id=key), parser.OFPActionOutput(PORT)]
        yield parser.OFPFlowMod(
            datapath,
            priority=PRIORITY,
            match=parser.OFPMatch(tunnel_id=key, eth_dst=mac),
            instructions=[parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, actions)],
        )


def connect(path):
    connection = UnixSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    hub.spawn(controller.datapath_connection_factory, connection, path)
    return connection


def say(**what):
    print(json.dumps(what), flush=True)


def main(path):
    logging.disable(logging.CRITICAL)
    manager = app_manager.AppManager.get_instance()
    for app in (manager.instantiate(Handler), manager.instantiate(Client)):
        app.start()
    client = app_manager.lookup_service_brick("Client")
    messages = []
    for line in sys.stdin:
        job, *operands = line.split()
        if job == "fill" and len(messages) != int(operands[0]):
            messages = list(flow_mods(int(operands[0])))
        connection = connect(path)
        try:
            client.wait_for("connected")
            say(begun=True)
            before = time.process_time()
            done = client.fill(messages) if job == "fill" else client.dump()
            say(done=done, cpuSeconds=time.process_time() - before)
        except Exception as error:
            say(error=repr(error))
        finally:
            connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
