"""Bytes go through unchanged: what the server sees and what the client sees is recorded on both sides of the proxy."""
import hashlib
import os
import socket
import threading
import unittest

import lab
from rawclient import CAPABILITIES, DEPRECATE_EOF, Gone, RawClient, SENT_AHEAD, packet
from recorder import Recorder

SSL = 0x800
MIB64 = 64 * 1024 * 1024


def without_ssl(login):
    """The login as the server sees it where the client set the flag and then used no TLS."""
    value = int.from_bytes(login[4:8], "little") & ~SSL
    return login[:4] + value.to_bytes(4, "little") + login[8:]


class Transparency(unittest.TestCase):
    def both_sides(self, work, single=False, proxy_args=(), expect_lint=False):
        """Run work(port) through recorder, proxy, recorder; compare what passed on both sides."""
        inner = Recorder(lab.server().port, single)
        with lab.Proxy(*proxy_args, remote=f"127.0.0.1:{inner.port}", expect_lint=expect_lint) as proxy:
            outer = Recorder(proxy.port, single)
            work(outer.port)
            outer.finish()
            inner.finish()
            proxy.settled()
            seen = proxy.records("query")
        self.assertEqual(len(outer.connections), len(inner.connections))
        for (to_proxy, to_client), (to_server, from_server) in zip(outer.connections, inner.connections):
            self.assertTrue(bytes(to_client) == bytes(from_server), "the server's bytes were changed")
            self.assertTrue(bytes(to_server) == without_ssl(bytes(to_proxy)), "the client's bytes were changed")
        return seen

    @staticmethod
    def small(port, capabilities=CAPABILITIES):
        c = RawClient(port, capabilities=capabilities)
        c.query("SELECT 1, NULL, 'drei'")
        c.query("CREATE TEMPORARY TABLE x (a BIGINT, b BLOB)")
        s = c.prepare("INSERT INTO x VALUES (?, ?)")
        c.execute(s, 42, b"\0\xff")
        c.close_statement(s)
        c.query("SELECT * FROM x")
        c.quit()

    def test_small(self):
        seen = self.both_sides(self.small)
        self.assertEqual([r["command"] for r in seen],
                         ["COM_QUERY", "COM_QUERY", "COM_STMT_PREPARE", "COM_STMT_EXECUTE", "COM_STMT_CLOSE", "COM_QUERY",
                          "COM_QUIT"])
        self.assertEqual(seen[3]["stmt_execute_values"], [42, {"hex": "00ff"}])

    def test_states_are_traced(self):
        with lab.Proxy("--log-level", "debug") as proxy:
            self.small(proxy.port)
            proxy.settled("disconnect")
            traced = proxy.stderr().decode()
        states = [line.split(": ")[-1] for line in traced.splitlines() if "debug: session 1: " in line]
        self.assertEqual(states[:3], ["accepted -> connecting", "connecting -> gated", "gated -> streaming"])
        self.assertTrue(states[-1].endswith(" -> ended"), states)
        self.assertIn("reading open -> ended", traced)
        self.assertIn("writing open -> draining", traced)
        self.assertIn("writing draining -> shut down", traced)
        self.assertIn("plain -> closed", traced)

    def test_one_byte_at_a_time(self):
        seen = self.both_sides(self.small, single=True)
        self.assertEqual(len(seen), 7)

    def test_tls_asked_for_and_not_used(self):
        """A client that sets the TLS bit and then uses none gets a plain session."""
        self.both_sides(lambda port: self.small(port, CAPABILITIES | SSL), expect_lint=True)

    def test_without_eof(self):
        def work(port):
            c = RawClient(port, capabilities=CAPABILITIES | DEPRECATE_EOF)
            c.query("SELECT 1 UNION SELECT 2")
            c.quit()
        seen = self.both_sides(work)
        self.assertEqual(seen[0]["rows"], 2)

    def test_large_result(self):
        def work(port):
            c = RawClient(port)
            c.send(0, b"\x03SELECT REPEAT('x', %d)" % MIB64)
            self.assertEqual(c.rows(), 1)
            c.quit()
        seen = self.both_sides(work)
        self.assertEqual(seen[0]["rows"], 1)
        self.assertGreater(seen[0]["bytes_received"], MIB64)

    def test_large_statement(self):
        def work(port):
            c = RawClient(port)
            c.query(b"SELECT LENGTH('" + b"y" * MIB64 + b"')")
            c.quit()
        seen = self.both_sides(work)
        self.assertEqual(seen[0]["query_length"], MIB64 + 17)
        self.assertEqual(len(seen[0]["query"]), 1024 * 1024)

    def test_large_parameter(self):
        """64 MB in one value of an EXECUTE, and in pieces before it; the server's checksum tells that it got them."""
        value = os.urandom(1 << 20) * 64
        digest = hashlib.sha1(value).hexdigest().encode()

        def work(port):
            c = RawClient(port)
            c.query("CREATE TEMPORARY TABLE big (a INT, b LONGBLOB)")
            insert = c.prepare("INSERT INTO big VALUES (?, ?)")
            c.execute(insert, 1, value)
            for i in range(64):
                c.send_ahead(insert, 1, value[i << 20:(i + 1) << 20])
            self.assertIsNone(c.execute(insert, 2, SENT_AHEAD))
            check = c.prepare("SELECT a FROM big WHERE SHA1(b) = ?")
            self.assertEqual(c.execute(check, digest), 2)
            c.quit()
        seen = [r for r in self.both_sides(work) if r["command"] == "COM_STMT_EXECUTE"]
        whole, pieces = seen[0]["stmt_execute_values"], seen[1]["stmt_execute_values"]
        self.assertEqual((whole[0], whole[1]["length"], pieces[0], pieces[1]["length"]), (1, len(value), 2, len(value)))
        self.assertEqual(bytes.fromhex(whole[1]["hex"]), value[:len(whole[1]["hex"]) // 2])
        self.assertEqual(pieces[1]["hex"], whole[1]["hex"])
        self.assertGreaterEqual(len(whole[1]["hex"]), 2 * 1024)

    def test_many_rows(self):
        def work(port):
            c = RawClient(port)
            self.assertEqual(c.query("SELECT seq, REPEAT('z', 100) FROM seq_1_to_200000"), 200000)
            c.quit()
        self.assertEqual(self.both_sides(work)[0]["rows"], 200000)

    def test_exact_multiple_of_a_packet(self):
        """A statement of 16 MiB - 1 bytes ends with an empty packet."""
        def work(port):
            c = RawClient(port)
            text = b"SELECT LENGTH('')"
            c.query(text[:-2] + b"q" * (0xFFFFFF - 1 - len(text)) + text[-2:])
            c.quit()
        self.assertEqual(self.both_sides(work)[0]["query_length"], 0xFFFFFF - 1)

    def test_small_backlog(self):
        """Flow control: a small bound on what may wait changes nothing but the pace."""
        def work(port):
            c = RawClient(port)
            self.assertEqual(c.query("SELECT seq, REPEAT('z', 1000) FROM seq_1_to_20000"), 20000)
            c.quit()
        self.both_sides(work, proxy_args=("--limits-backlog-bytes", "4K"))


class Ends(unittest.TestCase):
    """The last bytes arrive, and each side's end is the other's too."""

    def serve(self, talk):
        """A server of one connection; talk(socket) in a thread."""
        listener = socket.create_server(("127.0.0.1", 0))

        def work():
            connection, _ = listener.accept()
            connection.settimeout(lab.PATIENCE_S)
            with connection:
                talk(connection)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.addCleanup(listener.close)
        return listener.getsockname()[1], thread

    def test_server_speaks_and_closes(self):
        error = packet(0, b"\xff\x10\x04Too many connections")
        port, thread = self.serve(lambda s: s.sendall(error))
        with lab.Proxy(remote=f"127.0.0.1:{port}") as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                got = b""
                while part := s.recv(4096):
                    got += part
            thread.join(lab.PATIENCE_S)
            self.assertEqual(got, error)
            end = proxy.settled("disconnect")[0]
            self.assertEqual(end["reason"], "the server closed the connection")
            self.assertEqual(proxy.records("auth")[0]["errno"], 1040)

    def test_last_bytes_of_a_large_reply(self):
        """The server sends 8 MiB and closes at once; a slow reader gets every byte."""
        body = os.urandom(8 << 20)
        port, thread = self.serve(lambda s: s.sendall(body))
        with lab.Proxy(remote=f"127.0.0.1:{port}", expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                got = bytearray()
                while part := s.recv(10000):
                    got += part
            self.assertTrue(bytes(got) == body)
            thread.join(lab.PATIENCE_S)

    def test_client_half_close(self):
        """The client's end of file reaches the server, whose answer still comes back."""
        def talk(s):
            got = b""
            while part := s.recv(4096):
                got += part
            s.sendall(b"answer to " + got)
        port, thread = self.serve(talk)
        with lab.Proxy(remote=f"127.0.0.1:{port}", expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                s.sendall(b"question")
                s.shutdown(socket.SHUT_WR)
                got = b""
                while part := s.recv(4096):
                    got += part
            self.assertEqual(got, b"answer to question")
            thread.join(lab.PATIENCE_S)
            proxy.idle()

    def test_half_close_ends_in_time(self):
        gone = threading.Event()
        port, thread = self.serve(lambda s: (s.sendall(b"hello"), gone.wait(lab.PATIENCE_S)))
        with lab.Proxy("--limits-half-close-timeout-ms", "200", remote=f"127.0.0.1:{port}", expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port)) as s:
                lab.wait_for(lambda: proxy.counters()["sessions"] == 1, "the session")
                self.assertEqual(s.recv(5), b"hello")
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(s.recv(1), b"")
            gone.set()
            proxy.idle()
            self.assertEqual(proxy.counters()["closed_half_close_timeout"], 1)


if __name__ == "__main__":
    unittest.main()
