"""Nothing is left (descriptors), or nobody takes what we give (logs): no crash, no hang, no spinning, nothing lost silently."""
import fcntl
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.error

import lab
from rawclient import Gone, RawClient, Refused

STOP_S = 3  # what the manual promises
SLOWER = 5 if lab.is_sanitized() else 1


def limit_files(proxy, n):
    """Allow a running proxy so many descriptors; returns what it was allowed before."""
    hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)[1]
    return resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (n, hard))


def contents(path):
    """What a file has; nothing while there is none, as between the two steps of a rotation."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def open_files(proxy):
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


def cpu_s(proxy):
    with open(f"/proc/{proxy.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connect(port, timeout=lab.PATIENCE_S):
    s = socket.socket()
    s.settimeout(timeout)
    s.connect(("127.0.0.1", port))
    return s


def admin_port(proxy):
    return int(proxy.admin_addr.rsplit(":", 1)[1])


def end_of(s):
    """What a peer sends until it closes."""
    out = b""
    try:
        while part := s.recv(65536):
            out += part
    except (ConnectionError, TimeoutError):
        pass
    return out


def tell_or_none(proxy, path):
    try:
        return proxy.admin(path)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


class Lab(unittest.TestCase):
    def assert_ends(self, proxy, number=signal.SIGTERM, times=1):
        start = time.monotonic()
        for _ in range(times):
            proxy.process.send_signal(number)
        status = proxy.process.wait(lab.PATIENCE_S)
        took = time.monotonic() - start
        self.assertEqual(status, 0)
        self.assertLess(took, STOP_S * SLOWER)
        return took


class Descriptors(Lab):
    def test_sessions_that_never_log_in(self):
        """The case that was reported: few descriptors, many clients, one look at the admin port."""
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        with lab.Proxy("--workers", "2", preexec=few) as proxy:
            held = [connect(proxy.port) for _ in range(40)]
            lab.wait_for(lambda: proxy.counters()["accepted"] == 40, "all to be accepted")
            self.assertEqual(proxy.admin("/healthz"), b"ok\n")
            # the limit in force is lower than what was asked for, said and visible
            sessions = proxy.json("/settings")["limits.sessions"]
            self.assertLess(2 * sessions, 64)
            self.assertGreater(sessions, 4)
            self.assertIn(b"limits.sessions is now %d instead of 10000" % sessions, proxy.stderr())
            counters = proxy.counters()
            self.assertEqual((counters["sessions"], counters["refused"]), (sessions, 40 - sessions))
            self.assertEqual((counters["accept_errors"], counters["admin_accept_errors"]), (0, 0))
            for s in held:
                s.close()
            proxy.idle()
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT 1"), 1)
            c.quit()
            proxy.idle()

    def test_too_few_for_anything(self):
        """A proxy that could serve nobody does not start, and says why; with one more it serves a session while the admin port is full."""
        def start(limit):
            def few():
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return lab.Proxy("--workers", "2", preexec=few, wait=False)
        proxy = start(20)
        self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 1)
        found = re.search(rb"allows 20 open files \(ulimit -n\), and (\d+) are needed with 2 workers", proxy.stderr())
        self.assertTrue(found, proxy.stderr())
        proxy.stop(check=False)
        least = int(found[1])
        proxy = start(least - 1)
        self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 1)
        proxy.stop(check=False)

        def just():
            resource.setrlimit(resource.RLIMIT_NOFILE, (least, least))
        with lab.Proxy("--workers", "2", preexec=just) as proxy:
            held = [connect(admin_port(proxy)) for _ in range(4)]
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT 1"), 1)
            for s in held:
                s.close()
            self.assertEqual(proxy.counters()["sessions"], 1)
            c.quit()
            proxy.idle()

    def test_raised(self):
        """A low soft limit under a high hard one is raised to what is needed."""
        def low():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 2000))
        with lab.Proxy("--limits-sessions", "100", preexec=low) as proxy:
            self.assertEqual(proxy.json("/settings")["limits.sessions"], 100)
            self.assertNotIn(b"instead of", proxy.stderr())
            self.assertGreater(resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)[0], 264)

    def test_at_the_limit_logs_still_rotate(self):
        """With as many sessions as may be, and an admin port as full as may be, a log is rotated, opened again, and handed to a hook."""
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (90, 90))
        told = os.path.join(lab.FOLDER, "rotated-at-the-limit")
        hook = told + "-hook"
        with open(hook, "w") as f:
            f.write(f"#!/bin/sh\necho \"$1\" >>{told}\n")
        os.chmod(hook, 0o755)
        with lab.Proxy("--workers", "2", "--log-format", "json", "--log-rotate-bytes", "32K", "--log-rotate-hook", hook,
                       "--log-rotate-compress", preexec=few) as proxy:
            limits = proxy.json("/settings")
            first = RawClient(proxy.port)
            held = [RawClient(proxy.port) for _ in range(limits["limits.sessions"] - 1)]
            looks = [connect(admin_port(proxy)) for _ in range(limits["limits.admin_connections"])]
            for i in range(300):
                first.query(f"SELECT {i}")
            lab.wait_for(lambda: os.path.exists(told), "the hook to be run")
            # all is written, so that no rotation moves the log file at the same time
            lab.wait_for(lambda: b"SELECT 299" in contents(proxy.log_path), "the last record")
            os.rename(proxy.log_path, proxy.log_path + ".moved")
            proxy.process.send_signal(signal.SIGUSR1)
            lab.wait_for(lambda: os.path.exists(proxy.log_path), "the log to be opened again")
            for s in looks:
                s.close()
            counters = proxy.counters()
            self.assertEqual(counters["log_errors"], 0)
            self.assertEqual((counters["accept_errors"], counters["admin_accept_errors"]), (0, 0))
            self.assertGreater(counters["log_rotations"], 0)
            for c in (first, *held):
                c.quit()
            proxy.idle()

    def test_taken_away_while_running(self):
        """No descriptor at all is left: what is open goes on, each failure is counted, no CPU is burnt, and all comes back."""
        with lab.Proxy("--workers", "2", "--log-format", "json", "--log-rotate-bytes", "16K") as proxy:
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT 1"), 1)
            early = connect(admin_port(proxy), timeout=lab.PATIENCE_S)
            lab.wait_for(lambda: proxy.counters()["admin_connections"] == 2, "it to be accepted")
            before = limit_files(proxy, 3)
            try:
                ask = b"GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n"
                early.sendall(ask % b"keep-alive")  # names can't be looked up now …
                self.assertIn(b"200 OK", early.recv(65536))
                waiting = [connect(proxy.port) for _ in range(5)]
                asking = [connect(admin_port(proxy)) for _ in range(5)]
                for s in asking:
                    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                lab.wait_for(lambda: proxy.stderr().count(b"Too many open files") >= 2, "both ports to say so")
                self.assertIn(b"the admin port can't accept a connection", proxy.stderr())
                self.assertIn(b"clients can't be accepted", proxy.stderr())
                start, cpu = time.monotonic(), cpu_s(proxy)
                for i in range(200):  # the session goes on; the log can't be rotated, and grows
                    self.assertEqual(c.query(f"SELECT {i}"), 1)
                os.rename(proxy.log_path, proxy.log_path + ".away")
                proxy.process.send_signal(signal.SIGUSR1)
                lab.wait_for(lambda: b"can't be reopened" in proxy.stderr(), "that to be said")
                lab.wait_for(lambda: time.monotonic() - start > 2, "some time to pass")
                self.assertLess(cpu_s(proxy) - cpu, (time.monotonic() - start) / 4 * SLOWER)
            finally:
                resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, before)
            for s in asking:
                self.assertIn(b"\r\n\r\nok\n", end_of(s))
            for s in waiting:
                self.assertIn(b"MariaDB", s.recv(200))  # the greeting: they were accepted in the end
                s.close()
            self.assertIn(b"journal_new+", proxy.admin("/debug/pprof/heap?debug=1"))  # … but later
            early.close()
            counters = proxy.counters()
            self.assertGreater(counters["accept_errors"], 0)
            self.assertGreater(counters["admin_accept_errors"], 0)
            self.assertGreater(counters["log_errors"], 0)

            def rotated():
                c.query("SELECT 1")
                return proxy.counters()["log_rotations"] > 0
            lab.wait_for(rotated, "the log to be rotated after all")
            self.assertEqual(proxy.counters()["log_dropped"], 0)
            c.quit()
            proxy.idle()

    def test_only_the_session_concerned(self):
        """Descriptors for the client, none for its server: that client is told, the others go on."""
        with lab.Proxy("--workers", "1") as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            proxy.counters()
            lab.wait_for(lambda: proxy.counters()["admin_connections"] <= 1, "the other looks to end")
            used = {int(fd) for fd in os.listdir(f"/proc/{proxy.process.pid}/fd")}
            free = next(n for n in range(1000) if n not in used)
            before = limit_files(proxy, free + 1)  # one more, and no other number below it is free
            try:
                told = end_of(connect(proxy.port))
                self.assertIn(b"Too many open files", told)
                self.assertIn(b"can't connect to upstream", told)
                self.assertEqual(c.query("SELECT 1"), 1)
            finally:
                resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, before)
            self.assertEqual(proxy.counters()["upstream_errors"], 1)
            self.assertEqual(RawClient(proxy.port).query("SELECT 1"), 1)
            c.quit()

    def test_end_while_exhausted(self):
        # the leak checker opens files at the end
        with lab.Proxy("--workers", "2", env={"LSAN_OPTIONS": "detect_leaks=0"}) as proxy:
            c = RawClient(proxy.port)
            limit_files(proxy, 3)
            held = [connect(proxy.port) for _ in range(3)] + [connect(admin_port(proxy)) for _ in range(3)]
            lab.wait_for(lambda: proxy.stderr().count(b"Too many open files") >= 2, "both ports to say so")
            self.assert_ends(proxy)
            self.assertRaises((Gone, Refused), c.query, "SELECT 1")  # the server's shutdown error, if it still arrives
            del held


def address_space(proxy):
    with open(f"/proc/{proxy.process.pid}/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmSize"))


@unittest.skipIf(SLOWER > 1, "a sanitizer needs all of the address space")
class Memory(Lab):
    def test_profile_when_little_is_left(self):
        """libdw ends a process that has no memory for it. Names may be missing then; the proxy may not."""
        for spare in (0, 1, 4, 6, 8, 12, 16, 20, 24, 32, 48):
            with lab.Proxy("--profile-sample-bytes", "1") as proxy:
                c = RawClient(proxy.port)
                self.assertEqual(c.query("SELECT 1"), 1)
                pid, forever = proxy.process.pid, resource.RLIM_INFINITY
                resource.prlimit(pid, resource.RLIMIT_AS, (address_space(proxy) + (spare << 20), forever))
                for path in ("/debug/pprof/heap", "/debug/pprof/heap?debug=1", "/births?stack=1"):
                    try:
                        proxy.admin(path)
                    except urllib.error.HTTPError as error:
                        self.assertEqual(error.code, 503, (spare, path))
                resource.prlimit(pid, resource.RLIMIT_AS, (forever, forever))
                self.assertIn(b".c:", proxy.admin("/debug/pprof/heap?debug=1"), spare)
                self.assertEqual(c.query("SELECT 1"), 1)
                c.quit()
                proxy.idle()


class AdminPort(Lab):
    def test_many_connections(self):
        """1,100 that say nothing: there is still an answer for one that asks."""
        with lab.Proxy("--workers", "1") as proxy:
            held = [connect(admin_port(proxy)) for _ in range(1100)]
            lab.wait_for(lambda: tell_or_none(proxy, "/healthz") == b"ok\n", "an answer")
            counters = lab.wait_for(lambda: json.loads(tell_or_none(proxy, "/counters?format=json") or "null"), "the counters")
            self.assertLessEqual(counters["admin_connections"], 64)
            self.assertGreater(counters["admin_turned_away"], 0)
            self.assertGreaterEqual(counters["admin_turned_away"] + counters["admin_timed_out"], 1100 - 64)
            self.assertLess(open_files(proxy), 120)
            self.assertEqual(proxy.stderr().count(b"rejects connections"), 1)
            self.assertIn(b"503 Service Unavailable", end_of(held[100]))

    def test_all_in_use(self):
        """Streams are never put out for a newcomer: that one is told."""
        with lab.Proxy("--workers", "1", "--limits-admin-connections", "4") as proxy:
            streams = [connect(admin_port(proxy)) for _ in range(4)]
            for s in streams:
                s.sendall(b"GET /records/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b"200 OK", s.recv(4096))
            with self.assertRaises(urllib.error.HTTPError) as raised:
                proxy.admin("/healthz")
            self.assertEqual(raised.exception.code, 503)
            self.assertIn(b"limits.admin_connections", raised.exception.read())
            streams.pop().close()
            lab.wait_for(lambda: tell_or_none(proxy, "/healthz") == b"ok\n", "an answer")
            c = RawClient(proxy.port)
            c.query("SELECT 'still followed'")
            for s in streams:
                seen = b""
                while b"still followed" not in seen:
                    seen += s.recv(65536)
            c.quit()

    def test_odd_clients(self):
        """Half requests, resets in the middle of a reply, pipelines, chunked bodies: none holds the port or ends the proxy."""
        with lab.Proxy("--workers", "1") as proxy:
            port = admin_port(proxy)
            for text in (b"GET /heal", b"GET / HTTP/1.1\r\nHost: localhost\r\nX:", b"POST /marks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab"):
                for _ in range(30):
                    connect(port).sendall(text)
            for _ in range(50):  # reset within the reply
                s = connect(port)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.sendall(b"GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                s.close()
            one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

            def insist():
                """A connection that is served: the port may be full of the others yet."""
                s = connect(port)
                try:
                    s.sendall(one)
                    if s.recv(4096).endswith(b"\r\n\r\nok\n"):
                        return s
                except ConnectionError:
                    pass
                return None
            s = lab.wait_for(insist, "the port to be served")
            sender = threading.Thread(target=s.sendall, args=(one * 5000,))
            sender.start()
            seen = bytearray()
            while seen[-7:] != b"\r\n\r\nok\n" or seen.count(b"\r\n\r\nok\n") < 5000:
                part = s.recv(1 << 20)
                self.assertTrue(part)
                seen += part
            sender.join()
            s.close()
            s = lab.wait_for(insist, "the port to be served")
            s.sendall(b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                      b"3\r\n0x1\r\n0\r\n\r\n")
            self.assertIn(b" 200 OK", end_of(s))
            s = lab.wait_for(insist, "the port to be served")
            s.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertTrue(end_of(s).endswith(b"\r\n\r\n"))
            self.assertEqual(proxy.admin("/healthz"), b"ok\n")
            lab.wait_for(lambda: proxy.counters()["admin_connections"] <= 1, "the others to be gone")

    @unittest.skipUnless(lab.LONG, "takes half a minute")
    def test_slow_headers(self):
        """A byte a second is no request: the connection ends though it is never silent for long."""
        with lab.Proxy("--workers", "1") as proxy:
            s = connect(admin_port(proxy))
            s.sendall(b"GET / HTTP/1.1\r\nX: ")

            def is_over():
                try:
                    s.sendall(b"x")
                except ConnectionError:
                    return True
                return proxy.counters()["admin_timed_out"] > 0
            start = time.monotonic()
            lab.wait_for(is_over, "the connection to be ended")
            self.assertGreater(time.monotonic() - start, 25)


class StuckLog(Lab):
    """Logs whose reader does not read."""
    SMALL = ("--log-format", "json", "--log-ring-bytes", "128K", "--limits-query-bytes", "4K", "--workers", "2")

    def fifo(self, name):
        path = os.path.join(lab.FOLDER, name)
        os.mkfifo(path)
        return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def load(self, proxy, clients=4):
        """Clients that ask until they are gone; returns what counts their answers."""
        answers = [0] * clients
        all_are_there = threading.Barrier(clients, timeout=lab.PATIENCE_S)  # else the log may be full before the last one logs in

        def one(i):
            try:
                c = RawClient(proxy.port)
                c.query("DO 1")
                all_are_there.wait()
                while True:
                    c.query(f"SELECT {i}, '{'x' * 1000}'")
                    answers[i] += 1
            except (Gone, Refused, OSError):
                pass
        threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(clients)]
        for t in threads:
            t.start()
        return answers, threads

    def wait_blocked(self, answers):
        last = [None, time.monotonic()]

        def still():
            if answers != last[0]:
                last[:] = [list(answers), time.monotonic()]
            return min(answers) > 0 and time.monotonic() - last[1] > 0.7
        lab.wait_for(still, "the sessions to be blocked")

    def test_block_is_not_blind(self):
        path, reader = self.fifo("blocked")
        with lab.Proxy(*self.SMALL, "--log", path, "--log-when-full", "block", log=None) as proxy:
            answers, threads = self.load(proxy)
            stream = connect(admin_port(proxy), timeout=lab.PATIENCE_S)
            stream.sendall(b"GET /records/stream?n=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b"200 OK", stream.recv(65536))
            self.wait_blocked(answers)
            start, cpu = time.monotonic(), cpu_s(proxy)
            sessions = proxy.json("/sessions")["sessions"]
            self.assertEqual(len(sessions), 4)
            for s in sessions:
                self.assertIn(b"COM_QUERY", proxy.admin(f"/sessions/{s['conn_id']}/hex"))
            self.assertIn(b"is closed", proxy.post(f"/sessions/{sessions[0]['conn_id']}/kill"))
            lab.wait_for(lambda: proxy.counters()["sessions"] == 3, "the killed one to be gone")
            lab.wait_for(lambda: sum(t.is_alive() for t in threads) == 3, "its client to see that")
            late = threading.Thread(target=lambda: RawClient(proxy.port).quit(), daemon=True)
            late.start()
            self.assertLess(time.monotonic() - start, 2 * SLOWER)
            self.assertEqual(proxy.counters()["log_dropped"], 0)
            self.assertLess(cpu_s(proxy) - cpu, 0.5 * SLOWER)
            # it reads again: all goes on, and nothing is missing
            got, stop = [], threading.Event()

            def read():
                os.set_blocking(reader, True)
                while not stop.is_set() or got[-1:] == [b""]:
                    part = os.read(reader, 1 << 20)
                    if not part:
                        return
                    got.append(part)
            pump = threading.Thread(target=read, daemon=True)
            before = list(answers)
            pump.start()
            lab.wait_for(lambda: sum(a > b + 100 for a, b in zip(answers, before)) == 3, "the others to go on")
            late.join(lab.PATIENCE_S)
            self.assertFalse(late.is_alive())
            self.assertEqual(proxy.counters()["log_dropped"], 0)
            self.assert_ends(proxy)
            pump.join(lab.PATIENCE_S)
            records = [json.loads(line) for line in b"".join(got).splitlines()]
            self.assertEqual(sum(r["event"] == "disconnect" for r in records), 5)
            self.assertFalse([r for r in records if r["event"] == "gap"])
            seen = sum(r["event"] == "query" and r.get("command") == "COM_QUERY" for r in records)
            self.assertGreaterEqual(seen, sum(answers))
            stream.close()
        os.close(reader)

    def ends_in_time(self, when_full, number=signal.SIGTERM, times=1):
        path, reader = self.fifo(f"ends-{when_full}-{number}-{times}")
        with lab.Proxy(*self.SMALL, "--log", path, "--log-when-full", when_full, log=None) as proxy:
            answers, _ = self.load(proxy)
            if when_full == "block":
                self.wait_blocked(answers)
            else:
                lab.wait_for(lambda: proxy.counters()["log_dropped"] > 0, "records to be dropped")
            self.assert_ends(proxy, number, times)
            self.assertIn(b"records were dropped", proxy.stderr())
        os.close(reader)

    def test_block_ends_in_time(self):
        self.ends_in_time("block")

    def test_drop_ends_in_time(self):
        self.ends_in_time("drop")

    def test_ends_in_time_when_asked_twice(self):
        self.ends_in_time("block", signal.SIGINT, 3)

    def test_stuck_standard_streams(self):
        """Standard output and standard error are one pipe that nobody reads."""
        for when_full in ("drop", "block"):
            reader, writer = os.pipe()
            port, admin = lab.free_port(), lab.free_port()
            process = subprocess.Popen([lab.BINARY, "proxy", "-r", f"127.0.0.1:{lab.server().port}", "-l", f"127.0.0.1:{port}",
                                        "--admin", f"127.0.0.1:{admin}", *self.SMALL, "--log-when-full", when_full,
                                        "--limits-shutdown-timeout-ms", "0"],
                                       stdout=writer, stderr=writer, env=dict(os.environ, XDG_STATE_HOME=os.path.join(lab.FOLDER, "state")))
            os.close(writer)

            stuck = lab.Proxy.__new__(lab.Proxy)  # one whose standard error nobody reads has no way to tell its ports
            stuck.process, stuck.port, stuck.admin_addr = process, port, f"127.0.0.1:{admin}"
            lab.wait_for(lambda: tell_or_none(stuck, "/healthz"), "the proxy to start")
            answers, _ = self.load(stuck)
            if when_full == "block":
                self.wait_blocked(answers)
            else:
                lab.wait_for(lambda: stuck.counters()["log_dropped"] > 0, "records to be dropped")
            for s in stuck.json("/sessions")["sessions"][:2]:  # which is said on standard error
                stuck.post(f"/sessions/{s['conn_id']}/kill")
            self.assertGreater(stuck.counters()["diag_unsaid"], 0)
            self.assert_ends(stuck)
            os.close(reader)

    def test_stuck_syslog(self):
        path = os.path.join(lab.FOLDER, "stuck-socket")
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        daemon.bind(path)
        with lab.Proxy("--workers", "2", "--log", f"syslog:{path}", "--log-when-full", "block", *self.SMALL[2:6], log=None) as proxy:
            answers, _ = self.load(proxy)
            self.wait_blocked(answers)
            self.assertEqual(len(proxy.json("/sessions")["sessions"]), 4)
            self.assert_ends(proxy)
        daemon.close()

    def test_stuck_key_log(self):
        path, reader = self.fifo("keys")
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        with lab.Proxy("--tls-key-log", path, "--workers", "1", remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            for _ in range(20):
                c = RawClient(proxy.port, tls=True, timeout=lab.PATIENCE_S)
                self.assertEqual(c.query("SELECT 1"), 1)
                c.quit()
            self.assertIn(b"the key log can't be written", proxy.stderr())
            proxy.idle()
            self.assert_ends(proxy)
        os.close(reader)
        os.unlink(path)
        os.mkfifo(path)
        done = lab.querytap("proxy", "-l", "127.0.0.1:0", "--admin", "off", "--log", "off", "--tls-key-log", path)
        self.assertEqual(done.returncode, 1)

    def test_full_disk(self):
        with lab.Proxy(*self.SMALL, "--log", "/dev/full", "--log-when-full", "block", log=None) as proxy:
            answers, _ = self.load(proxy)
            self.wait_blocked(answers)
            self.assertEqual(len(proxy.json("/sessions")["sessions"]), 4)
            self.assertGreater(proxy.counters()["log_errors"], 0)
            self.assert_ends(proxy)
            self.assertIn(b"records were dropped", proxy.stderr())

    def test_fifo_without_reader(self):
        """At the start that is an error at once; when it is opened again, the old one is kept."""
        path = os.path.join(lab.FOLDER, "nobody")
        os.mkfifo(path)
        done = lab.querytap("proxy", "-l", "127.0.0.1:0", "--admin", "off", "--log", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"this pipe has no reader", done.stderr)
        with lab.Proxy("--log-when-full", "block") as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            os.rename(proxy.log_path, proxy.log_path + ".moved")
            os.mkfifo(proxy.log_path)
            proxy.process.send_signal(signal.SIGUSR1)
            lab.wait_for(lambda: b"can't be reopened" in proxy.stderr(), "that to be said")
            self.assertEqual(c.query("SELECT 2"), 1)
            c.quit()
            proxy.idle()
            self.assert_ends(proxy)

    def test_hook_that_never_ends(self):
        """It is killed when time is up, beside a log that is stuck: the two do not add up."""
        folder = os.path.join(lab.FOLDER, "endless")
        os.makedirs(folder)
        hook, began = os.path.join(folder, "hook"), os.path.join(folder, "began")
        with open(hook, "w") as f:
            f.write(f"#!/bin/sh\necho $$ >{began}\nexec sleep 1000\n")
        os.chmod(hook, 0o755)
        path, reader = self.fifo("beside-endless")
        config = os.path.join(folder, "querytap.cfg")
        with open(config, "w") as f:
            f.write(f'logs = ( {{ file = "{path}"; format = "json"; }} );\n')
        with lab.Proxy("-c", config, "--log-format", "json", "--log-rotate-bytes", "16K", "--log-rotate-hook", hook) as proxy:
            c = RawClient(proxy.port)

            def is_stuck():
                c.query(f"SELECT '{'x' * 2000}'")
                return os.path.exists(began) and os.path.getsize(began) and proxy.counters()["logs"][1]["dropped"] > 0
            lab.wait_for(is_stuck, "the hook to run, and the other log to be stuck")
            self.assert_ends(proxy)
            self.assertIn(b"took too long", proxy.stderr())
            self.assertIn(b"records were dropped", proxy.stderr())
            pid = int(open(began).read())
            self.assertFalse(os.path.exists(f"/proc/{pid}"))
        os.close(reader)


if __name__ == "__main__":
    unittest.main()
