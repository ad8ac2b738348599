"""Clients that send many commands before they read one reply: they end as they do directly, and all commands are logged."""
import hashlib
import os
import struct
import unittest

import lab
from matrixclients import has_node_drivers
from rawclient import RawClient, frame, packet

OK_BYTES = 11  # a header, and an OK without anything to say
PING = packet(0, b"\x0e")


def query(text):
    return packet(0, b"\x03" + text.encode())


def send_then_read(port, data, replies, tls=False, prepare=None):
    """All of data, then all replies, of which each is an OK; returns their hash."""
    c = RawClient(port, tls=tls)
    if prepare:
        statement = c.prepare(prepare)
        data = data.replace(b"\x17ID__", b"\x17" + struct.pack("<I", statement))
    c.send_bytes(data)
    left = replies * OK_BYTES
    digest = hashlib.sha256()
    while left > 0:
        part = c.take(min(left, 1 << 20))
        digest.update(part)
        left -= len(part)
    c.quit()
    return digest.hexdigest()


def high_bytes(proxy, stage="dissect"):
    return next(s["high_number_of_bytes_used"] for s in proxy.json("/stages")["stages"] if s["stage"] == stage)


def used_bytes(proxy, stage="dissect"):
    return next(s["current_number_of_bytes_used"] for s in proxy.json("/stages")["stages"] if s["stage"] == stage)


