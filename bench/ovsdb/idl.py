"""Works through the Python IDL of Open vSwitch what bench/ovsdb asks for.

Arguments: the remote, and the file of the schema. A line of standard input is a job in JSON; a line of standard output
is its answer. Times are in milliseconds.
"""

import json
import os
import resource
import sys
import time
import uuid

import ovs.db.idl
import ovs.json
import ovs.poller


def connect(remote, schema):
    helper = ovs.db.idl.SchemaHelper(schema_json=schema)
    helper.register_all()
    idl = ovs.db.idl.Idl(remote, helper)
    while not idl.has_ever_connected():
        idl.run()
        if not idl.has_ever_connected():
            wait(idl)
    return idl


def wait(idl):
    poller = ovs.poller.Poller()
    idl.wait(poller)
    poller.block()


def insert(idl, rows):
    txn = ovs.db.idl.Transaction(idl)
    for values in rows:
        row = txn.insert(idl.tables["Endpoint"])
        for column, value in values.items():
            setattr(row, column, value)
    return txn


def inserts(idl, job):
    rows, width, size = job["rows"], job["width"], job["size"]
    outstanding = set()
    at = 0
    while at < len(rows) or outstanding:
        while at < len(rows) and len(outstanding) < width:
            txn = insert(idl, rows[at:at + size])
            txn.commit()
            outstanding.add(txn)
            at += size
        idl.run()
        ended = {txn for txn in outstanding if txn.commit() != ovs.db.idl.Transaction.INCOMPLETE}
        for txn in ended:
            if txn.commit() != ovs.db.idl.Transaction.SUCCESS:
                raise RuntimeError("a transaction ended with " + txn.commit())
        outstanding -= ended
        if not ended:
            wait(idl)


def updates(idl, job):
    """Says when each update has been seen, by the clock that all processes share."""
    last = None
    for _ in range(job["count"]):
        while True:
            row = idl.tables["Endpoint"].rows.get(uuid.UUID(job["uuid"]))
            value = row.key if row is not None else None
            if last is None:
                last = value
                print(json.dumps({"ready": True}), flush=True)
            elif value != last:
                last = value
                break
            wait(idl)
            idl.run()
        print(json.dumps({"seenNs": time.monotonic_ns()}), flush=True)


def rss():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main():
    remote, file = sys.argv[1:]
    with open(file) as text:
        schema = json.load(text)
    if ovs.json.PARSER != ovs.json.PARSER_C:
        raise RuntimeError("the IDL has no JSON parser in C")
    for line in sys.stdin:
        job = json.loads(line)
        before = rss()
        idl = None if job["do"] == "snapshot" else connect(remote, schema)
        begun, cpu = time.monotonic(), cpu_ms()
        if job["do"] == "inserts":
            inserts(idl, job)
        elif job["do"] == "updates":
            updates(idl, job)
        else:
            idl = connect(remote, schema)
        elapsed = 1000 * (time.monotonic() - begun)
        rows = len(idl.tables["Endpoint"].rows)
        answer = {"elapsedMs": elapsed, "cpuMs": cpu_ms() - cpu, "rows": rows, "bytes": rss() - before}
        idl.close()
        print(json.dumps(answer), flush=True)


main()
