"""What tests/integration/mtr is made of: MariaDB's own test suite, private servers for it, and runs of it.

The suite (Debian's package mariadb-test) makes its system tables and its server's options itself; a *template* keeps both.
A *server* is a mariadbd on a fresh copy of the template, with the options that its tests ask for in their .opt files: with
--extern the suite can't restart a server, so tests that want the same options are run together.
"""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time

import lab

SUITE = "/usr/share/mysql/mysql-test"
MTR = os.path.join(SUITE, "mtr")
RESULT = re.compile(r"^(main\.\S+) +(?:'[^']*' +)?(?:w\d+ +)?\[ (\S+) \] *(.*)$")
SOURCE = re.compile(r"^\s*(?:--)?\s*source\s+([^;\s]+)")
MINUTES = 3  # for one test; the slowest takes one
LIVE = set()  # processes to end if we are ended
ENDING = threading.Event()


def installed():
    return os.path.exists(MTR)


# --- tests and the options that they want ----------------------------------------------------------------------------

def names(pattern=None):
    found = sorted(f[:-5] for f in os.listdir(os.path.join(SUITE, "main")) if f.endswith(".test"))
    return [n for n in found if pattern is None or re.search(pattern, n)]


def read_options(path):
    """Options of an .opt file: split at white space, one pair of quotes gone, two backslashes are one."""
    try:
        with open(path, encoding="latin1") as f:
            text = f.read()
    except FileNotFoundError:
        return []
    words = shlex.shlex(text, posix=True)
    words.whitespace_split = True
    words.escape = words.commenters = ""
    return [word.replace("\\\\", "\\") for word in words if word]


def options_of(path, seen=None):
    """Options of the server, those of sourced files first."""
    seen = set() if seen is None else seen
    if path in seen or not os.path.exists(path):
        return []
    seen.add(path)
    options = []
    with open(path, encoding="latin1") as f:
        for line in f:
            source = SOURCE.match(line)
            if source and not line.startswith("#"):
                for folder in (os.path.dirname(path), os.path.join(SUITE, "main"), SUITE):
                    sourced = os.path.join(folder, source[1])
                    if os.path.exists(sourced):
                        options += options_of(sourced, seen)
                        break
    base = os.path.splitext(path)[0]
    return options + read_options(base + ".opt") + read_options(base + "-master.opt")


def groups(tests, size):
    """Tests that want the same options, at most `size` of them together: [(options, tests)], the longest first."""
    by_options = {}
    for test in tests:
        options = tuple(dict.fromkeys(options_of(os.path.join(SUITE, "main", test + ".test"))))
        by_options.setdefault(options, []).append(test)
    found = []
    for options, members in by_options.items():
        found += [(options, members[i:i + size]) for i in range(0, len(members), size)]
    return sorted(found, key=lambda g: -len(g[1]))


# --- servers ----------------------------------------------------------------------------------------------------------------

class Template:
    """System tables and options as the suite makes them for itself."""

    def __init__(self):
        self.folder = os.path.join(lab.FOLDER, "template")
        run = subprocess.run([MTR, f"--vardir={self.folder}", "main.1st"], cwd=SUITE, capture_output=True, text=True, timeout=300)
        if "[ pass ]" not in run.stdout:
            raise AssertionError("the suite can't run its first test: " + run.stdout[-2000:] + run.stderr[-2000:])
        self.data = os.path.join(self.folder, "install.db")
        with open(os.path.join(self.folder, "my.cnf")) as f:
            self.config = f.read()


