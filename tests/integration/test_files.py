"""Files: what the proxy says when one can't be used, what it does with one that ends in half a line, and the bounds that hold."""
import glob
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import threading
import unittest

import lab
from rawclient import RawClient

UMASKS = (0o000, 0o077)


def folder(name):
    path = os.path.join(lab.FOLDER, "files-" + name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def write(path, content, mode=0o600):
    with open(path, "wb") as f:
        f.write(content)
    os.chmod(path, mode)
    return path


def start(*args, **keywords):
    """A proxy that is to end at once: (exit status, messages)."""
    done = subprocess.run([lab.BINARY, "proxy", "-r", "127.0.0.1:1", "-l", "127.0.0.1:0", "--admin", "127.0.0.1:0", *args],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=lab.PATIENCE_S, start_new_session=True,
                          env=dict(os.environ, XDG_STATE_HOME=os.path.join(lab.FOLDER, "state")), **keywords)
    return done.returncode, done.stderr.decode()


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def ask(port, *statements):
    c = RawClient(port)
    for s in statements:
        c.query(s)
    c.quit()


class Start(unittest.TestCase):
    """Every failure at the start says what, where and what to do, and ends with the status that the manual names."""

    def refused(self, status, *words, args, **keywords):
        with self.subTest(args=args):
            got, said = start(*args, **keywords)
            self.assertEqual(got, status, said)
            self.assertIn("error: ", said)
            for word in words:
                self.assertIn(word, said)

    def test_logs(self):
        at = folder("logs")
        there = write(os.path.join(at, "there"), b"")
        link, dangling, loop, fifo = (os.path.join(at, n) for n in ("link", "dangling", "loop", "fifo"))
        os.symlink(there, link)
        os.symlink(os.path.join(at, "nowhere"), dangling)
        os.symlink(loop, loop)
        os.mkfifo(fifo)
        hard = os.path.join(at, "hard")
        os.link(there, hard)
        for path, word in ((at, "directory"), (link, "symbolic link"), (dangling, "symbolic link"), (loop, "symbolic link"), (fifo, "start the reader"),
                           (os.path.join(at, "no", "such"), "No such file"), (os.path.join(there, "x"), "Not a directory"), ("/proc/no", "No such file")):
            self.refused(1, path, word, args=("--log", path))
        config = os.path.join(at, "q.cfg")
        for first, second in ((there, there), (there, hard), (os.path.join(at, "new"), os.path.join(at, ".", "new"))):
            write(config, f'log = {{ file = "{first}"; }}; logs = ( {{ file = "{second}"; }} );'.encode())
            self.refused(2, "two logs", args=("-c", config))
            self.assertEqual(lab.querytap("config", "check", config).returncode, 2)
        with open(there, "ab") as out:  # standard output is that file
            write(config, f'log = {{ file = "-"; }}; logs = ( {{ file = "/dev/stdout"; }} );'.encode())
            done = subprocess.run([lab.BINARY, "proxy", "-c", config, "-l", "127.0.0.1:0", "--admin", "off"], stdout=out, stderr=subprocess.PIPE,
                                  timeout=lab.PATIENCE_S)
            self.assertEqual((done.returncode, b"two logs" in done.stderr), (2, True), done.stderr)

    def test_two_proxies(self):
        with lab.Proxy("--log-format", "json") as proxy:
            self.refused(1, proxy.log_path, "another process", args=("--log", proxy.log_path))

    def test_tls(self):
        at = lab.tls_server().certificates.folder
        pem = os.path.join(at, "server.pem")
        key = os.path.join(at, "server.key")
        here = folder("tls")
        empty = write(os.path.join(here, "empty"), b"")
        garbage = write(os.path.join(here, "garbage"), b"\x00\xffgarbage\n")
        locked = os.path.join(here, "locked.key")
        subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:x", "-in", key, "-out", locked], check=True, capture_output=True)
        fifo = os.path.join(here, "fifo")
        os.mkfifo(fifo)
        other = os.path.join(at, "client.key")
        none = os.path.join(here, "none")
        for certificate, own, words in ((none, key, ("No such file",)), (here, key, ("directory",)), (empty, key, ("empty",)), (garbage, key, ("certificate",)),
                                        (fifo, key, ("regular",)), (pem, none, ("No such file",)), (pem, here, ("directory",)), (pem, empty, ("empty",)),
                                        (pem, garbage, ("private key",)), (pem, other, ("private key",)), (pem, locked, ("private key",)),
                                        (pem, fifo, ("regular",)), (pem, "", ("private key",))):
            self.refused(2, "tls.", *words, args=("--log", "off", "--tls-certificate", certificate, *(("--tls-key", own) if own else ())))
            self.refused(2, "tls.server_", *words, args=("--log", "off", "--tls-server", "required", "--tls-server-certificate", certificate,
                                                         *(("--tls-server-key", own) if own else ())))
        for ca, word in ((none, "No such file"), (here, "directory"), (empty, "empty"), (garbage, "certificate")):
            self.refused(2, "tls.server_ca", word, args=("--log", "off", "--tls-server", "verify_ca", "--tls-server-ca", ca))
        for path, word in ((here, "directory"), (os.path.join(none, "x"), "No such file")):
            self.refused(1, "tls.key_log", word, args=("--log", "off", "--tls-key-log", path))
        os.symlink(empty, none)
        self.refused(1, "tls.key_log", "symbolic link", args=("--log", "off", "--tls-key-log", none))

    def test_tls_directory(self):
        for name, make, word in (("dangling", lambda p: os.symlink("/nowhere/at/all", p), "leads to no file"),
                                 ("loop", lambda p: os.symlink(p, p), "leads to no file"), ("folder", os.mkdir, "directory"),
                                 ("fifo", os.mkfifo, "regular"), ("empty", lambda p: write(p, b""), "private key"),
                                 ("garbage", lambda p: write(p, b"\xff\x00" * 100), "private key")):
            at = folder("tls-" + name)
            make(os.path.join(at, "server.pem"))
            self.refused(2, "server.pem", word, args=("--log", "off", "--tls-directory", at))
        # what only can't be kept is a warning
        at = os.path.join(write(os.path.join(folder("tls-file"), "file"), b""), "x")
        with lab.Proxy("--tls-directory", at) as proxy:
            self.assertIn(b"can't be saved", proxy.stderr())

    def test_keys_of_redaction(self):
        at = folder("redact")
        for path, word in ((at, "directory"), (os.path.join(at, "no"), "No such file"), (write(os.path.join(at, "empty"), b""), "at least"),
                           (write(os.path.join(at, "short"), b"x"), "at least")):
            self.refused(1, "log.redact_key", word, args=("--log", "off", "--log-redact", "literals", "--log-redact-key", path))

    def test_settings_and_ports(self):
        at = folder("settings")
        with open(os.path.join(at, "loop"), "w"):
            pass
        loop = os.path.join(at, "loop.cfg")
        os.symlink(loop, loop)
        for path, word in ((at, "directory"), (os.path.join(at, "no"), "No such file"), (loop, "symbolic links")):
            self.refused(2, path, word, args=("-c", path))
        with lab.Proxy() as proxy:
            self.refused(1, "--listen", args=("--log", "off", "--listen", proxy.listen))
            self.refused(1, "--admin", args=("--log", "off", "--admin", proxy.admin_addr))
        self.refused(1, "can't listen", args=("--log", "off", "--listen", "unix:" + os.path.join(at, "no", "s")))
        self.refused(1, "can't listen", args=("--log", "off", "--listen", "unix:" + at))
        self.refused(2, "admin", args=("--log", "off", "--admin", "nonsense"))


class ConfigCheck(unittest.TestCase):
    """What the start refuses, `config check` refuses, with file, line and setting; and it creates nothing."""

    def refused(self, at, text, *words, status=2):
        path = write(os.path.join(at, "q.cfg"), ("# comment\n" + text + "\n").encode())
        before = sorted(os.listdir(at))
        with self.subTest(text=text):
            done = lab.querytap("config", "check", path)
            said = done.stderr.decode()
            self.assertEqual(done.returncode, 2, said)
            for word in (path + ":2: ", *words):
                self.assertIn(word, said)
            self.assertEqual(sorted(os.listdir(at)), before)
            if status is not None:  # None: `start` overrides the setting
                got, said = start("-c", path)
                self.assertEqual(got, status, said)

    def test_refused(self):
        at = folder("check")
        no = os.path.join(at, "no", "x")
        garbage = write(os.path.join(at, "garbage"), b"\x00\xffgarbage\n")
        link = os.path.join(at, "link")
        os.symlink(garbage, link)
        for text, status, *words in (
                ('filter = { pattern = "("; };', 2, "filter.pattern"), ('filter = { min_duration = "soon"; };', 2, "filter.min_duration", "100ms"),
                ('filter = { client = "10.0.0.0/99"; };', 2, "filter.client"), ('filter = { finding = "slwo"; };', 2, "filter.finding"),
                (f'logs = ( {{ file = "{at}/l"; filter = {{ pattern = "["; }}; }} );', 2, "filter.pattern"),
                (f'log = {{ file = "{no}"; }};', 1, "log.file", "No such file"), (f'log = {{ file = "{at}"; }};', 1, "directory"),
                (f'log = {{ file = "syslog:{no}"; }};', 1, "log.file", "No such file"), (f'logs = ( {{ file = "journald:{garbage}"; }} );', 1, "refused"),
                (f'log = {{ file = "{link}"; }};', 1, "symbolic link"), (f'logs = ( {{ file = "{no}"; }} );', 1, "No such file"),
                ('logs = ( { format = "json"; } );', 2, "lacks the setting 'file'"),
                (f'log = {{ redact = "all"; redact_key = "{no}"; }};', 1, "log.redact_key", "No such file"),
                (f'log = {{ redact = "all"; redact_key = "{garbage}"; }};', 1, "log.redact_key", "at least"),
                (f'tls = {{ certificate = "{no}"; }};', 2, "tls.certificate", "No such file"),
                (f'tls = {{ certificate = "{garbage}"; }};', 2, "tls.certificate"), (f'tls = {{ key_log = "{no}"; }};', 1, "tls.key_log"),
                (f'tls = {{ server = "verify_ca"; server_ca = "{no}"; }};', 2, "tls.server_ca"),
                ('tls = { names = "db.example:3307"; };', 2, "tls.names", "separated by commas"),
                ('tls = { client = "disabled"; names = "a,"; };', 2, "tls.names"),
                ('admin = "10.0.0.1:6060";', None, "'admin'", "loopback"), ('admin = "unix:/tmp/a";', None, "'admin'"),
                ('listen = "192.0.2.1:3307";', None, "'listen'", "assign"), (f'listen = "unix:{no}";', None, "'listen'"),
                (f'listen = "unix:{garbage}";', None, "'listen'"), (f'listen = "{"a" * 200}:3306";', None, "'listen'"),
                ('limits = { query_bytes = "64M"; };', 2, "limits.query_bytes", "ring_bytes")):
            self.refused(at, text, *words, status=status)

    def test_hints(self):
        at = folder("check-hints")
        for text, hint in (("limits = { query_bytes = 64K; };", "a size or time with a unit needs quotes"), ("log = { slow_ms = 2s; };", "needs quotes"),
                           ("log = { format = json; };", "a text needs quotes"), ("listen = 127.0.0.1:3307;", "quotes")):
            self.refused(at, text, hint)
        path = write(os.path.join(at, "q.cfg"), b"log = { slow_ms = 5 5; };\n")
        self.assertNotIn("quotes", lab.querytap("config", "check", path).stderr.decode())

    def test_accepted(self):
        at = folder("check-ok")
        path = write(os.path.join(at, "q.cfg"), f'log = {{ file = "{at}/new.log"; redact = "all"; }}; tls = {{ directory = "{at}/tls"; key_log = "{at}/keys"; }};'
                     f'filter = {{ pattern = "^SELECT"; client = "10.0.0.0/8"; }};'.encode())
        done = lab.querytap("config", "check", path)
        self.assertEqual((done.returncode, done.stderr, os.listdir(at)), (0, b"", ["q.cfg"]), done.stderr)


class Modes(unittest.TestCase):
    def test_modes_are_exact(self):
        """Whatever the umask, and existing files keep theirs."""
        for umask in UMASKS:
            at = folder(f"modes-{umask:o}")
            log, keys, tls = (os.path.join(at, n) for n in ("log", "keys", "tls"))
            with lab.Proxy("--log", log, "--log-rotate-bytes", "4K", "--log-rotate-compress", "--log-format", "json", "--tls-key-log", keys,
                           "--tls-directory", tls, log=None, preexec=lambda: os.umask(umask)) as proxy:
                ask(proxy.port, *["SELECT 'something to fill it'"] * 40)
                lab.wait_for(lambda: glob.glob(log + ".2*.gz"), "a packed file")
                proxy.idle()
            for path in [log, *glob.glob(log + ".2*")]:
                self.assertEqual(mode_of(path), 0o640, path)
            self.assertEqual([mode_of(p) for p in (keys, tls, os.path.join(tls, "server.pem"), os.path.join(tls, "ca.pem"))], [0o600, 0o700, 0o600, 0o644])
            os.unlink(os.path.join(tls, "ca.pem"))
            os.chmod(log, 0o604)
            with lab.Proxy("--log", log, "--tls-directory", tls, log=None):
                self.assertEqual(mode_of(log), 0o604)
                self.assertTrue(os.path.exists(os.path.join(tls, "ca.pem")))

    def test_exposed_keys(self):
        at = lab.tls_server().certificates.folder
        here = folder("exposed")
        both = write(os.path.join(here, "both.pem"), open(os.path.join(at, "server.pem"), "rb").read() + open(os.path.join(at, "server.key"), "rb").read())
        redact = write(os.path.join(here, "redact"), b"k" * 32)
        keys = write(os.path.join(here, "keys"), b"")
        tls = os.path.join(here, "tls")
        with lab.Proxy("--tls-directory", tls):
            pass
        for path, args in ((both, ("--tls-certificate", both)), (redact, ("--log-redact", "literals", "--log-redact-key", redact)), (keys, ("--tls-key-log", keys)),
                           (os.path.join(tls, "server.pem"), ("--tls-directory", tls))):
            for mode, warned in ((0o600, False), (0o640, False), (0o604, True), (0o620, True)):
                os.chmod(path, mode)
                with lab.Proxy(*args) as proxy:
                    self.assertEqual(f"{path} holds ".encode() in proxy.stderr(), warned, (path, oct(mode), proxy.stderr()))


class Torn(unittest.TestCase):
    """A file that ends in half a line takes no record with it."""

    def test_at_the_start(self):
        half = {"json": b'{"ts":"2026-01-01T00:00:00.000000Z","event":"que', "ltsv": b"ts:2026-01-01T00:00:00.000000Z\tevent:que",
                "text": b"00:00:00.000000 #1    root", "slow": b"# Time: 2026-01-01T00:00:00.000000Z\n# User@Host: root[root] @  []  Id: 1\n# Query_ti"}
        for form, text in half.items():
            for whole in (b"", text + b" whole;\n"):
                path = write(os.path.join(folder("torn"), "log"), whole + text)
                with lab.Proxy("--log", path, "--log-format", form, log=None) as proxy:
                    ask(proxy.port, "SELECT 'the first'", "SELECT 'the second'")
                    proxy.idle()
                    lab.wait_for(lambda: b"the second" in open(path, "rb").read(), "the records")
                    self.assertEqual(proxy.counters()["log_torn"], 1)
                    self.assertIn(b"ended in the middle of a line", proxy.stderr())
                log = open(path, "rb").read()
                self.assertTrue(log.startswith(whole + text), log)
                rest = log[len(whole + text):]
                if form == "slow":
                    self.assertTrue(rest.startswith(b";\n# User@Host: "), rest)
                    self.assertEqual(sum(b"the first" in e for e in log.split(b";\n#")), 1)
                else:
                    self.assertTrue(rest.startswith(b"\n"), rest)
                if form == "json":
                    self.assertEqual([r["query"] for r in map(json.loads, rest.splitlines()[1:]) if r["event"] == "query" and "'" in r.get("query", "")],
                                     ["SELECT 'the first'", "SELECT 'the second'"])
                with lab.Proxy("--log", path, "--log-format", form, log=None) as proxy:
                    self.assertEqual(proxy.counters()["log_torn"], 0)

    def test_slow_between_lines(self):
        """An entry of several lines that was cut between two of them."""
        path = write(os.path.join(folder("slow"), "log"), b"# Time: 2026-01-01T00:00:00.000000Z\n# User@Host: root[root] @  []  Id: 1\n")
        with lab.Proxy("--log", path, "--log-format", "slow", log=None) as proxy:
            self.assertEqual(proxy.counters()["log_torn"], 1)
            ask(proxy.port, "SELECT 'the first'")
            lab.wait_for(lambda: b"the first" in open(path, "rb").read(), "the record")
        self.assertIn(b"Id: 1\n;\n# User@Host: ", open(path, "rb").read())

    def test_standard_output(self):
        path = write(os.path.join(folder("stdout"), "log"), b'{"half')
        with open(path, "ab") as out:
            p = subprocess.Popen([lab.BINARY, "proxy", "-r", f"127.0.0.1:{lab.server().port}", "-l", "127.0.0.1:0", "--admin", "off", "--log-format", "json"],
                                 stdout=out, stderr=subprocess.PIPE, env=dict(os.environ, XDG_STATE_HOME=os.path.join(lab.FOLDER, "state")))
        said = b""
        while b"listening on" not in said:
            line = p.stderr.readline()
            self.assertTrue(line, said)
            said += line
        ask(int(said.split(b"listening on 127.0.0.1:")[1].split(b",")[0]), "SELECT 1")
        lab.wait_for(lambda: b"disconnect" in open(path, "rb").read(), "the records")
        p.terminate()
        p.communicate(timeout=lab.PATIENCE_S)
        self.assertEqual(p.returncode, 0)
        lines = open(path, "rb").read().splitlines()
        self.assertEqual(lines[0], b'{"half')
        self.assertEqual(json.loads(lines[1])["event"], "connect")

    def test_others_change_the_file(self):
        """Cut short (copytruncate), appended to without a line's end, and reopened where it is."""
        with lab.Proxy("--log-format", "json") as proxy:
            ask(proxy.port, "SELECT 'before'")
            proxy.wait_record(lambda r: r.get("query") == "SELECT 'before'", "the first")
            proxy.idle()
            lab.wait_for(lambda: b"disconnect" in open(proxy.log_path, "rb").read(), "the end")
            with open(proxy.log_path, "r+b") as f:
                f.truncate(0)
                f.write(b"half a line of another's")
            ask(proxy.port, "SELECT 'after'")
            lab.wait_for(lambda: b"disconnect" in open(proxy.log_path, "rb").read(), "the end")
            lines = open(proxy.log_path, "rb").read().splitlines()
            self.assertEqual(lines[0], b"half a line of another's")
            self.assertEqual([r["query"] for r in map(json.loads, lines[1:]) if "'" in r.get("query", "")], ["SELECT 'after'"])
            with open(proxy.log_path, "r+b") as f:
                f.truncate(0)
            proxy.process.send_signal(signal.SIGUSR1)
            lab.wait_for(lambda: b"stays open" in proxy.stderr(), "the signal")
            ask(proxy.port, "SELECT 'last'")
            proxy.wait_record(lambda r: r.get("query") == "SELECT 'last'", "the last")
            proxy.idle()

    def test_full_and_stopped(self):
        """A disk (here: a limit) is full in mid-record, and the proxy ends; the next one goes on behind it."""
        path = os.path.join(folder("full"), "log")
        with lab.Proxy("--log", path, "--log-format", "json", log=None,
                       preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5001, resource.RLIM_INFINITY))) as proxy:
            # long statements: the limit is within the first one's record, whatever the lengths of times and ports are
            ask(proxy.port, *[f"SELECT '{'x' * 20000} {i}'" for i in range(20)])
            lab.wait_for(lambda: b"log to " in proxy.stderr(), "that the disk is full")
            proxy.idle()
        self.assertIn(b"missing from the log", proxy.stderr())
        self.assertEqual(os.path.getsize(path), 5001)
        with lab.Proxy("--log", path, "--log-format", "json", log=None) as proxy:
            ask(proxy.port, "SELECT 'again'")
            lab.wait_for(lambda: b"disconnect" in open(path, "rb").read()[5001:], "the records")
            self.assertEqual(proxy.counters()["log_torn"], 1)
        lines = open(path, "rb").read()[5001:].splitlines()
        self.assertEqual((lines[0], json.loads(lines[1])["event"]), (b"", "connect"))

    def test_full_and_space_again(self):
        path = os.path.join(folder("space"), "log")
        with lab.Proxy("--log", path, "--log-format", "json", log=None,
                       preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5001, resource.RLIM_INFINITY))) as proxy:
            ask(proxy.port, *[f"SELECT '{'x' * 60000} {i}'" for i in range(60)])
            lab.wait_for(lambda: proxy.counters()["log_dropped"] > 0, "drops")
            resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            proxy.idle()

            def done():
                log = open(path, "rb").read()
                return log if log.endswith(b"\n") and b'"gap"' in log else None
            records = [json.loads(line) for line in lab.wait_for(done, "the gap").splitlines()]
            self.assertEqual(sum(r.get("dropped", 0) for r in records if r["event"] == "gap"), proxy.counters()["log_dropped"])


