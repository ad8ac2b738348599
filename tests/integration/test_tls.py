"""TLS on either side of the proxy, against a MariaDB that has it."""
import os
import socket
import ssl
import struct
import threading
import unittest

import pymysql

import lab
from rawclient import CAPABILITIES, Gone, RawClient, Refused, SSL, context_without_verification, packet

MIB = 1024 * 1024


def connect(port, tls, user="pw", host="127.0.0.1", **more):
    return pymysql.connect(host=host, port=port, user=user, password="secret", database="shop",
                           ssl=context_without_verification() if tls else None, **more)


def warm_workers(proxy):
    """A TLS session on each worker: a thread's first one makes OpenSSL's state of that thread, which stays."""
    for connection in [connect(proxy.port, True) for _ in range(lab.WORKERS)]:
        connection.close()
    proxy.settled()


def held(proxy):
    """Blocks by stage, without the texts in OpenSSL's error queue: each thread has 16 entries, which keep their buffers for the next
    errors (ERR_clear_error only empties them: err_clear_data in crypto/err/err_local.h, OpenSSL 3.0)."""
    blocks = proxy.held()
    blocks["tls"] -= sum(b["allocs"] - b["frees"] for b in proxy.json("/births?n=16384")["births"] if b["stage"] == "tls" and
                         {f.get("function") for f in b["stack"]} & {"ERR_vset_error", "ERR_add_error_vdata"})
    return blocks


def connect_again(proxy):
    """A session after faults. If an allocation failed while OpenSSL made new blinding factors of the RSA key, as it does for every 32nd
    signature, its next 31 signatures are wrong (BN_BLINDING_create_param in crypto/bn/bn_blind.c, OpenSSL 3.0)."""
    for _ in range(31):
        try:
            return connect(proxy.port, True)
        except pymysql.err.OperationalError as error:
            if "BAD_SIGNATURE" not in str(error):
                raise
    return connect(proxy.port, True)


def tls_of(connection):
    """What the server sees."""
    with connection.cursor() as c:
        c.execute("SHOW STATUS LIKE 'Ssl_version'")
        return c.fetchone()[1] != ""


