"""Memory does not depend on what passes: one session with huge results, huge packets and many statements."""
import threading
import unittest

import lab
from rawclient import RawClient, Refused, packet

MIB = 1 << 20
# A short run shows the same with less.
RESULT_MIB, STATEMENTS = (4096, 10000) if lab.LONG else (256, 1000)


def peak_kib(process):
    """The most memory that the process ever had, in KiB."""
    with open(f"/proc/{process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))


class Bounds(unittest.TestCase):
    def use(self, tls):
        server = lab.tls_server() if tls else lab.server()
        # as small as they may be, so that what grows with the traffic would show
        with lab.Proxy("--workers", "1", "--log-ring-bytes", "1M", "--log-recent-bytes", "64K", "--limits-held-bytes", "4M",
                       "--limits-query-bytes", "64K", "--limits-backlog-bytes", "64K",
                       remote=f"127.0.0.1:{server.port}") as proxy:
            c = RawClient(proxy.port, tls=tls)
            c.query("SELECT 1")
            start = peak_kib(proxy.process)
            c.send(0, b"\x03SELECT REPEAT('x', 1048571) FROM seq_1_to_%d" % RESULT_MIB)
            self.assertEqual(self.count(c), RESULT_MIB)
            result = peak_kib(proxy.process)
            self.assertEqual(c.query(b"SELECT LENGTH('" + b"y" * (64 * MIB) + b"')"), 1)
            packet = peak_kib(proxy.process)
            statements = [c.prepare(f"SELECT ?, {i}, '{'a' * 100}'") for i in range(STATEMENTS)]
            for i in range(0, STATEMENTS, STATEMENTS // 100):
                self.assertEqual(c.execute(statements[i], i), 1)
            prepared = peak_kib(proxy.process)
            self.assertEqual(proxy.json("/sessions")["sessions"][0]["statements"], STATEMENTS)
            c.quit()
            records = proxy.settled("query")
        print(f"# peak of the proxy{' under TLS' if tls else ''}: {start} KiB at start, {result} after a result of {RESULT_MIB} MiB, "
              f"{packet} after a statement of 64 MiB, {prepared} with {STATEMENTS} prepared statements", flush=True)
        big = next(r for r in records if "REPEAT" in r.get("query", ""))
        self.assertEqual(big["rows"], RESULT_MIB)
        self.assertGreaterEqual(big["bytes_received"], RESULT_MIB * (MIB - 8))
        executed = [r for r in records if r["command"] == "COM_STMT_EXECUTE"]
        self.assertEqual([r["stmt_execute_values"] for r in executed[:2]], [[0], [STATEMENTS // 100]])
        if not any(name in open(lab.BINARY, "rb").read() for name in (b"__asan_init", b"__tsan_init")):
            # what one session may hold, and a little for the process itself
            self.assertLess(prepared - start, 16 * 1024)

    @staticmethod
    def count(c):
        """Rows of the result, read without keeping them."""
        for _ in range(c.read()[0]):
            c.read()
        c.read()
        n = 0
        while True:
            length = int.from_bytes(c.take(4)[:3], "little")
            if length < 9:
                c.take(length)
                return n
            n += 1
            while length > 0:
                length -= len(c.take(min(length, 65536)))

    def test_open_statements(self):
        """Prepared statements that nobody closes take their share of limits.held_bytes, and nothing from later commands."""
        server = lab.server()
        with lab.Proxy("--workers", "1", "--limits-held-bytes", "64K", remote=f"127.0.0.1:{server.port}") as proxy:
            c = RawClient(proxy.port)
            statements = [c.prepare(f"SELECT ?, {i}, '{'a' * 1000}'") for i in range(200)]
            c.query("USE information_schema")
            c.query("SET NAMES latin1")
            c.query("SELECT 'still logged'")
            self.assertEqual(c.execute(statements[-1], 4711), 1)
            self.assertEqual(c.execute(statements[0], 4712), 1)
            c.quit()
            records = proxy.settled("query")
            notices = [r for r in proxy.records() if r["event"] == "notice"]
        plain = next(r for r in records if r.get("query") == "SELECT 'still logged'")
        self.assertEqual((plain["database"], plain["character_set"]), ("information_schema", "latin1"))
        last, first = [r for r in records if r["command"] == "COM_STMT_EXECUTE"]
        self.assertEqual((last["stmt_execute_values"], first["stmt_execute_values"]), ([4711], [4712]))
        self.assertIn("limits.held_bytes", last["reason"])
        self.assertNotIn("reason", first)
        self.assertTrue(first["stmt_prepare_query"].endswith("a'"))
        self.assertEqual(len([r for r in notices if "limits.held_bytes" in r["reason"]]), 1)

    def test_long_value(self):
        """A value of many packets is cut, and those behind it are logged."""
        server = lab.server()
        with lab.Proxy("--workers", "1", remote=f"127.0.0.1:{server.port}") as proxy:
            c = RawClient(proxy.port)
            statement = c.prepare("SELECT LENGTH(?), ?, ?")
            for length in (2 << 20, 40 << 20):
                value = b"\xfe" + length.to_bytes(8, "little") + b"x" * length
                c.send(0, b"\x17" + statement.to_bytes(4, "little") + b"\0\1\0\0\0\0\1\xfd\0\3\0\xfd\0" + value +
                       (4711).to_bytes(4, "little") + b"\4last")
                self.assertEqual(c.rows(), 1)
            c.quit()
            executed = [r for r in proxy.settled("query") if r["command"] == "COM_STMT_EXECUTE"]
        self.assertEqual([r["stmt_execute_values"][1:] for r in executed], [[4711, "last"]] * 2)
        self.assertEqual([r["stmt_execute_values"][0]["length"] for r in executed], [2 << 20, 40 << 20])
        self.assertEqual(len(executed[0]["stmt_execute_values"][0]["text"]), 4096)

    def test_records_larger_than_the_ring(self):
        """A record is cut to fit into the ring, not dropped, and memory for it is freed again."""
        server = lab.server()
        with lab.Proxy("--workers", "1", "--log-rows", "1000", "--log-digests", "0",
                       remote=f"127.0.0.1:{server.port}") as proxy:
            def live():
                stages = {s["stage"]: s["current_number_of_bytes_used"] for s in proxy.json("/stages")["stages"]}
                return stages["journal"] + stages["dissect"] + stages["sink"]
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            lab.wait_for(lambda: len(proxy.records("query")) >= 1, "the first record")
            before = live()
            statement = c.prepare("SELECT 1 IN (" + ",".join(["?"] * 60000) + ")")
            try:
                c.execute(statement, *range(60000))
            except Refused:
                pass  # the server may not have the memory to compute that
            # two such records do not fit into the ring at a time
            lab.wait_for(lambda: any(r["command"] == "COM_STMT_EXECUTE" for r in proxy.records("query")), "the record of the execution")
            self.assertEqual(c.query("SELECT " + ",".join(["REPEAT('x', 20)"] * 40) + " FROM seq_1_to_1000"), 1000)
            lab.wait_for(lambda: any("first_rows" in r and r.get("rows") == 1000 for r in proxy.records("query")), "the record of the rows")
            c.query("SELECT 2")
            lab.wait_for(lambda: any(r.get("query") == "SELECT 2" for r in proxy.records("query")), "the last record")
            self.assertLess(live() - before, 512 * 1024)
            c.quit()
            records = proxy.settled("query")
            self.assertEqual([r for r in proxy.records() if r["event"] == "gap"], [])
        execute = next(r for r in records if r["command"] == "COM_STMT_EXECUTE")
        values = execute["stmt_execute_values"]
        self.assertGreater(len(values), 10000)
        self.assertEqual(values, list(range(len(values))))
        self.assertIn("log.ring_bytes", execute["reason"])
        self.assertIn(f", {60000 - len(values)} values are missing", execute["reason"])
        rows = next(r for r in records if "seq_1_to" in r.get("query", ""))
        self.assertGreater(len(rows["first_rows"]), 500)
        self.assertEqual(len(rows["first_rows"]) + rows["first_rows_cut"], 1000)
        self.assertEqual({len(row) for row in rows["first_rows"]}, {40})

    def test_pipelining(self):
        """A client that writes 100,000 commands before it reads one reply is served and logged."""
        server = lab.server()
        n = 100000
        with lab.Proxy("--workers", "1", "--log-when-full", "block", remote=f"127.0.0.1:{server.port}") as proxy:
            c = RawClient(proxy.port)
            one = packet(0, b"\x03DO 1")
            writer = threading.Thread(target=c.send_bytes, args=(one * n,))
            writer.start()
            writer.join(timeout=lab.PATIENCE_S)
            self.assertFalse(writer.is_alive())
            for _ in range(n):
                c.read()
            self.assertEqual(c.query("SELECT 'behind them'"), 1)
            c.quit()
            records = proxy.settled("query")
        self.assertEqual(len([r for r in records if r.get("query") == "DO 1"]), n)
        self.assertEqual(len([r for r in records if r.get("query") == "SELECT 'behind them'"]), 1)

    def test_plain(self):
        self.use(False)

    def test_tls(self):
        self.use(True)