def look(at):
    """@return the files of a folder as {(name, inode)}, and the sizes of each log and its old files together. One that has two names, as
    during a rotation, is counted once."""
    found, sizes, counted = set(), {}, set()
    for entry in os.scandir(at):
        try:
            stat = entry.stat()
        except FileNotFoundError:
            continue
        log = entry.name.split(".")[0]
        found.add((entry.name, stat.st_ino))
        sizes[log] = sizes.get(log, 0) + (0 if stat.st_ino in counted else stat.st_size)
        counted.add(stat.st_ino)
    return found, sizes


class Bounds(unittest.TestCase):
    """log.disk_bytes holds, whatever hook and compression do."""

    def measure(self, *args, hook=None, most=512 * 1024, logs=1):
        at = folder("bounds")
        path = os.path.join(at, "log")
        program = []
        if hook:
            program = ["--log-rotate-hook", write(os.path.join(lab.FOLDER, "slow-hook"), b"#!/bin/sh\n" + hook, 0o755)]
        config = os.path.join(lab.FOLDER, "bounds.cfg")
        more = ", ".join(f'{{ file = "{path}{i}"; format = "text"; rotate_bytes = "64K"; disk_bytes = "{most}"; }}' for i in range(1, logs))
        write(config, f"logs = ( {more} );".encode() if more else b"")
        largest = {}
        ended = threading.Event()

        def watch():
            while not ended.is_set():
                before, sizes = look(at)
                if look(at)[0] != before:  # files came or went meanwhile: what was added up was not there at one time
                    continue
                for log, size in sizes.items():
                    largest[log] = max(largest.get(log, 0), size)
        watcher = threading.Thread(target=watch)
        with lab.Proxy("-c", config, "--log", path, "--log-format", "json", "--log-rotate-bytes", "64K", "--log-disk-bytes", str(most), *program, *args,
                       log=None) as proxy:
            watcher.start()
            try:
                ask(proxy.port, *[f"SELECT '{os.urandom(2000).hex()}'" for _ in range(1000)])
                proxy.idle()
                lab.wait_for(lambda: proxy.counters()["logs"][0]["rotations"] > 50, "rotations")
            finally:
                ended.set()
                watcher.join()
            counters = proxy.counters()
        for log, size in largest.items():
            self.assertLessEqual(size, most, log)
        self.assertEqual(len(largest), logs)
        return counters, proxy.stderr(), at

    def test_plain(self):
        counters, said, _ = self.measure(logs=3)
        self.assertEqual(counters["log_errors"], 0, said)

    def test_compression(self):
        counters, said, at = self.measure("--log-rotate-compress")
        self.assertEqual(counters["log_errors"], 0, said)
        self.assertEqual(glob.glob(at + "/*.tmp"), [])

    def test_compression_without_room(self):
        """Two files of 64 KiB, and room for no third."""
        _, said, at = self.measure("--log-rotate-compress", most=128 * 1024)
        self.assertIn(b"no space for compressing", said)
        self.assertEqual(glob.glob(at + "/*.tmp"), [])

    def test_slow_hook(self):
        counters, said, _ = self.measure(hook=b"sleep 1\n")
        self.assertIn(b"were deleted before log.rotate_hook", said)
        self.assertGreater(counters["log_errors"], 0)

    def test_hook_that_never_ends(self):
        counters, said, _ = self.measure("--log-rotate-compress", hook=b"exec sleep 1000\n")
        self.assertGreater(counters["log_errors"], 0)
        self.assertIn(b"were deleted before log.rotate_hook", said)

    def test_names_go_on(self):
        """Files of a time to come, as after a clock that was set back: the new ones are newer by name."""
        path = os.path.join(folder("names"), "log")
        future = path + ".29990101T000000.999999Z"
        write(future, b"x\n")
        with lab.Proxy("--log", path, "--log-format", "json", "--log-rotate-bytes", "4K", "--log-rotate-keep", "3", log=None) as proxy:
            ask(proxy.port, *["SELECT 'something to fill it'"] * 100)
            lab.wait_for(lambda: proxy.counters()["log_rotations"] > 5 and not os.path.exists(future), "the oldest to go")
            proxy.idle()
        self.assertEqual([f for f in glob.glob(path + ".2*") if f < future], [])


if __name__ == "__main__":
    unittest.main()