class Server:
    """A mariadbd with fresh tables. `folder` is the suite's vardir."""

    def __init__(self, template, folder, options):
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("log", "run", "tmp/mysqld.1", "mysqld.1"):
            os.makedirs(os.path.join(folder, name))
        data = os.path.join(folder, "mysqld.1/data")
        shutil.copytree(template.data, data)
        subprocess.run(["chmod", "-R", "u+w", data], check=True)
        self.folder = folder
        self.general_log = os.path.join(folder, "mysqld.1/mysqld.log")
        self.socket = os.path.join(folder, "tmp/mysqld.1.sock")
        self.error_log = os.path.join(folder, "log/mysqld.1.err")
        ports = sorted(lab.free_port() for _ in range(8))
        self.port, self.proxy_port = ports[-1], ports[0]  # tests compute @@port - $MASTER_MYPORT, which may not be negative
        config = os.path.join(folder, "server.cnf")
        with open(config, "w") as f:
            f.write(template.config.replace(template.folder, folder))
        environment = dict(os.environ, MYSQLTEST_VARDIR=folder, MYSQL_TEST_DIR=SUITE, MYSQL_TMP_DIR=os.path.join(folder, "tmp"))
        environment.pop("TZ", None)
        for option in options:
            if option.startswith("--timezone="):
                environment["TZ"] = option[11:].replace("$DEFAULT_TZ", "GMT-3")
            elif option.startswith("--default-time-zone="):
                environment["TZ"] = "GMT-8"
        options = [expand(o, environment) for o in options if not o.startswith("--timezone=")]
        if not any(re.match("--(loose-)?log-bin", o) for o in options):
            options = [o for o in options if not o.startswith("--binlog-format")]
        tls = dict(o.replace("--loose-", "--").split("=", 1) for o in options if re.match("--(loose-)?ssl-(cert|key)=", o))
        self.certificate = tls.get("--ssl-cert", os.path.join(SUITE, "std_data/server-cert.pem"))
        self.key = tls.get("--ssl-key", os.path.join(SUITE, "std_data/server-key.pem"))
        self.log = open(self.error_log, "ab")
        self.environment = environment
        self.arguments = ["mariadbd", f"--defaults-file={config}", "--defaults-group-suffix=.1",
                          *(["--user=root"] if os.geteuid() == 0 else []), "--log-output=file",
                          "--loose-debug-sync-timeout=300", *options, f"--port={self.port}"]
        self.options = options  # of all its starts
        self.starts = []  # (when, general log before it), for each start after the first
        self.gone = None  # since when it is down and nobody asked for that
        self.stopping = threading.Event()
        self.start()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def start(self, more=()):
        if ENDING.is_set():
            raise AssertionError("no server is started any more")
        self.options = self.options + list(more)
        self.process = subprocess.Popen(self.arguments + list(more), env=self.environment, stdout=self.log, stderr=self.log,
                                        cwd=self.folder)
        LIVE.add(self.process)

    def started(self):
        """@return False if the server ended instead of starting."""
        def answer():
            if self.process.poll() is not None:
                return "ended"
            for host in ("127.0.0.1", "::1"):  # tests may bind it to one of them
                try:
                    with socket.create_connection((host, self.port), timeout=5) as s:
                        if s.recv(5)[4:5] == b"\x0a":
                            return "answers"
                except OSError:
                    pass
            return None
        good = lab.wait_for(answer, "MariaDB to start") == "answers"
        if good:
            self.watcher.start()
        return good

    def watch(self):
        """Start it again where a test wants that: it says so in a file, as it would to a server of the suite's own."""
        expect = os.path.join(self.folder, "tmp/mysqld.1.expect")
        while not self.stopping.wait(0.05):
            if self.process.poll() is None:
                continue
            LIVE.discard(self.process)
            wish = ""
            if os.path.exists(expect):
                with open(expect, encoding="latin1") as f:
                    wish = (f.read().strip().splitlines() or [""])[-1]
            if wish.startswith("restart"):
                os.unlink(expect)
                old = f"{self.general_log}.{len(self.starts)}"
                if os.path.exists(self.general_log):
                    os.rename(self.general_log, old)
                self.starts.append((time.time(), old))
                self.start(wish.partition(":")[2].split())
                self.gone = None
            elif not wish.startswith("wait"):
                self.gone = self.gone or time.monotonic()

    def general_logs(self):
        """[(path, seconds since the epoch when its time was over)]"""
        return [(path, when) for when, path in self.starts] + [(self.general_log, float("inf"))]

    def kill(self):
        """Its tables are not needed again."""
        self.stopping.set()
        if self.watcher.is_alive():
            self.watcher.join()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        LIVE.discard(self.process)
        self.log.close()


def expand(option, environment):
    def value(found):
        name = found[1]
        if name.endswith("_SO"):
            return name[:-3].lower() + ".so"
        return environment.get(name, "")
    return re.sub(r"\$(\w+)", value, option)


# --- a run of the suite -------------------------------------------------------------------------------------------------

class Run:
    """One process of the suite against a port. Iterating gives (test, result, detail) as they come."""

    def __init__(self, tests, server, port, more=(), on=None):
        arguments = [MTR, f"--vardir={server.folder}", "--noreorder", f"--testcase-timeout={MINUTES}", "--suite-timeout=600",
                     "--max-save-core=0", "--max-save-datadir=1", *more]
        for key, value in (("host", "127.0.0.1"), ("port", port), ("user", "root"), ("protocol", "tcp"),
                           ("socket", server.socket), *(on or ())):
            arguments += ["--extern", f"{key}={value}"]
        environment = dict(os.environ, MASTER_MYPORT=str(port), MASTER_MYSOCK=server.socket)
        environment.pop("TZ", None)
        self.tests = tests
        self.server = server
        self.text = ""
        self.process = subprocess.Popen(arguments + [f"main.{t}" for t in tests], cwd=SUITE, env=environment, text=True,
                                        errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        LIVE.add(self.process)
        self.ended = threading.Event()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        """Nothing waits for ever, nor for a server that will not come back."""
        end = time.monotonic() + 60 * (MINUTES + 1) * len(self.tests)
        while not self.ended.wait(0.2):
            gone = self.server.gone is not None and time.monotonic() > self.server.gone + 20
            if (gone or time.monotonic() > end) and self.process.poll() is None:
                self.text += "the server ended" if gone else "no end in sight"
                os.killpg(self.process.pid, signal.SIGKILL)
                return

    def __iter__(self):
        pending = None  # a failure, whose detail follows
        for line in self.process.stdout:
            self.text = (self.text + line)[-20000:]
            found = RESULT.match(line)
            if found or line.startswith(("Completed", "-----", "The servers were")):
                if pending:
                    yield pending[0], "fail", pending[1]
                    pending = None
            if found:
                test, result = found[1][5:].split(",")[0], found[2]
                if result == "fail":
                    pending = [test, found[3] + "\n"]
                else:
                    yield test, result, found[3]
            elif pending and len(pending[1]) < 6000:
                pending[1] += line
        if pending:
            yield pending[0], "fail", pending[1]
        self.process.wait()
        LIVE.discard(self.process)
        self.ended.set()


def remove_rejects(since):
    """What a failing test leaves in the suite's folder, where that can be written."""
    folder = os.path.join(SUITE, "main")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(".reject") and os.path.getmtime(path) >= since:
            os.unlink(path)


def end_all():
    ENDING.set()
    for process in list(LIVE):
        if process.poll() is None:
            if os.getpgid(process.pid) == process.pid:  # a run leads a group of its own
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            process.wait()


def now():
    return time.strftime("%H:%M:%S")