class Modes(unittest.TestCase):
    def proxy(self, client, server, *more, name="127.0.0.1", **keywords):
        return lab.Proxy("--tls-client", client, "--tls-server", server, *more,
                         remote=f"{name}:{lab.tls_server().port}", **keywords)

    def check(self, proxy, tls, server_tls):
        """A login with or without TLS; what the server sees and what the record tells agree."""
        connection = connect(proxy.port, tls)
        self.assertEqual(tls_of(connection), server_tls)
        connection.close()
        auth = proxy.settled("auth")[-1]
        self.assertEqual((auth.get("tls", "-")[:4], auth.get("remote_tls", "-")[:4]),
                         ("TLSv" if tls else "-", "TLSv" if server_tls else "-"))
        self.assertEqual(auth["auth_path"], "mysql_native_password")
        self.assertEqual(proxy.records("query")[-1]["command"], "COM_QUIT")
        return auth

    def test_even(self):
        """By default each side is as the other."""
        with self.proxy("preferred", "as_client") as proxy:
            self.check(proxy, False, False)
            auth = self.check(proxy, True, True)
            self.assertIn("SSL", auth["server_capabilities"])
            self.assertIn("SSL", auth["capabilities"])
            self.assertNotIn("capabilities_removed", auth)
            self.assertEqual(proxy.counters()["tls_sessions"], 1)

    def test_uneven(self):
        for server, tls, server_tls in (("disabled", True, False), ("disabled", False, False), ("required", False, True),
                                        ("preferred", False, True), ("required", True, True)):
            with self.subTest(server=server, tls=tls), self.proxy("preferred", server) as proxy:
                self.check(proxy, tls, server_tls)

    def test_a_server_without_tls(self):
        remote = f"127.0.0.1:{lab.server().port}"
        with lab.Proxy("--tls-server", "preferred", remote=remote) as proxy:
            auth = self.check(proxy, True, False)
            self.assertEqual(auth["capabilities_added"], ["SSL"])
            self.assertNotIn("SSL", auth["server_capabilities"])
        for args in (("--tls-server", "required"), ("--tls-client", "required")):
            with self.subTest(args=args), lab.Proxy(*args, remote=remote) as proxy:
                with self.assertRaises(pymysql.err.OperationalError) as refused:
                    connect(proxy.port, False)
                self.assertEqual(refused.exception.args[0], 1429)
                self.assertIn("does not offer", refused.exception.args[1])

    def test_required(self):
        with self.proxy("required", "as_client") as proxy:
            with self.assertRaises(pymysql.err.OperationalError) as refused:
                connect(proxy.port, False)
            self.assertEqual(refused.exception.args[0], 3159)
            self.check(proxy, True, True)

    def test_disabled(self):
        with self.proxy("disabled", "as_client") as proxy:
            auth = self.check(proxy, False, False)
            self.assertEqual(auth["capabilities_removed"], ["SSL"])
            run = lab.run("mariadb", "--no-defaults", "-h127.0.0.1", f"-P{proxy.port}", "-upw", "-psecret", "--ssl-verify-server-cert",
                          "-e", "SELECT 1")
            self.assertIn(b"SSL is required, but the server does not support it", run.stderr)

    def test_passthrough(self):
        with self.proxy("passthrough", "as_client", expect_opaque=True) as proxy:
            connection = connect(proxy.port, True)
            self.assertTrue(tls_of(connection))
            connection.close()
            notice = proxy.settled("notice")[0]
            self.assertEqual(notice["reason"], "the session is encrypted: tls.client is passthrough")
            self.check(proxy, False, False)

    def test_accounts_that_want_it(self):
        with self.proxy("preferred", "as_client") as proxy:
            connect(proxy.port, True, user="tls").close()
            with self.assertRaises(pymysql.err.OperationalError):
                connect(proxy.port, False, user="tls")
        certificates = lab.tls_server().certificates
        with self.proxy("disabled", "required", "--tls-server-certificate", certificates.path("client.pem"),
                        "--tls-server-key", certificates.path("client.key")) as proxy:
            connect(proxy.port, False, user="x509").close()

    def test_verified(self):
        ca = lab.tls_server().certificates.ca
        with self.proxy("preferred", "verify_identity", "--tls-server-ca", ca) as proxy:
            self.check(proxy, True, True)
        with self.proxy("preferred", "verify_ca") as proxy:
            with self.assertRaises(pymysql.err.OperationalError) as refused:
                connect(proxy.port, True)
            self.assertIn("certificate verify failed", refused.exception.args[1])
            self.assertEqual(refused.exception.args[0], 1429)
            proxy.wait_record(lambda r: r["event"] == "disconnect" and "TLS with the server failed" in r["reason"], "the end")
            self.assertEqual(proxy.counters()["tls_errors"], 1)

    @unittest.skipUnless(lab.knows_localhost(), "this system does not know localhost")
    def test_verified_by_name(self):
        with self.proxy("preferred", "verify_identity", "--tls-server-ca", lab.tls_server().certificates.ca, name="localhost") as proxy:
            self.check(proxy, True, True)

    def test_certificates(self):
        """The proxy's own is kept over starts, and clients can verify it; so can they one that is given."""
        state = os.path.join(lab.FOLDER, "own-certificate")

        def shown(*args):
            with self.proxy("preferred", "as_client", *args) as proxy:
                context = ssl.create_default_context(cafile=self.ca)
                # the certificate names 127.0.0.1 too: not every machine knows localhost
                connection = pymysql.connect(host="127.0.0.1", port=proxy.port, user="pw", password="secret", ssl=context)
                certificate = connection._sock.getpeercert(binary_form=True)
                connection.close()
                return certificate
        with self.proxy("preferred", "as_client", "--tls-directory", state):
            pass
        self.ca = os.path.join(state, "ca.pem")
        self.assertEqual(os.stat(os.path.join(state, "server.pem")).st_mode & 0o777, 0o600)
        self.assertEqual(shown("--tls-directory", state), shown("--tls-directory", state))
        certificates = lab.tls_server().certificates
        self.ca = certificates.ca
        with open(certificates.path("server.pem")) as f:
            given = ssl.PEM_cert_to_DER_cert(f.read())
        self.assertEqual(shown("--tls-certificate", certificates.path("server.pem"), "--tls-key",
                               certificates.path("server.key")), given)

    def test_names(self):
        """The generated certificate names what the settings say; one that was generated before them is kept, and what it lacks is reported."""
        state = os.path.join(lab.FOLDER, "named-certificate")
        args = ("--tls-directory", state, "--tls-names", "db.example, *.shop.example, 10.1.2.3")
        with self.proxy("preferred", "as_client", *args) as proxy:
            context = ssl.create_default_context(cafile=os.path.join(state, "ca.pem"))
            for name in "db.example", "eu.shop.example", "10.1.2.3", "127.0.0.1":
                c = RawClient(proxy.port, login=False)
                c.read()
                c.send(1, struct.pack("<IIB", CAPABILITIES | SSL, 1 << 24, 45) + bytes(23))
                context.wrap_socket(c.socket, server_hostname=name).close()
            self.assertNotIn(b"does not name", proxy.stderr())
        with self.proxy("preferred", "as_client", "--tls-directory", state, "--tls-names", "db.example,new.example",
                        "--listen", "127.0.0.2:0") as proxy:
            self.assertIn(b"the certificate does not name 127.0.0.2, new.example (listen, tls.names)", proxy.stderr())

    def test_wrong_files(self):
        proxy = self.proxy("preferred", "as_client", "--tls-certificate", "/nonexistent.pem", wait=False)
        self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 2)
        self.assertIn(b"the certificate can't be read '/nonexistent.pem': No such file", proxy.stderr())
        proxy.err.close()

    def test_key_log(self):
        path = os.path.join(lab.FOLDER, "key.log")
        with self.proxy("preferred", "as_client", "--tls-key-log", path) as proxy:
            self.check(proxy, True, True)
        with open(path) as f:
            labels = {line.split()[0] for line in f}
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertIn("CLIENT_TRAFFIC_SECRET_0", labels)


