"""Every command of both servers, spoken in packets: the log names it, and tells its reply as the client read it.

What the client itself counts (columns, rows, results, errors) is compared with what the records say; no session may go
opaque and no rule of the protocol be broken. MySQL's part runs where script/mysql9 was run."""
import struct
import unittest

import lab
from rawclient import DEPRECATE_EOF, Gone, RawClient, Refused, lenenc, packet

LOCAL_FILES = 1 << 7
MULTI_STATEMENTS = 1 << 16
MULTI_RESULTS = 1 << 17
PS_MULTI_RESULTS = 1 << 18
SESSION_TRACK = 1 << 23
OPTIONAL_METADATA = 1 << 25
QUERY_ATTRIBUTES = 1 << 27
MYSQL = 1
PROGRESS, BULK, EXTENDED_METADATA, CACHE_METADATA = 1 << 32, 1 << 34, 1 << 35, 1 << 36
BASE = 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000 | LOCAL_FILES | MULTI_STATEMENTS | MULTI_RESULTS | PS_MULTI_RESULTS
MORE_RESULTS, CURSOR_EXISTS, LAST_ROW_SENT, PS_OUT_PARAMS = 0x8, 0x40, 0x80, 0x1000
PROGRESS_REPORT = 0xFFFF
KNOWN_BY_NEITHER = 0x77
LAST_PREPARED = 0xFFFFFFFF


def take_lenenc(data, at=0):
    first = data[at]
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    if size == 0:
        return first, at + 1
    return int.from_bytes(data[at + 1:at + 1 + size], "little"), at + 1 + size


def status_of(ending):
    """Of an OK or EOF packet."""
    if ending[0] == 0xFE and len(ending) < 7:
        return struct.unpack_from("<H", ending, 3)[0]
    _, at = take_lenenc(ending, 1)
    _, at = take_lenenc(ending, at)
    return struct.unpack_from("<H", ending, at)[0]


