"""A laboratory for the tests: a private MariaDB, proxies in front of it, and what is needed to look at both.

Everything lives in one temporary folder, on free ports of the loopback, and is gone at the end. Nothing here sleeps for
a fixed time to wait for something: wait_for polls a condition.
"""
import atexit
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if "QUERYTAP_TEST_ENVIRONMENT" not in os.environ:
    # The caller's locale, home, proxies, options of clients … must not matter: start anew without them.
    ENVIRONMENT = os.path.join(TOP, "tests", "environment")
    sys.stdout.flush()
    os.execv(ENVIRONMENT, [ENVIRONMENT, sys.executable, *sys.orig_argv[1:]])

BUILD = os.environ.get("QUERYTAP_BUILD", os.path.join(TOP, "build"))
BINARY = os.path.join(BUILD, "querytap")
LONG = os.environ.get("QUERYTAP_LONG") == "1"
SANITIZED = re.compile(rb"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:")


def is_sanitized():
    """Is the program built with a sanitizer of addresses or threads? Then all takes several times as long."""
    with open(BINARY, "rb") as f:
        program = f.read()
    return b"__asan_init" in program or b"__tsan_init" in program

# Sanitizers make everything slower; a wait ends when its condition holds, so a long limit costs nothing.
PATIENCE_S = 60
# How long servers wait for a login. Their default of 10 s is too short for the TLS of a Java client on a busy machine.
LOGIN_S = 600

# Stages that keep something for good: digests the shapes seen so far, libevent a small struct for each file descriptor that a loop (of a worker, of the
# admin port) has seen, and the profiler its table and a block of counters a thread.
CACHES = ("worker", "admin", "profile", "digest")

FOLDER = tempfile.mkdtemp(prefix="querytap-test-")
os.environ["HOME"] = os.path.join(FOLDER, "home")
os.mkdir(os.environ["HOME"])
CACHE = os.environ["QUERYTAP_CACHE"]
os.environ["NODE_PATH"] = os.path.join(CACHE, "node", "node_modules")  # what script/node-drivers made
# The machine's number of processors must not matter either; two are enough for what happens between workers.
WORKERS = 2


