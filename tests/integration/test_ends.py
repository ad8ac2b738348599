"""Who ended a session: the reason of its disconnect, and how the other side gets to know."""
import contextlib
import fcntl
import os
import socket
import ssl
import struct
import termios
import threading
import unittest

import lab
from rawclient import CAPABILITIES, RawClient, SSL, context_without_verification, packet

GREETING = packet(0, b"\x0a5.5.5-10.11\0" + struct.pack("<I", 7) + b"abcdefgh\0" + struct.pack("<H", 0xf7ff) + b"\x2d" +
                  struct.pack("<HH", 2, 0x00ff) + b"\x15" + bytes(10) + b"ijklmnopqrst\0mysql_native_password\0")
TLS_GREETING = GREETING.replace(struct.pack("<H", 0xf7ff), struct.pack("<H", 0xffff))
OK = b"\0\0\0\2\0\0\0"


def reset(s):
    """Close the socket with a RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def read_packet(s):
    """One packet, and nothing behind it."""
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:3], "little"):
        part = s.recv(4 - len(data) if len(data) < 4 else 4 + int.from_bytes(data[:3], "little") - len(data))
        if not part:
            return data
        data += part
    return data


def unwrap(tls):
    """The socket below TLS."""
    raw = socket.socket(fileno=os.dup(tls.fileno()))
    raw.settimeout(lab.PATIENCE_S)
    tls.detach()
    return raw


def log_in(s):
    """What a server does until a session is ready."""
    s.sendall(GREETING)
    read_packet(s)
    s.sendall(packet(2, OK))


class Ends(unittest.TestCase):
    def serve(self, talk, sessions=1):
        """A server of so many connections, one after the other: talk(socket) in a thread. Returns its address."""
        listener = socket.create_server(("127.0.0.1", 0))

        def work():
            for _ in range(sessions):
                connection, _ = listener.accept()
                connection.settimeout(lab.PATIENCE_S)
                talk(connection)
                connection.close()
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.addCleanup(thread.join, lab.PATIENCE_S)
        self.addCleanup(listener.close)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def end_of(self, s):
        """What is still read from s, and how it ends."""
        got = b""
        try:
            while part := s.recv(65536):
                got += part
        except ConnectionResetError:
            return got, "reset"
        return got, "closed"

    def assert_ended(self, proxy, reason, name):
        self.assertEqual(proxy.settled("disconnect")[-1]["reason"], reason)
        self.assertEqual(proxy.counters()[f"closed_{name}"], 1)


class Quit(Ends):
    def test_whoever_closes_first(self):
        for waits in (False, True):
            with self.subTest(waits=waits), lab.Proxy() as proxy:
                c = RawClient(proxy.port)
                c.send(0, b"\x01")
                if waits:
                    self.assertEqual(c.socket.recv(1), b"")
                c.close()
                self.assert_ended(proxy, "the client quit", "client_quit")

    def test_client_resets_after_it(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.send(0, b"\x01")
            reset(c.socket)
            self.assert_ended(proxy, "the client quit", "client_quit")

    def test_behind_a_query(self):
        """Both are sent at once; the server handles COM_QUIT, too."""
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.send_bytes(packet(0, b"\x03SELECT 1") + packet(0, b"\x01"))
            c.rows()
            self.assertEqual(c.socket.recv(1), b"")
            c.close()
            self.assert_ended(proxy, "the client quit", "client_quit")

    def test_not_handled(self):
        """The server closes during the query before it."""
        def talk(s):
            log_in(s)
            read_packet(s)
        with lab.Proxy(remote=self.serve(talk)) as proxy:
            c = RawClient(proxy.port)
            c.send_bytes(packet(0, b"\x03SELECT 1") + packet(0, b"\x01"))
            self.end_of(c.socket)
            c.close()
            self.assertIn(proxy.settled("disconnect")[0]["reason"],
                          ("the server closed the connection", "the server reset the connection"))

    def test_without_it(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            c.close()
            self.assert_ended(proxy, "the client closed the connection", "client_closed")


class Tls(Ends):
    """Ends within TLS: what one side leaves out, the proxy leaves out, and the peer's complaint is no error."""

    def check(self, end, reason, name):
        with lab.Proxy(remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            c = RawClient(proxy.port, tls=True)
            c.query("SELECT 1")
            end(c)
            self.assert_ended(proxy, reason, name)
            self.assertEqual(proxy.counters()["tls_errors"], 0)
            self.assertEqual(proxy.records("error"), [])

    def test_client_without_close_notify(self):
        def end(c):
            raw = unwrap(c.socket)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
            raw.close()
        self.check(end, "the client closed the connection", "client_closed")

    def test_client_that_quits_and_waits(self):
        """OpenSSL answers an end of file without close_notify with an alert."""
        def end(c):
            c.send(0, b"\x01")
            try:
                while c.socket.recv(100):
                    pass
            except ssl.SSLError:
                pass
            c.close()
        self.check(end, "the client quit", "client_quit")

    def test_client_that_quits_with_an_alert(self):
        """Bytes that are not TLS behind COM_QUIT, such as what is left of an abandoned connection."""
        def end(c):
            c.send(0, b"\x01")
            raw = unwrap(c.socket)
            raw.sendall(b"\x15\x03\x03\x00\x02\x02\x32")
            raw.close()
        self.check(end, "the client quit", "client_quit")

    def test_server_without_close_notify(self):
        """A server that closes so while the client waits; the client answers with a fatal alert and stays."""
        certificates = lab.tls_server().certificates

        def talk(s):
            s.sendall(TLS_GREETING)
            read_packet(s)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
            tls = context.wrap_socket(s, server_side=True, suppress_ragged_eofs=True)
            read_packet(tls)
            tls.sendall(packet(3, OK))
            raw = unwrap(tls)
            raw.shutdown(socket.SHUT_RDWR)
            raw.close()
        with lab.Proxy(remote=self.serve(talk)) as proxy:
            c = RawClient(proxy.port, tls=True, login=False)
            c.send(2, c.login_payload("root", "shop"))
            c.expect_ok()
            c.socket.context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
            try:
                while c.socket.recv(100):
                    pass
            except ssl.SSLError:
                pass
            raw = unwrap(c.socket)
            try:
                raw.sendall(b"\x15\x03\x03\x00\x02\x02\x32")
            except OSError:
                pass
            raw.close()
            self.assert_ended(proxy, "the server closed the connection", "server_closed")
            self.assertEqual(proxy.counters()["tls_errors"], 0)
            self.assertEqual(proxy.records("error"), [])


class Certificate(Ends):
    """A client that does not trust the proxy's certificate has not logged in."""

    def check(self, context, reason):
        with lab.Proxy(remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            c = RawClient(proxy.port, login=False)
            c.greeting = c.read()
            c.send(1, struct.pack("<IIB", CAPABILITIES | SSL, 1 << 24, 45) + bytes(23))
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(c.socket, server_hostname="db.example").close()
                raise ssl.SSLError("it left without a login")
            c.close()
            auth, = proxy.settled("auth")
            self.assertNotIn("username", auth)
            self.assertEqual(auth["reason"], reason)
            self.assertIn(f"({reason}): {auth['info']}", proxy.admin("/records?event=auth&format=text").decode())
            return auth["info"], [r["info"] for r in proxy.records("error")]

    def test_during_the_handshake(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = context.maximum_version = version
            info, errors = self.check(context, "TLS with the client failed")
            self.assertEqual(info, "the client refused the certificate: TLS alert 48 (unknown CA)")
            self.assertEqual(errors, [info])

    def test_any_alert(self):
        """A client that ends the handshake by an alert, sent in clear: which alert, and whether it is about the certificate."""
        for alert, info in ((42, "refused the certificate: TLS alert 42 (bad certificate)"), (45, "refused the certificate: TLS alert 45"),
                            (46, "refused the certificate: TLS alert 46"), (40, "sent TLS alert 40 (handshake failure)"),
                            (70, "sent TLS alert 70 (protocol version)"), (200, "sent TLS alert 200 (unknown)")):
            with self.subTest(alert=alert), lab.Proxy(remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
                c = RawClient(proxy.port, login=False)
                c.read()
                c.send(1, struct.pack("<IIB", CAPABILITIES | SSL, 1 << 24, 45) + bytes(23))
                hello = ssl.MemoryBIO()
                with self.assertRaises(ssl.SSLWantReadError):
                    context_without_verification().wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
                c.send_bytes(hello.read())
                self.assertEqual(c.socket.recv(1)[:1], b"\x16")
                c.send_bytes(bytes([21, 3, 3, 0, 2, 2, alert]))
                while c.socket.recv(4096):
                    pass
                c.close()
                auth, = proxy.settled("auth")
                self.assertEqual(auth["reason"], "TLS with the client failed")
                self.assertIn(f"the client {info}", auth["info"])

    def test_after_it(self):
        info, errors = self.check(context_without_verification(), "the connection ended before the login")
        self.assertIn("it may not trust the certificate", info)
        self.assertEqual(errors, [])


class Refusals(Ends):
    """An ERR packet in place of the greeting: its number and its text are logged."""

    def test_any_sequence_number(self):
        for seq in (0, 1, 2):
            for state in (b"", b"#08004"):
                error = packet(seq, b"\xff\x10\x04" + state + b"Too many connections")

                def talk(s):
                    for i in range(len(error)):
                        s.sendall(error[i:i + 1])
                    s.shutdown(socket.SHUT_WR)
                    self.end_of(s)
                with self.subTest(seq=seq, state=state), lab.Proxy(remote=self.serve(talk), expect_lint=True) as proxy:
                    with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                        self.assertEqual(self.end_of(s), (error, "closed"))
                    auth, = proxy.settled("auth")
                    self.assertEqual((auth["errno"], auth["error"]), (1040, "Too many connections"))


BAD_HANDSHAKE = packet(2, b"\xff\x13\x04#08S01Bad handshake")
SSL_REQUEST = packet(1, struct.pack("<IIB", CAPABILITIES | SSL, 1 << 24, 45) + bytes(23))
NOT_A_LOGIN = "the client's first packet is not a login of protocol 4.1"


class Unreadable(Ends):
    """A client that does not speak TLS after it asked for it, and logins that can't be read: the server refuses them, and its error
    reaches the client and the log."""

    def answers(self, port, *parts, shut=False):
        """What a client gets that sends @p parts instead of a login."""
        s = socket.create_connection(("127.0.0.1", port), lab.PATIENCE_S)
        read_packet(s)
        for part in parts:
            s.sendall(part)
        if shut:
            s.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):  # the server closes before it has read everything
            while chunk := s.recv(4096):
                answer += chunk
        s.close()
        return answer

    def check(self, parts, reason, *args, server=None, shut=False, opaque=False, alert=b""):
        port = (server or lab.tls_server()).port
        with self.subTest(parts=parts, args=args), lab.Proxy(*args, remote=f"127.0.0.1:{port}", expect_opaque=opaque) as proxy:
            answer = self.answers(proxy.port, *parts, shut=shut)
            self.assertEqual(answer, alert + BAD_HANDSHAKE)
            if server is None:
                self.assertTrue(self.answers(port, *parts, shut=shut).endswith(BAD_HANDSHAKE))
            auth, = proxy.settled("auth")
            self.assertEqual((auth["errno"], auth["sqlstate"], auth["error"], auth["reason"]), (1043, "08S01", "Bad handshake", reason))

    def test_garbage_for_tls(self):
        failed = "TLS with the client failed"
        login = packet(2, struct.pack("<IIB", CAPABILITIES, 1 << 24, 45) + bytes(23) + b"root\0\0")
        for junk in b"SELECT 1 is no ClientHello", b"GET / HTTP/1.0\r\n\r\n", bytes(100), login:
            self.check((SSL_REQUEST, junk), failed)
        self.check((SSL_REQUEST + login,), failed)
        self.check((SSL_REQUEST, bytes.fromhex("16030100050100000100")), failed, alert=bytes.fromhex("15030300020232"))
        self.check((SSL_REQUEST,), failed, shut=True)
        for server in "preferred", "disabled":
            self.check((SSL_REQUEST, b"SELECT 1"), failed, "--tls-server", server, server=lab.server())

    def test_logins(self):
        head = struct.pack("<IIB", CAPABILITIES | 1 << 20, 1 << 24, 45) + bytes(23)
        for login in (head[:2], head[:10], head + b"root", head + b"root\0\xf0abc", b"\x05\xa6\0\0\0root\0\0",
                      head + b"root\0\0shop\0mysql_native_password\0\xfd\xff\xff\xff"):
            self.check((packet(1, login),), NOT_A_LOGIN, opaque=True)
        self.check((packet(1, b""),), "the client does not speak the MySQL protocol", opaque=True)

    def test_server_refuses_during_the_handshake(self):
        requested = threading.Event()

        def talk(s):
            s.sendall(TLS_GREETING)
            requested.wait(lab.PATIENCE_S)
            s.sendall(packet(1, b"\xff\x1d\x04#08S01Shutdown"))
        with lab.Proxy(remote=self.serve(talk)) as proxy:
            s = socket.create_connection(("127.0.0.1", proxy.port), lab.PATIENCE_S)
            read_packet(s)
            s.sendall(SSL_REQUEST)
            lab.wait_for(lambda: [v for v in proxy.json("/sessions")["sessions"] if v["bytes_sent"] == len(SSL_REQUEST)], "the request")
            requested.set()
            self.assertEqual(read_packet(s)[4:], b"\xff\x1d\x04#08S01Shutdown")
            s.close()
            self.assertEqual([(r["errno"], r["error"]) for r in proxy.settled("auth")], [(1053, "Shutdown")])

    def test_server_does_not_answer(self):
        port = self.serve(lambda s: (s.sendall(TLS_GREETING), read_packet(s)))
        with lab.Proxy(remote=port) as proxy:
            self.assertEqual(self.answers(proxy.port, SSL_REQUEST, b"garbage"), b"")
            auth, = proxy.settled("auth")
            self.assertNotIn("errno", auth)
            self.assertEqual(auth["reason"], "TLS with the client failed")

    def test_server_does_not_end(self):
        """It is given as long as the login may take."""
        port = self.serve(lambda s: (s.sendall(TLS_GREETING), s.recv(4096), s.recv(1)))
        with lab.Proxy("--limits-login-timeout-ms", "300", remote=port) as proxy:
            self.assertEqual(self.answers(proxy.port, SSL_REQUEST, b"garbage"), b"")
            self.assertEqual(proxy.settled("disconnect")[0]["reason"], "TLS with the client failed")


class ServerName(Ends):
    """The name for which a client asks within TLS (SNI) reaches the server."""

    def names_of(self, remote_name, asked, *args, version=None):
        """The names that a server is asked for in two sessions, of which the second resumes the TLS session of the first."""
        certificates = lab.tls_server().certificates
        names = []

        def talk(s):
            s.sendall(TLS_GREETING)
            read_packet(s)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.path("server.pem"), certificates.path("server.key"))
            context.sni_callback = lambda tls, name, context: names.append(name)
            with context.wrap_socket(s, server_side=True, suppress_ragged_eofs=True) as tls:
                read_packet(tls)
                tls.sendall(packet(3, OK))
                read_packet(tls)
        port = self.serve(talk, sessions=2).replace("127.0.0.1", remote_name)
        context = context_without_verification()
        if version:
            context.maximum_version = version
        session = None
        with lab.Proxy(*args, remote=port) as proxy:
            for _ in range(2):
                c = RawClient(proxy.port, login=False)
                c.read()
                c.capabilities |= SSL
                c.send(1, c.login_payload("", "")[:32])
                c.socket = context.wrap_socket(c.socket, server_hostname=asked, session=session)
                c.send(2, c.login_payload("root", "shop"))
                c.seq = 2
                c.expect_ok()
                self.assertEqual(c.socket.session_reused, session is not None)
                session = c.socket.session
                c.quit()
                proxy.idle()
        return names

    def test_name(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                self.assertEqual(self.names_of("127.0.0.1", "db.example", version=version), ["db.example"] * 2)

    def test_none(self):
        self.assertEqual(self.names_of("127.0.0.1", None), [None] * 2)

    def test_in_place_of_the_host(self):
        if not lab.knows_localhost():
            self.skipTest("this system does not know localhost")
        self.assertEqual(self.names_of("localhost", "db.example"), ["db.example"] * 2)
        self.assertEqual(self.names_of("localhost", None), ["localhost"] * 2)
        # whose certificate has to name the host of `remote`
        verify = ("--tls-server", "verify_identity", "--tls-server-ca", lab.tls_server().certificates.ca)
        self.assertEqual(self.names_of("localhost", "db.example", *verify), ["localhost"] * 2)


class Resets(Ends):
    """A connection that one side resets is reset on the other side, after what came before."""

    def check_server(self, before, end, half_closed=False):
        go = threading.Event()

        def talk(s):
            log_in(s)
            read_packet(s)
            s.sendall(before)
            go.wait(lab.PATIENCE_S)
            end(s)
        with lab.Proxy(remote=self.serve(talk)) as proxy:
            self.addCleanup(go.set)
            c = RawClient(proxy.port)
            c.send(0, b"\x03SELECT 1")
            if half_closed:
                c.socket.shutdown(socket.SHUT_WR)
            got = c.take(len(before))
            go.set()
            rest, how = self.end_of(c.socket)
            c.close()
            reason = proxy.settled("disconnect")[0]["reason"]
            self.assertEqual(got + rest, before)
            return how, reason

    def test_server(self):
        for before in (b"", packet(1, b"\1")):
            self.assertEqual(self.check_server(before, reset), ("reset", "the server reset the connection"))
        self.assertEqual(self.check_server(b"", socket.socket.close), ("closed", "the server closed the connection"))

    def test_server_when_the_client_has_ended(self):
        self.assertEqual(self.check_server(b"", reset, half_closed=True), ("reset", "the client closed the connection"))

    def test_server_while_the_client_does_not_read(self):
        """All that the server wrote arrives before the end, whatever that is."""
        body = os.urandom(3 << 20)

        def talk(s):
            s.sendall(body)
            lab.wait_for(lambda: struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"1234"))[0] == 0, "the proxy to have read it")
            reset(s)
        with lab.Proxy(remote=self.serve(talk), expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                lab.wait_for(lambda: proxy.counters()["bytes_received"] == len(body), "the server to have ended")
                got, _ = self.end_of(s)
            self.assertEqual(len(got), len(body))

    def test_client(self):
        ends = []

        def talk(s):
            log_in(s)
            try:
                while s.recv(100):
                    pass
                ends.append("closed")
            except ConnectionResetError:
                ends.append("reset")
        for end, how, reason in ((reset, "reset", "the client reset the connection"),
                                 (socket.socket.close, "closed", "the client closed the connection")):
            with lab.Proxy(remote=self.serve(talk)) as proxy:
                c = RawClient(proxy.port)
                end(c.socket)
                self.assertEqual(proxy.settled("disconnect")[0]["reason"], reason)
                lab.wait_for(lambda: ends, "the server's connection to end")
                self.assertEqual(ends.pop(), how)


class Durations(Ends):
    def test_server_closes_during_a_query(self):
        """The client stays half a second; its query had ended before."""
        for end in (lambda s: s.shutdown(socket.SHUT_WR), socket.socket.close):
            asked = threading.Event()

            def talk(s):
                log_in(s)
                read_packet(s)
                asked.set()
                end(s)
                if s.fileno() >= 0:
                    while s.recv(100):
                        pass
            with self.subTest(end=end), lab.Proxy("--limits-half-close-timeout-ms", "500", remote=self.serve(talk)) as proxy:
                c = RawClient(proxy.port)
                c.send(0, b"\x03SELECT 1")
                self.assertEqual(c.socket.recv(1), b"")
                query, = proxy.settled("query")
                c.close()
                self.assertEqual(query["reason"], "the connection ended before the reply did")
                session = proxy.records("disconnect")[0]
                self.assertGreater(session["duration_us"], 500_000)
                self.assertLess(query["duration_us"], session["duration_us"] - 400_000)


class Silence(Ends):
    """A server that accepts, and sends no greeting."""

    def check(self, leave, reason, name, *args):
        gone = threading.Event()
        remote = self.serve(lambda s: gone.wait(lab.PATIENCE_S))
        self.addCleanup(gone.set)
        with lab.Proxy(*args, remote=remote) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                proxy.wait_record(lambda r: r["event"] == "connect", "the connection to the server")
                leave(s)
                self.assert_ended(proxy, reason, name)

    def test_client_leaves(self):
        for leave in (socket.socket.close, reset, lambda s: s.shutdown(socket.SHUT_WR)):
            self.check(leave, "the client left before the server sent a greeting", "no_greeting",
                       "--limits-half-close-timeout-ms", "200")

    def test_client_waits(self):
        self.check(lambda s: self.assertIn(b"sent no greeting", b"".join(iter(lambda: s.recv(1000), b""))),
                   "the server sent no greeting within limits.connect_timeout_ms", "greeting_timeout",
                   "--limits-connect-timeout-ms", "200")


if __name__ == "__main__":
    unittest.main()
