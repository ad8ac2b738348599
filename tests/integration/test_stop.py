"""How the proxy stops: sessions end between transactions, and clients are told; sockets and notices of service managers."""
import os
import signal
import socket
import unittest

import lab
from rawclient import Gone, RawClient, Refused

LATER = ("--limits-shutdown-timeout-ms", "60000")
SHUTDOWN = 1053


class Stop(unittest.TestCase):
    def stop(self, proxy, number=signal.SIGTERM):
        proxy.process.send_signal(number)
        lab.wait_for(lambda: b"stopping" in proxy.stderr(), "the proxy to begin to stop")

    def assert_told(self, c, seq=0):
        """The next packet is the error, and nothing follows it."""
        header = c.take(4)
        payload = c.take(int.from_bytes(header[:3], "little"))
        self.assertEqual((header[3], payload[0], int.from_bytes(payload[1:3], "little")), (seq, 0xff, SHUTDOWN))
        self.assertIn(b"#08S01querytap: Server shutdown in progress", payload)
        with self.assertRaises(Gone):
            c.take(1)

    def assert_ends(self, proxy):
        self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 0)
        ends = [r for r in proxy.records("disconnect")]
        self.assertEqual({r["reason"] for r in ends}, {"the proxy is stopping"})

    def test_between_transactions(self):
        """Idle sessions end at once: plain, within TLS, compressed. One in a transaction ends after it, one with a statement after that."""
        with lab.Proxy(*LATER, "--tls-server", "disabled") as proxy:
            idle = [RawClient(proxy.port), RawClient(proxy.port, tls=True), RawClient(proxy.port, compress=True)]
            busy, slow, large = RawClient(proxy.port), RawClient(proxy.port), RawClient(proxy.port)
            busy.query("BEGIN")
            slow.send(0, b"\x03SELECT SLEEP(0.5), 'whole'")
            large.send(0, b"\x03SELECT REPEAT('x', 1000) FROM seq_1_to_20000")
            lab.wait_for(lambda: sum(s["command"] is not None for s in proxy.json("/sessions")["sessions"]) >= 1, "the statements")
            self.stop(proxy)
            for c in idle:
                self.assert_told(c)
            self.assertEqual(slow.rows(), 1)
            self.assert_told(slow)
            self.assertEqual(large.rows(), 20000)
            self.assert_told(large)
            with self.assertRaises((OSError, Refused)):
                RawClient(proxy.port)
            busy.query("DO 1")
            busy.query("COMMIT")
            self.assert_told(busy)
            self.assert_ends(proxy)
            errors = [r for r in proxy.records() if r.get("errno") == SHUTDOWN]
            self.assertEqual(len(errors), 6)

    def test_at_the_deadline(self):
        """A transaction that does not end, a statement that is not answered, a client that does not log in, a result half read."""
        with lab.Proxy("--limits-shutdown-timeout-ms", "300") as proxy:
            busy, slow, half = RawClient(proxy.port), RawClient(proxy.port), RawClient(proxy.port)
            login = RawClient(proxy.port, login=False)
            busy.query("BEGIN")
            slow.send(0, b"\x03SELECT SLEEP(600)")
            half.send(0, b"\x03SELECT REPEAT('x', 1000) FROM seq_1_to_100000")
            half.take(1)
            lab.wait_for(lambda: sum(s["command"] is not None for s in proxy.json("/sessions")["sessions"]) >= 2, "the statements")
            self.stop(proxy)
            self.assert_told(busy)
            self.assert_told(slow, seq=1)
            with self.assertRaises((Gone, OSError)):
                while True:
                    half.read()  # an error within the result would be raised as such
            with self.assertRaises((Gone, OSError)):
                while True:
                    login.receive()
            self.assert_ends(proxy)

    def test_a_second_signal_stops_at_once(self):
        with lab.Proxy(*LATER) as proxy:
            busy = RawClient(proxy.port)
            busy.query("BEGIN")
            self.stop(proxy)
            proxy.process.send_signal(signal.SIGTERM)
            self.assert_told(busy)
            self.assert_ends(proxy)


class Manager(unittest.TestCase):
    def test_notices(self):
        """READY, RELOADING, WATCHDOG, STOPPING, as sd_notify sends them."""
        path = os.path.join(lab.FOLDER, "notify")
        cfg = os.path.join(lab.FOLDER, "notify.cfg")
        open(cfg, "w").close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(lab.PATIENCE_S)
            with lab.Proxy("-c", cfg, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "100000"}) as proxy:
                def expect(wanted):
                    while (state := s.recv(1000).decode().split("\n")[0]) != wanted:
                        self.assertEqual(state, "WATCHDOG=1")
                expect("READY=1")
                expect("WATCHDOG=1")
                proxy.process.send_signal(signal.SIGHUP)
                expect("RELOADING=1")
                expect("READY=1")
                proxy.process.send_signal(signal.SIGTERM)
                expect("STOPPING=1")
                self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 0)

    def test_hand_over(self):
        """One proxy takes over from another, as with start_server: the sockets are the manager's, and no client is refused."""
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listen, socket.create_server(("127.0.0.1", 0)) as admin:
            addresses = ["127.0.0.1:%d" % s.getsockname()[1] for s in (listen, admin)]
            port = listen.getsockname()[1]

            def start():
                starter = ";".join(f"{a}={s.fileno()}" for a, s in zip(addresses, (listen, admin)))
                return lab.Proxy("-l", addresses[0], "--admin", addresses[1], *LATER, env={"SERVER_STARTER_PORT": starter},
                                 pass_fds=(listen.fileno(), admin.fileno()))
            with start() as old:
                self.assertEqual(old.port, port)
                busy = RawClient(port)
                busy.query("BEGIN")
                with start() as new:
                    old.process.send_signal(signal.SIGTERM)
                    lab.wait_for(lambda: b"stopping" in old.stderr(), "the old one to begin to stop")
                    for _ in range(20):
                        c = RawClient(port)
                        c.query("SELECT 1")
                        c.quit()
                    busy.query("COMMIT")
                    self.assertEqual(old.process.wait(lab.PATIENCE_S), 0)
                    lab.wait_for(lambda: new.counters()["accepted"] > 0, "the new one to accept")


if __name__ == "__main__":
    unittest.main()
