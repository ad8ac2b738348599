#!/usr/bin/python3
"""Compare querytap's log with the server's general log: the same commands, per connection, in the same order.

    compare_general_log.py QUERYTAP_JSON_LOG GENERAL_LOG

Connections are joined by the server's own number (server_conn_id). Every command that the server writes down is compared,
with its text. Of COM_STMT_EXECUTE the server writes the statement with the values in it: what stands around the values is
compared. White space and semicolons before and behind a statement are not written by the server: they are left out.

Where the two can't be equal the kind is counted, with its cause (KINDS); everything else is a difference and is printed.
Exit status 1 if there is one.
"""
import bisect
import collections
import datetime
import json
import os
import re
import sys

COMMANDS = {
    "COM_QUIT": "Quit", "COM_INIT_DB": "Init DB", "COM_QUERY": "Query", "COM_FIELD_LIST": "Field List",
    "COM_CREATE_DB": "Create DB", "COM_DROP_DB": "Drop DB", "COM_REFRESH": "Refresh", "COM_SHUTDOWN": "Shutdown",
    "COM_STATISTICS": "Statistics", "COM_PROCESS_INFO": "Processlist", "COM_PROCESS_KILL": "Kill", "COM_DEBUG": "Debug",
    "COM_PING": "Ping", "COM_CHANGE_USER": "Change user", "COM_BINLOG_DUMP": "Binlog Dump", "COM_TABLE_DUMP": "Table Dump",
    "COM_REGISTER_SLAVE": "Register Slave", "COM_STMT_PREPARE": "Prepare", "COM_STMT_EXECUTE": "Execute",
    "COM_STMT_SEND_LONG_DATA": "Long Data", "COM_STMT_CLOSE": "Close stmt", "COM_STMT_RESET": "Reset stmt",
    "COM_SET_OPTION": "Set option", "COM_STMT_FETCH": "Fetch", "COM_RESET_CONNECTION": "Reset connection",
    "COM_STMT_BULK_EXECUTE": "Bulk_execute",
}
LINE = re.compile(rb"^(?:\d{6} [ \d]\d:\d\d:\d\d|\t)\t *(\d+) (Connect|" +
                  "|".join(sorted(COMMANDS.values(), key=len, reverse=True)).encode() + rb")\t?(.*)$", re.S)
HEADER = re.compile(rb"\n?[^\n]*, Version: [^\n]* started with:\nTcp port: [^\n]*\nTime +Id Command +Argument", re.S)
SPACE = b"; \t\r\n\v\f\0"
WITH_TEXT = ("Query", "Prepare", "Init DB")


class Entry:
    """A command as one of the two logs has it."""

    def __init__(self, command, text, record=None):
        self.command = command
        self.text = text
        self.record = record

    def __repr__(self):
        return f"{self.command} {self.text[:160]!r}" + (f" errno {self.record['errno']}" if self.failed else "")

    @property
    def failed(self):
        return self.record is not None and "errno" in self.record


def general_log(path):
    """Entries by connection."""
    if not os.path.exists(path):
        return {}
    connections, last = {}, None
    with open(path, "rb") as f:
        content = HEADER.sub(b"", f.read())
    for line in content.split(b"\n"):
        found = LINE.match(line)
        if found:
            last = Entry(found[2].decode(), found[3])
            connections.setdefault(int(found[1]), []).append(last)
        elif last is not None:
            last.text += b"\n" + line
    for entries in connections.values():
        for entry in entries:
            entry.text = entry.text.strip(SPACE)
    return connections


def bytes_of(record, name):
    """A text as it was on the wire. It is in hex where it is no text in its character set."""
    if name + "_hex" in record:
        return bytes.fromhex(record[name + "_hex"])
    return record.get(name, "").encode()


def seconds(record):
    return datetime.datetime.fromisoformat(record["ts"]).timestamp()


def querytap_log(path, ends=()):
    """Entries by connection; by (start, connection) where the server was started anew at the times `ends`."""
    connections, starts = {}, {}
    with open(path, "rb") as f:
        for line in f:
            record = json.loads(line)
            if "conn_id" in record and record["conn_id"] not in starts:
                starts[record["conn_id"]] = bisect.bisect(ends, seconds(record)) if ends else 0
            if "server_conn_id" not in record:
                continue
            number = record["server_conn_id"]
            entries = connections.setdefault((starts[record["conn_id"]], number) if ends else number, [])
            if record["event"] == "query" and record["command"] in COMMANDS:
                command = COMMANDS[record["command"]]
                name = "stmt_prepare_query" if command in ("Execute", "Bulk_execute") else "query"
                entries.append(Entry(command, bytes_of(record, name), record))
    return connections


# --- is it the same? ----------------------------------------------------------------------------------------------------------

def same_around_values(text, executed):
    """Do the pieces between the question marks come in this order?"""
    pieces = text.split(b"?")
    if not executed.startswith(pieces[0]) or not executed.endswith(pieces[-1]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:]:
        found = executed.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def same(ours, theirs):
    if ours.command != theirs.command:
        return False
    if ours.command == "Execute":
        return not ours.text or same_around_values(ours.text.strip(SPACE), theirs.text)
    if ours.command not in WITH_TEXT:
        return True
    if "query_length" in ours.record:
        return theirs.text.startswith(ours.text.lstrip(SPACE)[:-4])
    return ours.text.strip(SPACE) == theirs.text


class Comparison:
    """counts: how many of each kind; differences: sentences."""

    def __init__(self, querytap, general):
        self.counts = collections.Counter()
        self.differences = []
        if isinstance(general, str):
            ours, theirs = querytap_log(querytap), general_log(general)
        else:
            ours = querytap_log(querytap, [until for _, until in general])
            theirs = {(i, number): entries for i, (path, _) in enumerate(general) for number, entries in general_log(path).items()}
        for number in sorted(set(ours) | set(theirs)):
            if number in ours:
                self.connection(number, ours[number], theirs.get(number, []))
            else:
                self.stranger(number, theirs[number])

    def connection(self, number, ours, theirs):
        self.counts["connections"] += 1
        at = 0
        for entry in ours:
            found = next((i for i in range(at, len(theirs)) if same(entry, theirs[i])), None)
            if found is None:
                self.counts["only ours " + entry.command + (" failed" if entry.failed else "")] += 1
                self.differences.append(f"connection {number}: only here: {entry}")
                continue
            for extra in theirs[at:found]:
                self.counts["only theirs " + extra.command] += 1
            at = found + 1
            self.counts["equal " + entry.command] += 1
        for extra in theirs[at:]:
            self.counts["only theirs " + extra.command] += 1

    def stranger(self, number, theirs):
        self.counts["strangers"] += 1


def main():
    comparison = Comparison(*sys.argv[1:3])
    for kind, n in sorted(comparison.counts.items()):
        print(f"{n:8} {kind}")
    print("\n".join(comparison.differences))
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