class Talker(RawClient):
    """Reads whole replies, and notes what it saw of each in self.seen as the record of it should tell."""

    def __init__(self, port, capabilities, user="root", database="shop"):
        self.seen = []
        super().__init__(port, user=user, database=database, capabilities=capabilities, timeout=15)

    def login_payload(self, user, database):
        extended = self.capabilities >> 32 if not self.capabilities & MYSQL else 0
        return (struct.pack("<IIB", self.capabilities & 0xFFFFFFFF, 1 << 24, 45) + bytes(19) + struct.pack("<I", extended) +
                user.encode() + b"\0" + b"\0" + database.encode() + b"\0" + b"mysql_native_password\0")

    def read(self):
        while True:
            try:
                return super().read()
            except Refused as refused:
                if refused.args[0] != PROGRESS_REPORT:
                    raise
                self.progress = True

    def has(self, capability):
        return self.capabilities & self.agreed & capability != 0

    @property
    def agreed(self):
        """What the greeting offered."""
        greeting = self.greeting
        at = greeting.index(b"\0", 1) + 1 + 4 + 8 + 1
        low, high = struct.unpack_from("<H", greeting, at)[0], struct.unpack_from("<H", greeting, at + 5)[0]
        extended = struct.unpack_from("<I", greeting, at + 14)[0] if not low & MYSQL else 0
        return low | high << 16 | extended << 32

    def command(self, code, rest=b"", read=None, **expected):
        """Send one, read its reply with @p read, and note what the record should have."""
        self.send(0, bytes([code]) + rest)
        seen = dict(expected, command_id=code)
        try:
            seen.update((read() if read is not None else {}) or {})
        except Refused as refused:
            seen["errno"] = refused.args[0]
        self.seen.append(seen)
        return seen

    def one(self):
        """An OK or EOF packet."""
        self.ending = self.read()
        assert self.ending[0] in (0, 0xFE), self.ending[:20]

    def result(self):
        """A result, or all of them."""
        seen = {"rows": None, "results": 0}
        while True:
            status = self.one_result(seen)
            if not status & MORE_RESULTS:
                break
        seen["results"] = seen["results"] if seen["results"] > 1 else None
        return seen

    def one_result(self, seen):
        first = self.read()
        if first[0] == 0 and len(first) >= 7:
            return status_of(first)
        at, metadata = 0, 1
        seen["columns"], at = take_lenenc(first, at)
        if self.has(CACHE_METADATA) or self.has(OPTIONAL_METADATA):
            metadata = first[at]
        seen["results"] += 1
        seen["rows"] = seen["rows"] or 0
        for _ in range(seen["columns"] if metadata else 0):
            self.read()
        if not self.has(DEPRECATE_EOF):
            ending = self.read()
            assert ending[0] == 0xFE and len(ending) == 5, ending[:20]
            if status_of(ending) & CURSOR_EXISTS:
                return status_of(ending)
            if status_of(ending) & PS_OUT_PARAMS:  # MySQL tells only here that an OK follows the result
                self.rest_of_rows(seen)
                return MORE_RESULTS
        return self.rest_of_rows(seen)

    def rest_of_rows(self, seen):
        while True:
            row = self.read()
            if row[:1] == b"\xfe" and len(row) < (0xFFFFFF if self.has(DEPRECATE_EOF) else 9):
                return status_of(row)
            seen["rows"] += 1

    def fetched(self):
        seen = {"rows": 0}
        self.status = self.rest_of_rows(seen)
        return seen

    def fields(self):
        seen = {"rows": 0}
        self.rest_of_rows(seen)
        return {}

    def prepared(self):
        reply = self.read()
        self.statement, columns, params = struct.unpack_from("<IHH", reply, 1)
        metadata = reply[12] if self.has(OPTIONAL_METADATA) else 1
        for n in (params, columns):
            if n:
                for _ in range((n if metadata else 0) + (0 if self.has(DEPRECATE_EOF) else 1)):
                    self.read()
        return {"stmt_id": self.statement}

    def string(self):
        return {"info": self.read().decode()}

    def sql(self, text, **expected):
        head = b"\0\1" if self.has(QUERY_ATTRIBUTES) else b""
        return self.command(0x03, head + text.encode(), self.result, query=text, **expected)

    def prepare_statement(self, text):
        return self.command(0x16, text.encode(), self.prepared, query=text)

    def execute_statement(self, statement=None, flags=0, params=b"", **expected):
        statement = self.statement if statement is None else statement
        return self.command(0x17, struct.pack("<IBI", statement, flags, 1) + params, self.result, **expected)


class Speaking(unittest.TestCase):
    maxDiff = None
    user = "root"
    is_mysql = False

    @classmethod
    def address(cls):
        return f"127.0.0.1:{lab.server().port}"

    def variants(self):
        """The capabilities under which all is said again."""
        all_of = MYSQL | BASE if self.is_mysql else BASE
        yield "plain", all_of
        yield "without EOF", all_of | DEPRECATE_EOF
        yield "tracking", all_of | DEPRECATE_EOF | SESSION_TRACK
        if self.is_mysql:
            yield "attributes", all_of | DEPRECATE_EOF | QUERY_ATTRIBUTES
            yield "optional metadata", all_of | OPTIONAL_METADATA
            yield "optional metadata without EOF", all_of | OPTIONAL_METADATA | DEPRECATE_EOF
        else:
            yield "MariaDB's", all_of | PROGRESS | BULK | EXTENDED_METADATA | CACHE_METADATA
            yield "MariaDB's without EOF", all_of | DEPRECATE_EOF | PROGRESS | BULK | EXTENDED_METADATA | CACHE_METADATA

    def each(self, work, *args, quits=True, variants=None):
        """Say it under all variants; @return the query records of each."""
        found = []
        for name, capabilities in variants or self.variants():
            with self.subTest(name), lab.Proxy(*args, remote=self.address()) as proxy:
                client = Talker(proxy.port, capabilities, user=self.user)
                work(client)
                if quits:
                    client.command(0x01, b"")
                client.close()
                records = proxy.settled()
                self.compare(client.seen, [r for r in records if r["event"] == "query"])
                found.append(records)
        return found

    def compare(self, seen, records):
        shown = [{name: record.get(name) for name in expected} for expected, record in zip(seen, records)]
        self.assertEqual(shown, seen)
        self.assertEqual(len(seen), len(records), records[len(seen):])


