"""How the proxy stops: sessions end between transactions, and clients are told; sockets and notices of service managers."""
import collections
import glob
import gzip
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
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

    def hand_over_under_load(self, times, start, stop):
        """Clients that reconnect notice no hand-over, and the one log of all proxies has each statement once, whole, in files that are whole."""
        log = os.path.join(lab.FOLDER, f"handed-{next(self.numbers)}", "log")
        os.mkdir(os.path.dirname(log))
        done, errors, end = [], [], threading.Event()

        def work(name):
            while not end.is_set():
                try:
                    c = RawClient(self.port)
                    c.query(f"SELECT '{name}-{len(done)}'")
                    c.quit()
                    done.append(1)
                except Exception as error:  # whatever it is: no client may see one
                    errors.append(repr(error))
                    return
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listen:
            self.port = listen.getsockname()[1]
            proxy = start(log, listen)
            workers = [threading.Thread(target=work, args=(name,), daemon=True) for name in "abcd"]
            for w in workers:
                w.start()
            for _ in range(times):
                before = len(done)
                proxy = stop(proxy, log, listen)
                lab.wait_for(lambda: len(done) > before + 20 or errors, "traffic after the hand-over")
            end.set()
            for w in workers:
                w.join()
            self.assertEqual(errors, [])
            self.finish(proxy)
        found = collections.Counter()
        for name in sorted(glob.glob(log + "*")):
            with (gzip.open if name.endswith(".gz") else open)(name, "rb") as f:
                for line in f:
                    r = json.loads(line)
                    self.assertNotEqual(r["event"], "gap", r)
                    if r["event"] == "query":
                        found[r["conn_id"], r.get("query")] += 1
        self.assertEqual(sum(n for (_, query), n in found.items() if (query or "").startswith("SELECT '")), len(done))
        self.assertGreater(len(glob.glob(log + ".*")), 1, "it was rotated")

    numbers = itertools.count(1)
    ROTATED = ("--log-rotate-bytes", "40000", "--log-rotate-compress")

    def test_one_log_is_handed_over(self):
        def start(log, listen):
            return lab.Proxy("-l", f"127.0.0.1:{self.port}", "--log", log, *self.ROTATED, *LATER, log=None,
                             env={"SERVER_STARTER_PORT": f"127.0.0.1:{self.port}={listen.fileno()}"}, pass_fds=(listen.fileno(),))

        def stop(old, log, listen):
            new = start(log, listen)
            self.assertIn(b"another process writes to it", new.stderr())
            old.process.send_signal(signal.SIGTERM)
            self.assertEqual(old.process.wait(lab.PATIENCE_S), 0)
            old.stop(check=False)
            lab.wait_for(lambda: b"was taken over" in new.stderr(), "the log to be taken over")
            return new
        self.finish = lambda proxy: proxy.stop()
        self.hand_over_under_load(3, start, stop)

    @unittest.skipUnless(lab.LONG, "a long test: --long")
    @unittest.skipUnless(shutil.which("start_server"), "start_server is not installed (libserver-starter-perl)")
    def test_start_server(self):
        """The same with Debian's start_server, 20 times: HUP starts a new proxy and then stops the old one."""
        status = os.path.join(lab.FOLDER, "start-server.status")

        def running():
            if not os.path.exists(status):
                return []
            with open(status) as f:
                return [line for line in f.read().splitlines() if line]

        def start(log, listen):
            listen.close()  # start_server binds the port itself
            with open(os.path.join(lab.FOLDER, "start-server.err"), "wb") as err:
                process = subprocess.Popen(
                    ["start_server", f"--port=127.0.0.1:{self.port}", f"--status-file={status}", "--interval=1", "--", lab.BINARY, "proxy",
                     "-r", f"127.0.0.1:{lab.server().port}", "-l", f"127.0.0.1:{self.port}", "--admin", "off", "--log", log,
                     *self.ROTATED, *LATER, "--workers", "2"], stdout=err, stderr=err, env=dict(os.environ, XDG_STATE_HOME=lab.FOLDER))
            lab.proxies.add(process)

            def answers():
                try:
                    c = RawClient(self.port)
                    c.quit()
                    return True
                except OSError:
                    return False
            lab.wait_for(lambda: answers() and running(), "the first proxy")
            return process

        def stop(process, log, listen):
            before = running()
            process.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: len(now := running()) == 1 and now != before, "the new proxy to be the only one")
            return process

        def finish(process):
            process.send_signal(signal.SIGTERM)
            process.wait(lab.PATIENCE_S)
            lab.proxies.discard(process)
        self.finish = finish
        self.hand_over_under_load(20, start, stop)


if __name__ == "__main__":
    unittest.main()