def wait_for(condition, what, seconds=PATIENCE_S):
    """Poll until condition() is true and return its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def knows_localhost():
    """Whether this machine resolves the name; a fresh debootstrap root does not."""
    try:
        return ("127.0.0.1", 0) in [a[4] for a in socket.getaddrinfo("localhost", None)]
    except OSError:
        return False


def make_template():
    """The tables of a fresh MariaDB, which each server copies: a folder. The processes of one run share it."""
    folder = os.environ.setdefault("QUERYTAP_TEMPLATE", os.path.join(FOLDER, "template"))
    if not os.path.isdir(folder):
        user = ["--user=root"] if os.geteuid() == 0 else []
        done = subprocess.run(["mariadb-install-db", "--no-defaults", "--force", f"--datadir={folder}.new", "--innodb-log-file-size=16M",
                               "--auth-root-authentication-method=normal", "--skip-test-db", *user], capture_output=True, text=True,
                              env=dict(os.environ, TMPDIR=FOLDER))
        if done.returncode != 0:
            raise AssertionError("mariadb-install-db: " + done.stdout + done.stderr)
        os.rename(f"{folder}.new", folder)
    return folder


class Server:
    """A private MariaDB with an empty schema `shop`, root without a password, and user pw/secret.

    Its folder for temporary files is its own: a server that starts removes all others' temporary tables from there."""

    def __init__(self, name="mariadb", options=()):
        self.folder = os.path.join(FOLDER, name)
        self.socket = os.path.join(self.folder, "s")
        self.general_log = os.path.join(self.folder, "general.log")
        self.port = free_port()
        user = ["--user=root"] if os.geteuid() == 0 else []
        os.makedirs(self.folder)
        data = os.path.join(self.folder, "data")
        subprocess.run(["cp", "-a", make_template(), data], check=True)
        self.log = open(os.path.join(self.folder, "server.log"), "wb")
        plugins = os.path.join(CACHE, "mariadb-plugins", "plugin")  # what script/mariadb-plugins made
        if os.path.isdir(plugins):
            options = [f"--plugin-dir={plugins}", *options]
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--socket={self.socket}", f"--port={self.port}",
             "--bind-address=127.0.0.1", "--skip-name-resolve", "--max-allowed-packet=1G", "--max-connections=2000", f"--connect-timeout={LOGIN_S}",
             "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--local-infile=1",
             f"--general-log-file={self.general_log}", "--innodb-buffer-pool-size=64M", "--log-warnings=1", *options],
            stdout=self.log, stderr=self.log, env=dict(os.environ, TMPDIR=self.folder))
        atexit.register(self.stop)
        wait_for(self.answers, "MariaDB to start")
        self.sql("CREATE DATABASE shop; CREATE USER pw@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pw@'%';"
                 "CREATE USER root@'127.0.0.1'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;"
                 if not self.sql("SELECT 1 FROM mysql.user WHERE user='root' AND host='127.0.0.1'").strip() else
                 "CREATE DATABASE shop; CREATE USER pw@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pw@'%'")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("MariaDB ended: " + open(self.log.name).read()[-2000:])
        return subprocess.run(["mariadb", "--no-defaults", "-uroot", f"-S{self.socket}", "-e", "SELECT 1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def sql(self, text, database=None):
        run = subprocess.run(["mariadb", "--no-defaults", "-uroot", f"-S{self.socket}", "-N", *([database] if database else [])],
                             input=text, text=True, capture_output=True)
        if run.returncode != 0:
            raise AssertionError(run.stderr)
        return run.stdout

    def state(self):
        """What the tests of other modules rely on: the accounts, the schemas, and the global variables."""
        return set(self.sql("SELECT CONCAT('account ', User, '@', Host, ' ', Priv) FROM mysql.global_priv UNION ALL "
                            "SELECT CONCAT('schema ', schema_name) FROM information_schema.schemata UNION ALL "
                            "SELECT CONCAT('variable ', variable_name, ' ', variable_value) FROM information_schema.global_variables "
                            "WHERE variable_name NOT LIKE 'gtid%'").splitlines())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


_server = None
_tls_server = None
proxies = set()  # that run: an interrupted test does not stop its own


def server():
    """The MariaDB of this run, started when it is first needed."""
    global _server
    if _server is None:
        _server = Server()
        _server.began = _server.state()
    return _server


def end_changed_servers():
    """End the servers that the last module has left other than they began, so that the next one gets new ones.

    @return what is missing, a line for each account, schema or variable"""
    global _server, _tls_server
    missing = []
    for one in (_server, _tls_server):
        lines = sorted(one.began - one.state()) if one is not None else []
        if lines:
            missing += lines
            one.stop()
            shutil.rmtree(one.folder)
            if one is _tls_server:
                shutil.rmtree(one.certificates.folder)
            _server, _tls_server = (None if s is one else s for s in (_server, _tls_server))
    return missing


class Certificates:
    """An authority of our own, and what it signed for localhost."""

    def __init__(self):
        self.folder = os.path.join(FOLDER, "certificates")
        os.makedirs(self.folder)
        self.ca = self.path("ca.pem")
        with open(self.path("names"), "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "9",
                     "-subj", "/CN=an authority")
        for name in ("server", "client"):
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                         "-subj", f"/CN={name}")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                         "-out", f"{name}.pem", "-days", "9", "-extfile", "names")

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tls_server():
    """A second MariaDB, with TLS; its user tls/secret must use it, x509/secret must show a certificate."""
    global _tls_server
    if _tls_server is None:
        certificates = Certificates()
        _tls_server = Server("mariadb-tls", ["--plugin-maturity=unknown", "--log-bin=binlog", "--server-id=1",
                                             f"--ssl-ca={certificates.ca}", f"--ssl-cert={certificates.path('server.pem')}",
                                             f"--ssl-key={certificates.path('server.key')}"])
        _tls_server.certificates = certificates
        _tls_server.sql("CREATE USER tls@'%' IDENTIFIED BY 'secret' REQUIRE SSL; GRANT ALL ON *.* TO tls@'%';"
                        "CREATE USER x509@'%' IDENTIFIED BY 'secret' REQUIRE X509; GRANT ALL ON *.* TO x509@'%'")
        _tls_server.began = _tls_server.state()
    return _tls_server


def mysql9_root():
    """The folder that script/mysql9 made, or None."""
    folder = os.environ.get("QUERYTAP_MYSQL9") or os.path.join(CACHE, "mysql9")
    return folder if os.access(os.path.join(folder, "bin", "mysqld"), os.X_OK) else None