class OnMariaDB(Speaking):
    def test_simple_commands(self):
        def work(c):
            c.command(0x0E, b"", c.one, command="COM_PING")
            c.command(0x02, b"mysql", c.one, command="COM_INIT_DB", query="mysql")
            c.command(0x02, b"shop", c.one, command="COM_INIT_DB", database="mysql")
            c.command(0x02, b"nowhere", c.one, command="COM_INIT_DB", errno=1049)
            c.command(0x09, b"", c.string, command="COM_STATISTICS")
            c.command(0x1B, b"\1\0", c.one, command="COM_SET_OPTION")
            c.sql("SELECT 1; SELECT 2", errno=1064)
            c.command(0x1B, b"\0\0", c.one, command="COM_SET_OPTION")
            c.sql("SELECT 1; SELECT 2; DO 1", results=2, result_rows=[1, 1, None], result_affected_rows=[None, None, 0])
            c.command(0x1B, b"\7\0", c.one, command="COM_SET_OPTION", errno=1047)
            c.command(0x1F, b"", c.one, command="COM_RESET_CONNECTION")
            c.command(0x0D, b"", c.one, command="COM_DEBUG")
            c.command(0x07, b"\1", c.one, command="COM_REFRESH")
            c.command(0x0A, b"", c.result, command="COM_PROCESS_INFO")
            c.command(0x0C, struct.pack("<I", 999999), c.one, command="COM_PROCESS_KILL", errno=1094)
            c.sql("SELECT 'still in step'", rows=1)
        self.each(work)

    def test_commands_that_servers_refuse(self):
        names = {0x00: "COM_SLEEP", 0x05: "COM_CREATE_DB", 0x06: "COM_DROP_DB", 0x0B: "COM_CONNECT", 0x0F: "COM_TIME",
                 0x10: "COM_DELAYED_INSERT", 0x14: "COM_CONNECT_OUT", 0x13: "COM_TABLE_DUMP", 0x1D: "COM_DAEMON",
                 0x20: "COM_CLONE", 0x21: "COM_SUBSCRIBE_GROUP_REPLICATION_STREAM", KNOWN_BY_NEITHER: "COM_UNKNOWN",
                 0xFB: "COM_SLAVE_WORKER", 0xFC: "COM_SLAVE_IO", 0xFD: "COM_SLAVE_SQL", 0xFE: "COM_RESERVED_1",
                 0xFF: "COM_UNKNOWN"}

        def work(c):
            for code, name in names.items():
                if self.is_mysql and code in (0x00, 0x20, 0x21, 0x1D):
                    continue
                seen = c.command(code, b"x", c.one, command=name)
                self.assertEqual(seen.get("errno"), 1047, name)
            c.sql("SELECT 'still in step'", rows=1)
        self.each(work)

    def test_field_list(self):
        def work(c):
            c.sql("CREATE OR REPLACE TABLE fields (a INT DEFAULT 7, b VARCHAR(9) DEFAULT 'x', c TEXT)" if not self.is_mysql else
                  "CREATE TABLE IF NOT EXISTS fields (a INT DEFAULT 7, b VARCHAR(9) DEFAULT 'x', c TEXT)")
            c.command(0x04, b"fields\0", c.fields, command="COM_FIELD_LIST")
            c.command(0x04, b"nothing\0%", c.fields, command="COM_FIELD_LIST", errno=1146)
            c.sql("SELECT 'still in step'", rows=1)
        for records in self.each(work):
            self.assertEqual([r.get("columns") for r in records if r.get("command") == "COM_FIELD_LIST"], [3, None])

    def test_cursors(self):
        def work(c):
            c.prepare_statement("SELECT 1 AS n UNION SELECT 2 UNION SELECT 3")
            c.execute_statement(flags=1, command="COM_STMT_EXECUTE", rows=0)
            for wanted, rows in ((2, 2), (2, 1)):
                c.command(0x1C, struct.pack("<II", c.statement, wanted), c.fetched, command="COM_STMT_FETCH", rows=rows,
                          stmt_prepare_query="SELECT 1 AS n UNION SELECT 2 UNION SELECT 3")
            self.assertTrue(c.status & LAST_ROW_SENT)
            c.sql("SELECT 'between'", rows=1)
            c.execute_statement(flags=1, rows=0)
            c.sql("SELECT 'while a cursor is open'", rows=1)
            c.command(0x1A, struct.pack("<I", c.statement), c.one, command="COM_STMT_RESET")
            c.command(0x1C, struct.pack("<II", c.statement, 1), c.fetched, command="COM_STMT_FETCH")
            if self.is_mysql:  # an execution without a cursor behind one with it gets no rows and no proper end
                c.prepare_statement("SELECT 1 AS n UNION SELECT 2 UNION SELECT 3")
            c.execute_statement(rows=3)
            c.command(0x19, struct.pack("<I", c.statement), command="COM_STMT_CLOSE")
            c.prepare_statement("SET @a = 1")
            c.execute_statement(flags=1, errno=1210 if self.is_mysql else None)
            c.execute_statement(statement=4711, errno=1243)
        self.each(work)

    def test_procedures(self):
        def work(c):
            c.sql("DROP PROCEDURE IF EXISTS several")
            c.sql("CREATE PROCEDURE several(IN i INT, OUT o INT) BEGIN SELECT i; SELECT 1 UNION SELECT 2; SET o = i + 1; END")
            c.sql("CALL several(1, @x)", results=2, rows=3, result_rows=[1, 2, None], result_affected_rows=[None, None, 0])
            c.prepare_statement("CALL several(?, ?)")
            c.execute_statement(params=b"\0\1\3\0\3\0" + struct.pack("<ii", 5, 0) if not c.has(QUERY_ATTRIBUTES) else
                                b"\2\0\1\3\0\0\3\0\0" + struct.pack("<ii", 5, 0), results=3, rows=4)
            c.sql("DROP PROCEDURE IF EXISTS breaks")
            c.sql("CREATE PROCEDURE breaks() BEGIN SELECT 1; SELECT 2 FROM nowhere; END")
            c.sql("CALL breaks()", errno=1146)
            c.sql("SELECT 1; SELECT broken; SELECT 2", errno=1054, result_rows=[1], result_affected_rows=[None])
            c.sql("DO 1; SELECT 2; DO 3; SELECT 4", results=2, result_rows=[None, 1, None, 1])
            c.sql("SELECT 1", result_rows=None, result_affected_rows=None)
            c.sql("; ".join(69 * ["DO 1"] + ["SELECT 1 UNION SELECT 2"]), result_rows=64 * [None], result_affected_rows=64 * [0], results_cut=6, rows=2)
        self.each(work)

    def send_file(self, c, *parts, end=True):
        """The reply to LOAD DATA LOCAL, and then the file."""
        request = c.read()
        self.assertEqual(request[:1], b"\xfb")
        seq = 2
        for part in (*parts, *([b""] if end else [])):
            c.send(seq, part)
            seq += 1 + len(part) // 0xFFFFFF

    def test_local_infile(self):
        def work(c):
            c.sql("CREATE TEMPORARY TABLE file (a INT PRIMARY KEY)")
            head = b"\0\1" if c.has(QUERY_ATTRIBUTES) else b""
            load = "LOAD DATA LOCAL INFILE '/a/name' INTO TABLE file"

            def sent(*parts):
                def read():
                    self.send_file(c, *parts)
                    c.one()
                return read
            c.command(3, head + load.encode(), sent(b"1\n2\n", b"3\n"), query=load, affected_rows=3)
            c.command(3, head + load.encode(), sent(), query=load, affected_rows=0)
            many = [b"".join(b"%d\n" % n for n in range(at, at + 10)) for at in range(1000, 5000, 10)]
            c.command(3, head + load.encode(), sent(*many), query=load, affected_rows=4000)
            replace = "LOAD DATA LOCAL INFILE '/a/name' REPLACE INTO TABLE file (a, @b) SET a = (SELECT 1 UNION SELECT 2)"
            c.command(3, head + replace.encode(), sent(*many), query=replace, errno=1242)
            c.command(3, head + b"LOAD DATA LOCAL INFILE 'x' INTO TABLE nowhere", c.one, errno=1146)
            c.sql("SELECT COUNT(*) FROM file", rows=1)
        self.each(work)

    def test_errors_within_rows(self):
        def work(c):
            c.sql("CREATE TEMPORARY TABLE numbers AS SELECT 1 AS n UNION SELECT 2 UNION SELECT 0")
            c.sql("SELECT n, (SELECT 1 UNION SELECT 2 WHERE n = 0) FROM numbers", errno=1242)
            c.sql("SELECT EXP(1000 * (n = 0)) FROM numbers ORDER BY n DESC", errno=1690) if self.is_mysql else None
            c.sql("SELECT 'still in step'", rows=1)
        self.each(work)

    def test_first_columns(self):
        """Rows that begin as if they ended, or were an error."""
        def work(c):
            long = "SELECT REPEAT('l', 17000000), 2 UNION ALL SELECT NULL, 3 UNION ALL SELECT '', NULL"
            c.sql(long, rows=3, columns=2)
            c.sql("SELECT NULL", rows=1)
            c.sql("SELECT REPEAT('x', 300)", rows=1)
            c.sql("SELECT REPEAT('x', 70000)", rows=1)
            c.sql("SELECT REPEAT('x', 16777215 - 4)", rows=1)
        self.each(work)

    def test_pipelined(self):
        def work(c):
            texts = ["SELECT 1", "SELECT 2 UNION SELECT 3", "SELECT broken", "DO 4", "SELECT 5"]
            head = b"\0\1" if c.has(QUERY_ATTRIBUTES) else b""
            c.send_bytes(b"".join(packet(0, b"\3" + head + t.encode()) for t in texts))
            for text in texts:
                seen = {"query": text}
                try:
                    seen.update(c.result())
                except Refused as refused:
                    seen["errno"] = refused.args[0]
                c.seen.append(seen)
        self.each(work)

    def test_ahead_of_the_login(self):
        """A client that sends commands before it knows that it is welcome."""
        for name, capabilities in self.variants():
            with self.subTest(name), lab.Proxy(remote=self.address()) as proxy:
                c = Talker.__new__(Talker)
                c.seen = []
                RawClient.__init__(c, proxy.port, capabilities=capabilities, login=False)
                c.greeting = c.read()
                head = b"\0\1" if c.has(QUERY_ATTRIBUTES) else b""
                plugin = c.greeting.rstrip(b"\0").rsplit(b"\0", 1)[1]
                login = c.login_payload(self.user, "shop").replace(b"mysql_native_password", plugin)
                c.send_bytes(packet(1, login) + packet(0, b"\3" + head + b"SELECT 1") + packet(0, b"\x0e"))
                c.expect_ok()
                self.assertEqual(c.result()["rows"], 1)
                c.one()
                c.quit()
                records = proxy.settled("query")
                self.assertEqual([r["command"] for r in records], ["COM_QUERY", "COM_PING", "COM_QUIT"])
                self.assertEqual(records[0]["rows"], 1)

    def test_change_user(self):
        def work(c):
            c.sql("SET @a = 1")
            c.prepare_statement("SELECT 1")
            body = self.user.encode() + b"\0\0mysql\0\x2d\0mysql_native_password\0"

            def answered():
                reply = c.read()
                if reply[0] == 0xFE:
                    c.send(2, b"")
                    reply = c.read()
                assert reply[0] == 0, reply
            c.command(0x11, body, answered, command="COM_CHANGE_USER")
            c.execute_statement(errno=1243)
            c.sql("SELECT DATABASE(), @a", rows=1, database="mysql")
            c.command(0x11, b"nobody\0\0mysql\0\x2d\0mysql_native_password\0", answered, command="COM_CHANGE_USER")
        self.each(work, quits=False)

    def test_killed(self):
        def kill(c):
            number = struct.unpack_from("<I", c.greeting, c.greeting.index(b"\0", 1) + 1)[0]
            c.sql(f"KILL {number}", errno=1317 if self.is_mysql else 1927)
        self.each(kill, quits=False)

        def kill_by_command(c):
            number = struct.unpack_from("<I", c.greeting, c.greeting.index(b"\0", 1) + 1)[0]
            c.command(0x0C, struct.pack("<I", number), c.one, command="COM_PROCESS_KILL")
        if not self.is_mysql:
            self.each(kill_by_command, quits=False)

    def test_killed_while_idle(self):
        for name, capabilities in self.variants():
            with self.subTest(name), lab.Proxy(remote=self.address()) as proxy:
                c = Talker(proxy.port, capabilities, user=self.user)
                c.sql("SET SESSION wait_timeout = 1")
                with self.assertRaises((Gone, Refused)) as end:
                    c.read()
                c.close()
                records = proxy.settled()
                errors = [r for r in records if r["event"] == "error"]
                if isinstance(end.exception, Refused):
                    self.assertEqual([r["errno"] for r in errors], [end.exception.args[0]])
                else:
                    self.assertEqual(errors, [])


