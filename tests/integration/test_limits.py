"""Limits of sessions, each with the error that the client sees."""
import unittest

import lab
from rawclient import Gone, RawClient, Refused


class Limits(unittest.TestCase):
    def assert_refused(self, proxy, number, text, **keywords):
        with self.assertRaises(Refused) as caught:
            RawClient(proxy.port, **keywords)
        self.assertEqual(caught.exception.args[0], number)
        self.assertIn(f"querytap: {text}", caught.exception.args[1])

    def assert_ended(self, c, number, text):
        """The next packet is the error, which the client has not asked for, and nothing follows it."""
        with self.assertRaises(Refused) as caught:
            c.read()
        self.assertEqual(caught.exception.args[0], number)
        self.assertIn(f"querytap: {text}", caught.exception.args[1])
        with self.assertRaises(Gone):
            c.take(1)

    def test_number(self):
        """Per client and per user, over all workers; a session that ends makes room."""
        with lab.Proxy("--limits-sessions-per-user", "2", "--limits-sessions-per-client", "3") as proxy:
            lab.server().sql("CREATE OR REPLACE USER other@'%'; GRANT ALL ON *.* TO other@'%'")
            first, second = RawClient(proxy.port), RawClient(proxy.port)
            self.assert_refused(proxy, 1203, "limits.sessions_per_user was reached (2)")
            lab.wait_for(lambda: proxy.counters()["sessions"] == 2, "the refused one to go")
            third = RawClient(proxy.port, user="other")
            self.assert_refused(proxy, 1040, "limits.sessions_per_client was reached (3)")
            lab.wait_for(lambda: proxy.counters()["sessions"] == 3, "the refused one to go")
            first.quit()
            lab.wait_for(lambda: proxy.counters()["sessions"] == 2, "the first one to go")
            RawClient(proxy.port).quit()
            second.quit()
            third.quit()
            reasons = [r["reason"] for r in proxy.settled("disconnect")]
            self.assertEqual(reasons.count("limits.sessions_per_user was reached"), 1)
            self.assertEqual(reasons.count("limits.sessions_per_client was reached"), 1)

    def test_memory(self):
        with lab.Proxy("--limits-memory-bytes", "1M") as proxy:
            self.assert_refused(proxy, 1041, "limits.memory_bytes was nearly reached (1048576)")

    def test_idle(self):
        """Plain and compressed, but not while a statement runs."""
        with lab.Proxy("--limits-idle-timeout-ms", "300") as proxy:
            idle, packed, busy = RawClient(proxy.port), RawClient(proxy.port, compress=True), RawClient(proxy.port)
            busy.send(0, b"\x03SELECT SLEEP(1)")
            self.assert_ended(idle, 4031, "no statement came within limits.idle_timeout_ms (300)")
            self.assert_ended(packed, 4031, "no statement came")
            self.assertEqual(busy.rows(), 1)
            self.assert_ended(busy, 4031, "no statement came")

    def test_transaction(self):
        """It ends however busy it is; a session with one short transaction after the other stays."""
        with lab.Proxy("--limits-transaction-timeout-ms", "400") as proxy:
            long, short = RawClient(proxy.port), RawClient(proxy.port)
            long.query("BEGIN")
            with self.assertRaises((Refused, Gone)) as caught:
                while True:
                    long.query("DO 1")
                    short.query("BEGIN")
                    short.query("COMMIT")
            self.assertEqual(caught.exception.args[0], 4031)
            short.query("SELECT 1")
            short.quit()
            self.assertIn("a transaction was open for longer than limits.transaction_timeout_ms",
                          [r["reason"] for r in proxy.settled("disconnect")])


if __name__ == "__main__":
    unittest.main()