class Mysql9(Server):
    """A private MySQL 9, with the certificates that it makes for itself; users of each of its login plugins."""

    def __init__(self):
        self.home = mysql9_root()
        self.folder = tempfile.mkdtemp(prefix="mysql9-", dir=FOLDER)
        self.socket = os.path.join(self.folder, "s")
        self.port = free_port()
        root = os.path.join(self.home, "root", "usr")
        self.data = os.path.join(self.folder, "data")
        common = ["--no-defaults", *(["--user=root"] if os.geteuid() == 0 else []), f"--datadir={self.data}", f"--basedir={root}",
                  f"--lc-messages-dir={root}/share/mysql", f"--character-sets-dir={root}/share/mysql/charsets",
                  f"--plugin-dir={root}/lib/mysql/plugin"]
        mysqld = os.path.join(self.home, "bin", "mysqld")
        self.log = open(os.path.join(self.folder, "server.log"), "wb")
        subprocess.run([mysqld, *common, "--initialize-insecure"], check=True, stdout=self.log, stderr=self.log, env=dict(os.environ, TMPDIR=self.folder))
        self.process = subprocess.Popen(
            [mysqld, *common, f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1", "--mysqlx=OFF", "--secure-file-priv=",
             "--local-infile=1", "--max-allowed-packet=1G", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
             f"--connect-timeout={LOGIN_S}", "--max-connections=500", "--log-error-verbosity=1"],
            stdout=self.log, stderr=self.log, env=dict(os.environ, TMPDIR=self.folder))
        atexit.register(self.stop)
        wait_for(self.answers, "MySQL to start")
        self.sql("CREATE DATABASE shop; CREATE USER pw@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pw@'%';"
                 "CREATE USER sha256@'%' IDENTIFIED WITH sha256_password BY 'secret'; GRANT ALL ON *.* TO sha256@'%';"
                 "CREATE USER bare@'%' IDENTIFIED BY ''; GRANT ALL ON *.* TO bare@'%'")

    @property
    def ca(self):
        return os.path.join(self.data, "ca.pem")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("MySQL ended; see its log")
        try:
            self.sql("SELECT 1")
            return True
        except AssertionError:
            return False

    def sql(self, text, database=None):
        run = subprocess.run([os.path.join(self.home, "bin", "mysql"), "--no-defaults", "-uroot", f"-S{self.socket}", "-N",
                              *([database] if database else [])], input=text, text=True, capture_output=True)
        if run.returncode != 0:
            raise AssertionError(run.stderr)
        return run.stdout


class OnMariaDB:
    """For tests that run on each server: self.server, and self.user, who has no password there. make_table() is theirs."""
    user = "root"

    @classmethod
    def setUpClass(cls):
        cls.server = server()
        cls.make_table()


class OnMysql9:
    """The same on a MySQL 9 of their own."""
    user = "bare"

    @classmethod
    def setUpClass(cls):
        cls.server = Mysql9()
        cls.addClassCleanup(cls.server.stop)
        cls.make_table()