class MariaDBAlone(Speaking):
    def variants(self):
        return [v for v in super().variants() if v[1] & BULK]

    def test_last_prepared(self):
        def work(c):
            c.send_bytes(packet(0, b"\x16SELECT 7 UNION SELECT 8") +
                         packet(0, b"\x17" + struct.pack("<IBI", LAST_PREPARED, 0, 1)))
            c.seen.append(c.prepared())
            c.seen.append(dict(c.result(), stmt_id=c.statement, stmt_prepare_query="SELECT 7 UNION SELECT 8", rows=2))
            c.send_bytes(packet(0, b"\x16SELECT broken") + packet(0, b"\x17" + struct.pack("<IBI", LAST_PREPARED, 0, 1)))
            for errno in (1054, 1243):
                with self.assertRaises(Refused) as refused:
                    c.read()
                self.assertEqual(refused.exception.args[0], errno)
                c.seen.append({"errno": errno, "stmt_prepare_query": None})
        self.each(work)

    def test_cached_metadata(self):
        def work(c):
            c.prepare_statement("SELECT 1 AS a, 'two' AS b UNION SELECT 3, 'four'")
            for _ in range(3):
                c.execute_statement(columns=2, rows=2)
            c.execute_statement(flags=1, columns=2, rows=0)
            c.command(0x1C, struct.pack("<II", c.statement, 9), c.fetched, rows=2)
        self.each(work)

    def test_bulk(self):
        def work(c):
            c.sql("CREATE TEMPORARY TABLE bulk (a INT, b VARCHAR(20))")
            c.prepare_statement("INSERT INTO bulk VALUES (?, ?)")
            row = b"\0" + struct.pack("<i", 3) + b"\0" + lenenc(5) + b"hello"
            body = struct.pack("<IH", c.statement, 0x80) + b"\3\0\xfd\0"
            c.command(0xFA, body + row * 100, c.result, command="COM_STMT_BULK_EXECUTE", affected_rows=100)
            c.command(0xFA, struct.pack("<IH", 4711, 0x80) + b"\3\0\xfd\0" + row, c.result, errno=1243)
            c.prepare_statement("INSERT INTO bulk VALUES (?, ?) RETURNING a")
            c.command(0xFA, struct.pack("<IH", c.statement, 0x80) + b"\3\0\xfd\0" + row * 3, c.result, rows=3)
            c.sql("SELECT COUNT(*) FROM bulk", rows=1)
        self.each(work)

    def test_progress(self):
        """ALTER TABLE reports its progress in packets that look like errors."""
        def work(c):
            c.sql("SET progress_report_time = 1")
            c.sql("CREATE TEMPORARY TABLE long_one AS SELECT seq, MD5(seq) AS a FROM seq_1_to_80000")
            c.progress = False
            longer = "MD5(CONCAT(REPEAT(a, 500), seq))"
            c.sql(f"ALTER TABLE long_one ADD COLUMN b CHAR(32) AS ({longer}) PERSISTENT, ALGORITHM=COPY", affected_rows=80000)
            self.assertTrue(c.progress, "no progress report came")
        self.each(work, variants=list(self.variants())[:1])


