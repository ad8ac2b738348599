#!/usr/bin/python3
"""Compare querytap's log with the server's general log: the same commands, per connection, in the same order.

    compare_general_log.py QUERYTAP_JSON_LOG GENERAL_LOG

Connections are joined by the server's own number (server_conn_id). Every command that the server writes down is compared,
with its text. Of COM_STMT_EXECUTE the server writes the statement with the values in it: what stands around the values is
compared; the same for passwords, which are not in our log. White space and semicolons before and behind a statement are not written by the server: they are left out.

Where the two can't be equal the kind is counted, with its cause (KINDS); everything else is a difference and is printed.
Exit status 1 if there is one.
"""
import bisect
import collections
import datetime
import json
import os
import re
import subprocess
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
HEADER = (b" started with:", b"Tcp port: ", b"Time\t\t    Id Command\tArgument")  # each time that the file is opened
SPACE = b"; \t\r\n\v\f\0"
WITH_TEXT = ("Query", "Prepare", "Init DB")
NEAR = 4  # entries that the server may have of its own before the one that is looked for


class Entry:
    """A command as one of the two logs has it."""

    def __init__(self, command, text, record=None):
        self.command = command
        self.text = text
        self.record = record

    @property
    def cut(self):
        return "query_length" in self.record

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
        content = f.read()
    header = False
    for line in content.split(b"\n"):
        header = (line.endswith(HEADER[0]) and b", Version: " in line) or (header and line.startswith(HEADER[1:]))
        if header:
            continue
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
    return encode(record.get(name, ""), record.get("character_set"))


def seconds(record):
    return datetime.datetime.fromisoformat(record["ts"]).timestamp()


def querytap_log(paths, ends=()):
    """Entries by connection; by (start, connection) where the server was started anew at the times `ends`. `paths`: of one
    proxy or of several, with a comma between."""
    connections = {}
    for path in paths.split(","):
        starts = {}
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
                    entries.append(Entry(command, bytes_of(record, name).strip(SPACE), record))
    return connections


# --- is it the same? ----------------------------------------------------------------------------------------------------------

CODECS = {"latin1": "cp1252", "ascii": "ascii", "utf8mb3": "utf-8", "utf8mb4": "utf-8", "cp932": "cp932", "sjis": "cp932",
          "ujis": "euc_jp", "eucjpms": "euc_jis_2004", "gbk": "gbk", "gb2312": "gb2312", "gb18030": "gb18030", "big5": "big5",
          "euckr": "cp949", "koi8r": "koi8_r", "koi8u": "koi8_u", "latin2": "iso8859_2", "latin5": "iso8859_9", "latin7": "iso8859_13",
          "greek": "iso8859_7", "hebrew": "iso8859_8", "tis620": "tis_620", "macroman": "mac_roman", "macce": "mac_latin2",
          "cp1250": "cp1250", "cp1251": "cp1251", "cp1256": "cp1256", "cp1257": "cp1257", "cp850": "cp850", "cp852": "cp852",
          "cp866": "cp866"}

SWE7 = str.maketrans("ÉÄÖÅÜéäöåü", "@[\\]^`{|}~")


def encode(text, character_set):
    """The bytes that became this text. (The log converts to UTF-8; what it can't convert it gives in hex.)"""
    if character_set == "swe7":
        return text.translate(SWE7).encode(errors="replace")
    codec = CODECS.get(character_set)
    if text.isascii() or codec is None:
        return text.encode()
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        pass
    try:
        return b"".join(c.encode("latin1") if 0x80 <= ord(c) < 0xa0 else c.encode(codec) for c in text)
    except UnicodeEncodeError:
        done = subprocess.run(["iconv", "-f", "UTF-8", "-t", character_set], input=text.encode(), capture_output=True)
        return done.stdout if done.returncode == 0 else text.encode()


SECRET = b"'<secret>'"


def same_around_values(text, executed, value=b"?", whole=True):
    """Do the pieces between the values (the question marks) come in this order? Not `whole`: the last one goes on."""
    pieces = text.split(value)
    if not executed.startswith(pieces[0]) or (whole and not executed.endswith(pieces[-1])):
        return False
    at = len(pieces[0])
    for piece in pieces[1:]:
        found = executed.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


