#!/usr/bin/python3
"""Compare querytap's log with the server's general log: the same commands, per connection, in the same order.

    compare_general_log.py QUERYTAP_JSON_LOG GENERAL_LOG

Connections are joined by the server's own number (server_conn_id). Compared are statements (Query), preparations
(Prepare), executions (Execute, without text: the server writes the values into it) and changes of the database
(Init DB). The server does not write the white space and semicolons behind a statement: they are left out on both sides.
"""
import json
import re
import sys

LINE = re.compile(rb"^(?:\d{6} [ \d]\d:\d\d:\d\d|\t)\t *(\d+) (Query|Prepare|Execute|Init DB|Connect|Quit|Close stmt|"
                  rb"Reset stmt|Statistics|Ping|Change user|Set option|Field List|Long Data|Fetch|Kill|Refresh|Shutdown|"
                  rb"Bulk_execute|Debug|Reset connection)\t?(.*)$", re.S)
COMMANDS = {"COM_QUERY": "Query", "COM_STMT_PREPARE": "Prepare", "COM_STMT_EXECUTE": "Execute", "COM_INIT_DB": "Init DB"}
TAIL = b"; \t\r\n"


def general_log(path):
    """Commands by connection."""
    entries = []
    with open(path, "rb") as f:
        for line in f.read().split(b"\n"):
            found = LINE.match(line)
            if found:
                entries.append([int(found[1]), found[2].decode(), found[3]])
            elif entries:
                entries[-1][2] += b"\n" + line
    connections = {}
    for number, command, text in entries:
        if command in COMMANDS.values():
            connections.setdefault(number, []).append((command, None if command == "Execute" else text.rstrip(TAIL)))
    return connections


def querytap_log(path):
    connections = {}
    with open(path, "rb") as f:
        for line in f:
            record = json.loads(line)
            if record["event"] == "query" and record["command"] in COMMANDS:
                command = COMMANDS[record["command"]]
                text = bytes.fromhex(record["query_hex"]) if "query_hex" in record else record.get("query", "").encode()
                connections.setdefault(record["server_conn_id"], []).append(
                    (command, None if command == "Execute" else text.rstrip(TAIL)))
    return connections


def compare(querytap, general):
    """@return (connections, commands, differences as texts)"""
    ours, theirs = querytap_log(querytap), general_log(general)
    differences = []
    for number in sorted(ours):
        if ours[number] != theirs.get(number, []):
            a, b = ours[number], theirs.get(number, [])
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            differences.append(f"connection {number}: {len(a)} here, {len(b)} on the server; first difference at {at}: "
                               f"{a[at:at + 1]} against {b[at:at + 1]}")
    return len(ours), sum(len(c) for c in ours.values()), differences


class Comparison:
    def __init__(self, querytap, general):
        self.counts, self.differences = {}, []


def main():
    connections, commands, differences = compare(*sys.argv[1:3])
    print(f"{connections} connections, {commands} commands, {len(differences)} differences")
    print("\n".join(differences))
    return 1 if differences or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