class ManyCommands(unittest.TestCase):
    """--log-when-full block: the log is slower than a server that has nothing to do, and nothing may be missing."""
    N = 20000

    def through(self, data, replies, *args, tls=False, prepare=None, expect_opaque=False):
        """Sends it directly and through a proxy; returns the proxy's records of commands, and what it held at most."""
        direct = send_then_read(lab.server().port, data, replies, prepare=prepare)
        with lab.Proxy("--log-when-full", "block", "--workers", "1", *args, expect_opaque=expect_opaque) as proxy:
            self.assertEqual(send_then_read(proxy.port, data, replies, tls, prepare), direct)
            records = proxy.settled()
            counters = proxy.counters()
            if not expect_opaque:
                self.assertEqual((counters["opaque"], counters["log_dropped"]), (0, 0))
            self.assertLess(used_bytes(proxy), 1 << 20)  # all is freed again
            return [r for r in records if r["event"] == "query"], records, high_bytes(proxy)

    def check_texts(self, n, *args, tls=False):
        data = b"".join(query(f"DO {i}") for i in range(n))
        queries, records, held = self.through(data, n, *args, tls=tls)
        self.assertEqual([r["query"] for r in queries[:-1]], [f"DO {i}" for i in range(n)])
        self.assertFalse([r for r in queries if "reason" in r])
        self.assertFalse([r for r in records if r["event"] == "notice"])
        self.assertLess(held, n * (64 + 20) + (1 << 20))

    def test_texts(self):
        self.check_texts(100000)

    def test_texts_within_tls(self):
        self.check_texts(self.N, "--tls-server", "disabled", tls=True)

    def test_texts_that_are_longer_than_all_that_is_kept(self):
        """The client waits for replies if need be, and no text is cut."""
        data = b"".join(query(f"DO {i} /* {'x' * 300} */") for i in range(self.N))
        queries, records, held = self.through(data, self.N, "--limits-held-bytes", "1M")
        self.assertEqual([r["query"].split(" /*")[0] for r in queries[:-1]], [f"DO {i}" for i in range(self.N)])
        self.assertFalse([r for r in queries if "reason" in r])
        notices = [(r["reason"], r["info"]) for r in records if r["event"] == "notice"]
        # a proxy that is slower than the server need not pause the client
        self.assertLessEqual(set(notices), {("the client is paused until replies have come", "limits.held_bytes")})
        self.assertLess(held, 3 << 20)

    def test_texts_are_cut_if_no_reply_comes(self):
        """The server is busy with the first command: waiting would not help, and no command is lost."""
        data = query("DO SLEEP(3)") + b"".join(query(f"DO {i}") for i in range(1, self.N))
        queries, records, held = self.through(data, self.N, "--limits-held-bytes", "64K")
        self.assertEqual(len(queries), self.N + 1)
        cut = [r for r in queries if r.get("reason") == "the text is cut: limits.held_bytes was reached"]
        self.assertGreater(len(cut), self.N / 2)
        self.assertEqual(len(cut), len([r for r in queries if "query_length" in r]))
        self.assertEqual([r["conn_seq_num"] for r in queries], list(range(1, self.N + 2)))
        self.assertTrue([r for r in records if r.get("reason", "").startswith("no reply comes while the client is paused")])
        self.assertLess(held, self.N * 64 + (1 << 20))

    def test_executions(self):
        data = b"".join(packet(0, b"\x17ID__" + struct.pack("<BIBBBBI", 0, 1, 0, 1, 3, 0, i)) for i in range(self.N))
        queries, _, _ = self.through(data, self.N, prepare="DO ?")
        executions = [r for r in queries if r["command"] == "COM_STMT_EXECUTE"]
        self.assertEqual([r["stmt_execute_values"] for r in executions], [[i] for i in range(self.N)])
        self.assertFalse([r for r in executions if r["stmt_prepare_query"] != "DO ?"])

    def test_more_than_the_limit(self):
        """The client waits for replies again and again, and all commands are followed."""
        data = b"".join(query(f"DO {i}") for i in range(self.N))
        queries, records, held = self.through(data, self.N, "--limits-pipeline", "1000")
        self.assertEqual([r["query"] for r in queries[:-1]], [f"DO {i}" for i in range(self.N)])
        notices = {(r["reason"], r["info"]) for r in records if r["event"] == "notice"}
        self.assertEqual(notices, {("the client is paused until replies have come", "limits.pipeline")})
        self.assertLess(held, (1000 + 32768) * 84 + (1 << 20))

    def check_more_than_the_limit_while_no_reply_comes(self, compress):
        first = query("DO SLEEP(2)")
        data = frame(0, first) + frame(0, PING) * (self.N - 1) if compress else first + PING * (self.N - 1)
        with lab.Proxy("--log-when-full", "block", "--workers", "1", "--limits-pipeline", "1000", expect_opaque=True) as proxy:
            c = RawClient(proxy.port, compress=compress)
            c.send_bytes(data)
            c.take(self.N * OK_BYTES)
            self.assertEqual(c.query("SELECT 'followed again'"), 1)
            c.quit()
            records = proxy.settled()
            again = [r for r in records if r.get("reason") == "the session is followed again"]
            self.assertEqual(len(again), 1)
            queries = [r for r in records if r["event"] == "query"]
            self.assertEqual(len(queries) + again[0]["dropped"], self.N + 2)
            self.assertFalse([r for r in queries if "reason" in r])
            self.assertGreaterEqual(queries[0]["duration_us"], 2000000)
            self.assertGreaterEqual(len(queries), 1000)
            self.assertEqual(queries[-2]["query"], "SELECT 'followed again'")
            self.assertEqual(proxy.counters()["missed"], again[0]["dropped"])

    def test_more_than_the_limit_while_no_reply_comes(self):
        """What exceeds the limit is not logged, a notice says so, and the session is followed again."""
        self.check_more_than_the_limit_while_no_reply_comes(compress=False)

    def test_more_than_the_limit_in_a_compressed_session(self):
        self.check_more_than_the_limit_while_no_reply_comes(compress=True)

    def test_commands_sent_before_the_login_is_over(self):
        """The client is paused as soon as it is."""
        data = b"".join(query(f"DO {i}") for i in range(self.N))
        with lab.Proxy("--log-when-full", "block", "--workers", "1", "--limits-pipeline", "1000") as proxy:
            c = RawClient(proxy.port, login=False)
            c.greeting = c.read()
            c.send_bytes(packet(1, c.login_payload("root", "shop")) + data)
            c.expect_ok()
            c.take(self.N * OK_BYTES)
            c.quit()
            records = proxy.settled()
            queries = [r["query"] for r in records if r.get("command") == "COM_QUERY"]
            self.assertEqual(queries, [f"DO {i}" for i in range(self.N)])
            notices = {(r["reason"], r["info"]) for r in records if r["event"] == "notice"}
            self.assertEqual(notices, {("the client is paused until replies have come", "limits.pipeline")})

    def test_a_million(self):
        """As many as limits.pipeline allows; the log is off, which makes no difference to what is followed."""
        n = 1000000
        data = PING * n
        direct = send_then_read(lab.server().port, data, n)
        with lab.Proxy("--workers", "1", "--log-recent-bytes", "0", "--log", "off", log=None) as proxy:
            self.assertEqual(send_then_read(proxy.port, data, n), direct)
            proxy.idle()
            self.assertEqual(proxy.counters()["statements"], n + 1)
            self.assertLess(high_bytes(proxy), n * 64)
            self.assertLess(used_bytes(proxy), 1 << 20)

    @unittest.skipUnless(has_node_drivers(), "Node's drivers are not installed: script/node-drivers")
    def test_node(self):
        """mariadb-connector-nodejs pipelines by default: thousands of queries at once, then a batch and executions, compressed within TLS."""
        n = 3000
        with lab.Proxy("--log-when-full", "block", "--limits-pipeline", "500", remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            run = lab.run("node", os.path.join(os.path.dirname(__file__), "clients", "pipeline.js"), str(proxy.port), str(n))
            self.assertEqual((run.stdout, run.stderr), (b"done\n", b""))
            queries = [r for r in proxy.settled() if r["event"] == "query"]
            self.assertEqual([(r["query"], r["rows"]) for r in queries if "REPEAT" in r.get("query", "")],
                             [(f"SELECT {i} AS a, REPEAT('x', {i % 300}) AS b", 1) for i in range(n)])
            self.assertEqual([r["stmt_execute_values"] for r in queries if r["command"] == "COM_STMT_EXECUTE"], [[i] for i in range(500)])
            self.assertEqual([r["bulk_rows"][1] for r in queries if r["command"] == "COM_STMT_BULK_EXECUTE"], [[1, "value 1"]])
            self.assertEqual([r["query"] for r in queries if "errno" in r], ["SELEC 2"])


if __name__ == "__main__":
    unittest.main()