class Server:
    """The server's entries of one connection, to be found from a place on."""

    def __init__(self, entries):
        self.entries = entries
        self.places = {}
        for i, entry in enumerate(entries):
            self.places.setdefault((entry.command, entry.text), []).append(i)
            self.places.setdefault(entry.command, []).append(i)

    def next(self, key, at):
        places = self.places.get(key, ())
        i = bisect.bisect_left(places, at)
        return places[i] if i < len(places) else None

    def find(self, entry, at):
        """Where the entry stands from `at` on, or None."""
        if entry.command == "Execute":
            i, tries = self.next("Execute", at), 0
            while i is not None and tries < 200:
                if not entry.text or same_around_values(entry.text, self.entries[i].text):
                    return i
                i, tries = self.next("Execute", i + 1), tries + 1
            return None
        if entry.command not in WITH_TEXT:
            return self.next(entry.command, at)
        if entry.command == "Init DB" and entry.text.lower() == b"information_schema":
            return self.next(("Init DB", b"information_schema"), at)  # the server writes it its own way
        if SECRET in entry.text and "password" in entry.record.get("redacted", ()):
            text = entry.text[:-8] if entry.cut else entry.text
            i = self.next(entry.command, at)
            while i is not None and not same_around_values(text, self.entries[i].text, SECRET, not entry.cut):
                i = self.next(entry.command, i + 1)
            return i
        if entry.cut:
            i = self.next(entry.command, at)
            while i is not None and not self.entries[i].text.startswith(entry.text[:-8]):
                i = self.next(entry.command, i + 1)
            return i
        return self.next((entry.command, entry.text), at)


# --- why not? -----------------------------------------------------------------------------------------------------------------

# What can't be equal, and why. Kinds of entries that only one side has.
KINDS = {
    "login": "the server writes a line for each login; that is an auth record here",
    "failed prepare": "the server writes Prepare only when it went well",
    "failed execute": "the server writes Execute only when the values fit",
    "failed init db": "the server writes the error's text instead of the name, or nothing",
    "prepared in SQL": "PREPARE, EXECUTE and EXECUTE IMMEDIATE in a text: the server writes Prepare and Execute of its own",
    "stored program": "statements of procedures, functions, triggers and events are written as they run",
    "further statement": "a text of several statements is written whole and then each further statement again",
    "server's own": "connections of the server's own threads, such as events",
    "by the socket": "clients that did not come by the proxy",
    "by another port": "the same: by the server's extra_port",
    "init_connect": "the statements of this variable are written for each new connection; where one fails, the first command "
                    "gets the error",
    "too large": "the server refuses a packet of more than max_allowed_packet unread",
    "log was off": "the test turned the server's log off or elsewhere",
    "not logged": "commands that the server never writes",
    "no reply": "the connection ended before the reply did: the server may not have read it",
    "unread quit": "COM_QUIT has no reply: where the server ends the connection itself it does not read it",
    "failed change user": "the server writes Change user only of one that it can read",
}
INIT_CONNECT = re.compile(rb"init[-_]connect\b", re.I)
EXTRA_PORT = re.compile(rb"extra[-_]port\b", re.I)
OFF = re.compile(rb"(general_log|log_output|sql_log_off|general_log_file)\b", re.I)
NEVER_WRITTEN = ("Ping", "Reset stmt", "Long Data", "Fetch", "Set option", "Reset connection", "Bulk_execute", "Close stmt", "Field List",
                 "Processlist", "Kill", "Debug", "Refresh")