class Proxy:
    """A running querytap; use it with `with`. Its end is checked: exit status 0, no word from a sanitizer."""
    numbers = itertools.count(1)

    def __init__(self, *args, remote=None, listen="127.0.0.1:0", log=True, expect_opaque=False, expect_lint=None, env=None, wait=True, preexec=None, pass_fds=()):
        base = os.path.join(FOLDER, f"proxy-{next(Proxy.numbers)}")
        self.log_path = base + ".log"
        self.err_path = base + ".err"
        self.expect_opaque = expect_opaque
        # stand-ins for servers break rules on purpose, as a client without any sense does
        self.expect_lint = expect_opaque if expect_lint is None else expect_lint
        self.remote = f"127.0.0.1:{server().port}" if remote is None else remote
        argv = [BINARY, "proxy", *(["-r", self.remote] if self.remote else []),  # "": a settings file says it
                *(["--log", self.log_path] if log is True else []),
                *(["-l", listen] if listen and not any(a.startswith(("-l", "--listen")) for a in args) else []),  # "": likewise
                *(["--admin", "127.0.0.1:0"] if not any(a.startswith("--admin") for a in args) else []),
                *(["--limits-shutdown-timeout-ms", "0"] if "--limits-shutdown-timeout-ms" not in args else []),
                *(["--workers", str(WORKERS)] if "--workers" not in args else []), *args]
        self.err = open(self.err_path, "wb")
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0",
                           XDG_STATE_HOME=os.path.join(FOLDER, "state"), **(env or {}))
        self.process = subprocess.Popen(argv, stdout=self.err if log is not False else subprocess.DEVNULL, stderr=self.err,
                                        env=environment, preexec_fn=preexec, pass_fds=pass_fds)
        proxies.add(self.process)
        if wait:
            started = wait_for(self.started, "the proxy to start")
            self.listen = started[1].decode()
            self.admin_addr = started[2].decode()
            self.port = int(self.listen.rsplit(":", 1)[1]) if not self.listen.startswith("unix:") else None

    def started(self):
        found = re.search(rb"listening on (\S+), forwarding to .+, admin port (\S+)", self.stderr())
        if not found and self.process.poll() is not None:
            raise AssertionError("the proxy ended: " + self.stderr().decode())
        return found

    def stderr(self):
        with open(self.err_path, "rb") as f:
            return f.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            sys.stderr.write(self.stderr().decode(errors="replace")[-3000:])
        self.stop(kind is None)

    def stop(self, check=True):
        if self.process.poll() is None:
            if check and not self.expect_opaque:
                assert self.counters()["opaque"] == 0, "sessions went opaque"
            if check and not self.expect_lint and self.counters()["lint"] > 0:
                found = [r for r in self.records("lint")] if os.path.exists(self.log_path) else "(no log)"
                raise AssertionError(f"rules of the protocol were broken: {found}")
            self.process.send_signal(signal.SIGTERM)
        proxies.discard(self.process)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the proxy does not stop: " + self.stderr().decode()[-2000:])
        self.err.close()
        if check:
            assert not SANITIZED.search(self.stderr()), self.stderr().decode(errors="replace")[-6000:]
            assert status == 0, f"exit status {status}: " + self.stderr().decode(errors="replace")[-3000:]

    # --- the admin port

    def admin(self, path, data=None, headers=None):
        if self.admin_addr.startswith("unix:"):
            return run("curl", "-sSf", *(["-d", "@-"] if data is not None else []), "--unix-socket", self.admin_addr[5:], f"http://localhost{path}",
                       input=data, check=True).stdout
        request = urllib.request.Request(f"http://{self.admin_addr}{path}", data=data, headers=headers or {})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read()

    def post(self, path):
        return self.admin(path, data=b"")

    def json(self, path):
        return json.loads(self.admin(path + ("&" if "?" in path else "?") + "format=json"))

    def counters(self):
        return self.json("/counters")

    def idle(self):
        """Wait until all sessions are gone."""
        wait_for(lambda: self.counters()["sessions"] == 0, "all sessions to end")

    def stages(self):
        return {s["stage"]: s["current_count_used"] for s in self.json("/stages")["stages"]}

    def held(self):
        """Blocks by stage, without what keeps something for good."""
        return {stage: n for stage, n in self.stages().items() if stage not in CACHES}

    def await_held(self, before):
        """Wait until each stage holds what it held: the log's writer is the last to let go of a session."""
        try:
            wait_for(lambda: self.held() == before, f"the stages to return to {before}")
        except AssertionError as error:
            now = self.held()
            stages = {stage for stage in now if now[stage] != before.get(stage)}
            kept = [(b["stage"], b.get("function"), b["size"], b["allocs"] - b["frees"], [p.get("function") or p.get("module") for p in b["stack"]])
                    for b in self.json("/births?n=16384")["births"] if b["stage"] in stages and b["allocs"] != b["frees"]]
            raise AssertionError(f"{error}; now {now}; not freed: {kept}") from error

    # --- the log

    def records(self, event=None):
        """The records that the log has now. If its last line is just being written, wait for the end of that line."""
        def whole():
            with open(self.log_path, "rb") as f:
                log = f.read()
            return (log,) if log == b"" or log.endswith(b"\n") else None
        found = [json.loads(line) for line in wait_for(whole, "the end of the log's last line")[0].split(b"\n")[:-1]]
        return [r for r in found if event is None or r["event"] == event]

    def settled(self, event=None):
        """The records once nothing more is on its way: all sessions gone, all their disconnects written."""
        self.idle()

        seen = {}

        def complete():
            try:
                records = self.records()
            except ValueError as error:
                seen["log"] = repr(error)[:400]
                return False
            counters = self.counters()
            ends = sum(r["event"] == "disconnect" for r in records)
            closed = sum(v for k, v in counters.items()
                         if k.startswith("closed_") and k not in ("closed_too_many_sessions", "closed_out_of_memory"))
            seen.update(log="whole", ends=ends, closed={k: v for k, v in counters.items() if k.startswith("closed_") and v > 0},
                        dropped=counters["log_dropped"], torn=counters["log_torn"], errors=counters["log_errors"])
            return ends >= closed
        try:
            wait_for(complete, "the log to be written")
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen}; {self.stderr().decode(errors='replace')[-1000:]}") from error
        return self.records(event)

    def wait_record(self, condition, what):
        def found():
            try:
                return [r for r in self.records() if condition(r)]
            except ValueError:
                return None
        return wait_for(found, what)[0]

    def statements(self):
        """Texts of COM_QUERY in the order of the log."""
        return [r["query"] for r in self.settled("query") if r["command"] == "COM_QUERY"]


def client(port, *args, user="root", password=None, database="shop", input=None, host="127.0.0.1"):
    """Run the mariadb command line client; returns the finished process."""
    return subprocess.run(["mariadb", "--no-defaults", f"-h{host}", f"-P{port}", "--protocol=TCP", "--skip-ssl", f"-u{user}",
                           *([f"-p{password}"] if password else []), *args, *([database] if database else [])],
                          input=input, capture_output=True, timeout=PATIENCE_S)


def run(*argv, **keywords):
    return subprocess.run(argv, capture_output=True, timeout=5 * PATIENCE_S, **keywords)


def querytap(*args, **keywords):
    return run(BINARY, *args, **keywords)


def clean_up():
    for process in proxies:
        process.kill()
        process.wait()
    for one in (_server, _tls_server):
        if one is not None:
            one.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


atexit.register(clean_up)