_with_binlog = None


def with_binlog():
    """A MariaDB with a binary log."""
    global _with_binlog
    if _with_binlog is None:
        _with_binlog = lab.Server("mariadb-binlog", ["--log-bin=binlog", "--server-id=1", "--binlog-format=MIXED",
                                                     "--rpl-semi-sync-master-enabled=1"])
        _with_binlog.sql("CREATE TABLE shop.t (a INT, b LONGTEXT); INSERT INTO shop.t VALUES (1, 'one'), (2, REPEAT('x', 5000000))")
    return _with_binlog


class Replication(Speaking):
    program = "mariadb-binlog"

    @classmethod
    def address(cls):
        return f"127.0.0.1:{with_binlog().port}"

    def test_tool(self):
        name = with_binlog().sql("SHOW MASTER STATUS").split()[0]

        def run(port):
            return lab.run(self.program, "--no-defaults", "--read-from-remote-server", "-h127.0.0.1", "--protocol=tcp", f"-P{port}",
                           f"-u{self.user}", "--force-read", name)
        direct = run(with_binlog().port)
        self.assertEqual(direct.returncode, 0, direct.stderr)
        with lab.Proxy(remote=self.address()) as proxy:
            through = run(proxy.port)
            self.assertEqual(through.stdout, direct.stdout)
            records = proxy.settled("query")
        dump = [r for r in records if r["command"] == "COM_BINLOG_DUMP"]
        self.assertEqual(len(dump), 1)
        self.assertGreater(dump[0]["rows"], 5)
        self.assertGreater(dump[0]["bytes_received"], 100)

    def test_replica(self):
        """A client as a replica: registers, dumps, acknowledges, and just goes."""
        def work(c):
            c.sql("SET @master_binlog_checksum = @@global.binlog_checksum, @mariadb_slave_capability = 4")
            c.sql("SET @rpl_semi_sync_slave = 1")
            host = b"\0\0\0" + struct.pack("<HII", 3306, 0, 0)
            c.command(0x15, struct.pack("<I", 99) + host, c.one, command="COM_REGISTER_SLAVE")
            name = with_binlog().sql("SHOW MASTER STATUS").split()[0].encode()
            c.send(0, b"\x12" + struct.pack("<IHI", 4, 0, 99) + name)
            events = 0
            while events < 4:
                payload = c.read()
                self.assertEqual(payload[0], 0)
                events += 1
                if payload[1] == 0xEF and payload[2]:  # it wants to be acknowledged
                    c.send(0, b"\xef" + struct.pack("<Q", 4) + name)
            c.send(0, b"\xef" + struct.pack("<Q", 4) + name)
            c.seen.append({"command": "COM_BINLOG_DUMP", "reason": "the connection ended before the reply did"})
        # a server that waits for events does not see that its client is gone
        self.each(work, "--limits-half-close-timeout-ms", "200", quits=False)

    def test_dump_that_ends(self):
        def work(c):
            c.sql("SET @master_binlog_checksum = @@global.binlog_checksum, @mariadb_slave_capability = 4")
            name = with_binlog().sql("SHOW MASTER STATUS").split()[0].encode()

            def events():
                seen = 0
                while c.read()[0] != 0xFE:
                    seen += 1
                return {"rows": seen}
            c.command(0x12, struct.pack("<IHI", 4, 1, 98) + name, events, command="COM_BINLOG_DUMP", errno=None)
            with self.assertRaises(Gone):
                c.read()
        self.each(work, quits=False)

        def work_in_vain(c):
            c.command(0x12, struct.pack("<IHI", 4, 1, 98) + b"nothing", c.read, command="COM_BINLOG_DUMP", errno=1236)
        self.each(work_in_vain, quits=False)


_mysql = None


@unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
class OnMySQL(OnMariaDB):
    user = "bare"
    is_mysql = True

    @classmethod
    def address(cls):
        global _mysql
        if _mysql is None:
            _mysql = lab.Mysql9()
        return f"127.0.0.1:{_mysql.port}"

    def test_without_metadata(self):
        def work(c):
            c.sql("SET resultset_metadata = NONE")
            c.sql("SELECT 1, 2 UNION SELECT 3, 4", rows=2, columns=2)
            c.prepare_statement("SELECT ?, 2")
            c.prepare_statement("SELECT 1, 2")
            c.execute_statement(columns=2, rows=1)
            c.sql("SET resultset_metadata = FULL")
            c.sql("SELECT 1, 2; SELECT 3", results=2)
        self.each(work, variants=[v for v in self.variants() if v[1] & OPTIONAL_METADATA])


if __name__ == "__main__":
    unittest.main()