class Comparison:
    """counts: how many of each kind; differences: sentences."""

    def __init__(self, querytap, general, options=b""):
        self.counts = collections.Counter()
        self.differences = []
        if isinstance(general, str):
            ours, theirs = querytap_log(querytap), general_log(general)
        else:
            ours = querytap_log(querytap, [until for _, until in general])
            theirs = {(i, number): entries for i, (path, _) in enumerate(general) for number, entries in general_log(path).items()}
        self.off = self.any_text(ours, OFF)
        self.init_connect = INIT_CONNECT.search(options) or self.any_text(ours, INIT_CONNECT)
        self.extra_port = EXTRA_PORT.search(options) or self.any_text(ours, EXTRA_PORT)
        self.texts = {}
        for number in sorted(set(ours) | set(theirs)):
            if number in ours:
                self.connection(number, ours[number], theirs.get(number, []))
            else:
                self.stranger(number, theirs[number])

    @staticmethod
    def any_text(connections, pattern):
        return any(pattern.search(entry.text) for entries in connections.values() for entry in entries if entry.command in WITH_TEXT)

    def connection(self, number, ours, theirs):
        self.counts["connections"] += 1
        self.texts = {entry.text for entry in ours}
        server, at, last = Server(theirs), 0, None
        for i, entry in enumerate(ours):
            found = server.find(entry, at)
            if found is None or found > at + NEAR and self.others_are_nearer(server, ours[i + 1:i + 9], at, found):
                kind = self.why_only_ours(entry)
                self.counts[f"{entry.command} here only: {kind}"] += 1
                if kind is None:
                    self.differences.append(f"connection {number}: only here: {entry}")
                continue
            for extra in theirs[at:found]:
                self.only_theirs(number, extra, last)
            at, last = found + 1, entry
            self.counts["equal " + entry.command] += 1
        for extra in theirs[at:]:
            self.only_theirs(number, extra, last)

    @staticmethod
    def others_are_nearer(server, following, at, found):
        """Is what was found of a later time? Then the commands that follow stand before it."""
        places = [server.find(entry, at) for entry in following if entry.command in WITH_TEXT]
        return sum(place is not None and place < found for place in places) > len(places) // 2

    def why_only_ours(self, entry):
        if entry.command in NEVER_WRITTEN:
            return "not logged"
        if entry.failed and entry.command in ("Prepare", "Execute", "Init DB"):
            return "failed " + entry.command.lower()
        if entry.command == "Change user" and entry.failed and entry.record["errno"] == 1047:
            return "failed change user"
        if "reason" in entry.record:
            return "no reply"
        if self.off:
            return "log was off"
        if entry.failed and entry.record["errno"] == 1184 and self.init_connect:
            return "init_connect"
        if entry.failed and entry.record["errno"] == 1153:
            return "too large"
        if entry.command == "Quit":
            return "unread quit"
        return None

    def only_theirs(self, number, extra, last):
        kind = self.why_only_theirs(extra, last)
        self.counts[f"{extra.command} on the server only: {kind}"] += 1
        if kind is None:
            self.differences.append(f"connection {number}: only on the server: {extra}, after {last}")

    def why_only_theirs(self, extra, last):
        if extra.command == "Connect":
            return "login"
        if extra.command == "Init DB" and b"denied" in extra.text:
            return "failed init db"
        if self.off and extra.text in self.texts:  # once here and once there: between them the log was off
            return "log was off"
        if last is None:
            return "init_connect" if self.init_connect and extra.command == "Query" else None
        text = last.text.upper()
        if extra.command in ("Prepare", "Execute") and (b"PREPARE" in text or b"EXECUTE" in text):
            return "prepared in SQL"
        if extra.command == "Query" and extra.text and extra.text in last.text:
            return "further statement"
        if extra.command in ("Query", "Prepare", "Execute", "Close stmt", "Reset stmt"):
            return "stored program"
        return None

    def stranger(self, number, theirs):
        first = theirs[0]
        if first.command == "Connect":
            # with TLS the server does not say by which way it came; by the proxy it did not: that tells of each connection
            kind = "by the socket" if b"using Socket" in first.text or b"using SSL/TLS" in first.text else None
            if b"Access denied" in first.text:
                kind = "by the socket"
            elif kind is None and self.extra_port:
                kind = "by another port"
        else:
            kind = "server's own"
        self.counts[f"connections on the server only: {kind}"] += 1
        if kind is None:
            self.differences.append(f"connection {number}: only on the server: {theirs[:3]}")


def main():
    if sys.argv[1:2] == ["--json"]:  # LOG THE_SERVER'S_OPTIONS GENERAL_LOG UNTIL [GENERAL_LOG UNTIL ...]
        pairs = sys.argv[4:]
        comparison = Comparison(sys.argv[2], [(p, float(u)) for p, u in zip(pairs[::2], pairs[1::2])], sys.argv[3].encode())
        json.dump({"counts": comparison.counts, "differences": comparison.differences}, sys.stdout)
        return 0
    comparison = Comparison(*sys.argv[1:3])
    for kind, n in sorted(comparison.counts.items()):
        print(f"{n:8} {kind}")
    print("\n".join(comparison.differences))
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