class Bytes(unittest.TestCase):
    """Nothing is lost or changed under TLS, whatever the bytes are cut into and however it ends."""

    def setUp(self):
        self.proxy = lab.Proxy(remote=f"127.0.0.1:{lab.tls_server().port}")
        self.addCleanup(self.proxy.stop)

    def client(self, **more):
        return RawClient(self.proxy.port, tls=True, **more)

    def test_large(self):
        c = self.client()
        c.send(0, b"\x03SELECT REPEAT('x', %d)" % (64 * MIB))
        c.read(), c.read(), c.read()
        row = c.read()
        self.assertEqual(len(row), 64 * MIB + 9)
        self.assertEqual(row[9:].count(b"x"), 64 * MIB)
        c.read()
        self.assertEqual(c.query(b"SELECT LENGTH('" + b"y" * (20 * MIB) + b"')"), 1)
        c.quit()
        queries = self.proxy.settled("query")
        self.assertEqual([q.get("rows") for q in queries], [1, 1, None])

    def test_slow_reader(self):
        """More than all buffers on the way hold: the server waits, and nothing is lost."""
        c = self.client()
        c.send_bytes(packet(0, b"\x03SELECT REPEAT('z', %d)" % (32 * MIB)) + packet(0, b"\x01"))
        lab.wait_for(lambda: self.proxy.counters()["bytes_received"] > MIB, "the first bytes")
        c.read(), c.read(), c.read()
        self.assertEqual(len(c.read()), 32 * MIB + 9)
        c.read()
        with self.assertRaises(Gone):
            c.read()

    def test_killed(self):
        """The server's last words arrive."""
        c = self.client()
        c.query("SELECT 1")
        number = self.proxy.wait_record(lambda r: r["event"] == "query", "the query")["server_conn_id"]
        lab.tls_server().sql(f"KILL {number}")
        with self.assertRaises((Gone, Refused)):
            c.read()
            c.query("SELECT 2")
        c.close()
        self.proxy.settled()

    def test_abrupt_end_of_the_client(self):
        c = self.client()
        c.query("SELECT 1")
        raw = socket.socket(fileno=os.dup(c.socket.fileno()))
        c.socket.detach()
        raw.shutdown(socket.SHUT_RDWR)  # without close_notify
        raw.close()
        self.assertEqual(self.proxy.settled("disconnect")[0]["reason"], "the client closed the connection")

    def test_hello_behind_the_request(self):
        """SSLRequest and ClientHello in one segment, then byte by byte."""
        for single in (False, True):
            s = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=lab.PATIENCE_S)
            s.recv(4096)
            context = context_without_verification()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing)
            with self.assertRaises(ssl.SSLWantReadError):
                tls.do_handshake()
            first = packet(1, RawClient.login_payload(type("", (), {"capabilities": CAPABILITIES | SSL}), "", "")[:32])
            data = first + outgoing.read()
            for part in [data[i:i + 1] for i in range(len(data))] if single else [data]:
                s.sendall(part)
            while True:
                incoming.write(s.recv(65536))
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    s.sendall(outgoing.read())
            tls.write(packet(2, RawClient.login_payload(type("", (), {"capabilities": CAPABILITIES | SSL}), "root", "shop")))
            s.sendall(outgoing.read())
            answer = b""
            while not answer:
                incoming.write(s.recv(65536))
                try:
                    answer = tls.read(4096)
                except ssl.SSLWantReadError:
                    pass
            self.assertEqual(answer[4:5], b"\0")
            s.close()
        self.assertEqual(len(self.proxy.settled("auth")), 2)

    def test_garbage_for_a_hello(self):
        s = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=lab.PATIENCE_S)
        s.recv(4096)
        s.sendall(packet(1, RawClient.login_payload(type("", (), {"capabilities": CAPABILITIES | SSL}), "", "")[:32]))
        s.sendall(b"SELECT 1 is no ClientHello")
        while s.recv(4096):
            pass
        s.close()
        end = self.proxy.settled("disconnect")[0]
        self.assertEqual(end["reason"], "TLS with the client failed")
        self.assertEqual(self.proxy.counters()["closed_client_tls"], 1)

    def test_many_at_once(self):
        def work():
            connection = connect(self.proxy.port, True)
            with connection.cursor() as c:
                for i in range(50):
                    c.execute("SELECT %s, REPEAT('a', %s)", (i, i * 100))
                    self.assertEqual(c.fetchone(), (i, "a" * (i * 100)))
            connection.close()
        threads = [threading.Thread(target=work) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sum("SELECT" in q.get("query", "") for q in self.proxy.settled("query")), 800)

    def test_memory_returns(self):
        warm_workers(self.proxy)
        before = self.proxy.held()
        for _ in range(20):
            connect(self.proxy.port, True).close()
        self.proxy.idle()
        self.proxy.await_held(before)

    def test_faults(self):
        """Allocations fail, OpenSSL's too: the client sees a closed connection or all of its result."""
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1",
                       remote=f"127.0.0.1:{lab.tls_server().port}", expect_opaque=True) as proxy:
            connect(proxy.port, True).close()
            proxy.idle()
            proxy.settled()
            before = held(proxy)
            closed = 0
            host = "localhost" if lab.knows_localhost() else "127.0.0.1"  # a name for SNI, if there is one
            for nth in range(1, 1200 if lab.LONG else 400, 1 if lab.LONG else 7):
                proxy.post(f"/fault?nth={nth}")
                try:
                    connection = connect(proxy.port, True, host=host, connect_timeout=lab.PATIENCE_S, read_timeout=lab.PATIENCE_S)
                    with connection.cursor() as c:
                        c.execute("SELECT 7")
                        self.assertEqual(c.fetchone(), (7,))
                    connection.close()
                except (pymysql.err.MySQLError, OSError):
                    closed += 1
            proxy.post("/fault?nth=0")
            self.assertGreater(closed, 0)
            proxy.idle()
            connect_again(proxy).close()
            proxy.idle()
            lab.wait_for(lambda: held(proxy) == before, f"the stages to return to {before}")
