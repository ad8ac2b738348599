"""What is measured: the ways between client and server, as a table. Each way is started in front of a server's port.

A name is one of the table, maybe with threads behind an @ (default@2). Of querytap it may be WAY-WORD=BUILD[:FLAG,FLAG…], too
(off-new=build-new): another build, maybe with more flags.
"""
import atexit
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import lab

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else lab.FOLDER  # where the logs go
MYSQLROUTER = os.path.join(lab.CACHE, "mysqlrouter9", "bin", "mysqlrouter")

# Flags of the three ways of querytap; LOG stands for a file. Those that a build does not know are left out, with a word on that.
QUERYTAP = {
    "off": ["--log", "off", "--log-digests", "0", "--log-recent-bytes", "0", "--capture-bytes", "0"],
    "json": ["--log", "LOG", "--format", "json", "--log-digests", "0", "--log-recent-bytes", "0", "--capture-bytes", "0"],
    "default": ["--log", "LOG", "--format", "json"],
}

def raise_files():
    """Let the ways and helpers have as many files as may be. @return sessions that a proxy can hold with them: two each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (max(65536, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            break
        except (ValueError, OSError):
            pass
    return min(20000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 2)


SESSIONS = raise_files()
ALWAYS = ["--limits-sessions", str(SESSIONS)]

# Everything, in the order of the tables: name, title, what starts it. `threads` is a number that all but the bare ones obey.
ORDER = ("direct", "epoll", "events", "pair", "nginx", "haproxy", "router", "off", "json", "default")
TITLES = {
    "direct": "direct", "epoll": "bare epoll", "events": "bare libevent events", "pair": "bare bufferevent pair", "nginx": "nginx stream",
    "haproxy": "HAProxy", "router": "MySQL Router", "off": "querytap, log off", "json": "querytap, JSON", "default": "querytap, default",
}
BASE = "haproxy"  # what ratios are to


def program(name):
    """A helper of tests/bench, built when it is first asked for."""
    path = os.path.join("tests", "bench", name)
    done = subprocess.run(["make", "-s", "-C", lab.BUILD, path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{path} can't be built:\n{done.stdout}{done.stderr}")
    return os.path.join(lab.BUILD, path)


class Way:
    """A running way. `pids` are its processes, for their CPU and memory; `wrap` stands before its command (valgrind)."""

    def __init__(self, name, server_port, wrap=(), tls=None):
        self.name, _, rest = name.partition("=")
        kind, _, threads = self.name.partition("@")
        self.kind = kind.partition("-")[0]
        self.threads = int(threads or 1)
        self.build, _, flags = rest.partition(":")
        self.flags = [f for f in flags.split(",") if f]
        self.server_port = server_port
        self.wrap = list(wrap)
        self.tls = tls
        self.admin_addr = None
        self.log_path = None
        self.process = None
        self.folder = os.path.join(lab.FOLDER, f"way-{self.name}-{time.monotonic_ns()}")
        os.makedirs(self.folder)
        if self.kind == "direct":
            self.port = server_port
        elif self.kind in STARTS:
            self.port = lab.free_port()
            STARTS[self.kind](self)
        else:
            self.querytap()

    def start(self, *argv, **keywords):
        """Run it, and wait until it listens."""
        self.err_path = os.path.join(self.folder, "err")
        with open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([*self.wrap, *argv], stdin=subprocess.DEVNULL, stdout=err, stderr=err, **keywords)
        atexit.register(self.stop)

    def said(self):
        with open(self.err_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def listens(self):
        if self.process.poll() is not None:
            raise SystemExit(f"{self.name} ended: {self.said()[-2000:]}")
        with open("/proc/net/tcp", encoding="ascii") as f:
            return any(fields[1].endswith(f":{self.port:04X}") and fields[3] == "0A" for fields in map(str.split, f))

    def wait(self):
        lab.wait_for(self.listens, f"{self.name} to listen")

    def config(self, text):
        path = os.path.join(self.folder, "config")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    # --- how each is started

    def bare(self):
        self.start(program("pass_" + self.kind), str(self.port), str(self.server_port))
        self.wait()

    def haproxy(self):
        self.start("haproxy", "-db", "-f", self.config(
            f"global\n    nbthread {self.threads}\n    maxconn {SESSIONS}\n"
            "defaults\n    mode tcp\n    timeout connect 10s\n    timeout client 1h\n    timeout server 1h\n"
            f"listen mysql\n    bind 127.0.0.1:{self.port}\n    server db 127.0.0.1:{self.server_port}\n"))
        self.wait()

    def nginx(self):
        module = "/usr/lib/nginx/modules/ngx_stream_module.so"
        single = "master_process off;\n" if self.threads == 1 else "user root;\n"
        self.start("nginx", "-p", self.folder, "-e", os.path.join(self.folder, "error.log"), "-c", self.config(
            (f"load_module {module};\n" if os.path.exists(module) else "") + single
            + f"daemon off;\npid nginx.pid;\nerror_log error.log;\nworker_processes {self.threads};\n"
            "events { worker_connections 40000; }\n"
            f"stream {{ server {{ listen 127.0.0.1:{self.port} backlog=4096; proxy_pass 127.0.0.1:{self.server_port}; proxy_timeout 1h; }} }}\n"))
        self.wait()

    def router(self):
        plugins = os.path.join(os.path.dirname(os.path.dirname(MYSQLROUTER)), "root", "usr", "lib", "mysqlrouter", "plugin")
        self.start(MYSQLROUTER, "-c", self.config(
            f"[DEFAULT]\nplugin_folder={plugins}\nlogging_folder={self.folder}\n"
            f"runtime_folder={self.folder}\ndata_folder={self.folder}\nmax_total_connections={SESSIONS}\n"
            f"[logger]\nlevel=error\n[io]\nthreads={self.threads}\n"
            f"[routing:mysql]\nbind_address=127.0.0.1\nbind_port={self.port}\ndestinations=127.0.0.1:{self.server_port}\n"
            f"routing_strategy=first-available\nprotocol=classic\nmax_connections={SESSIONS}\nmax_connect_errors=100000\n"
            "client_ssl_mode=PASSTHROUGH\nserver_ssl_mode=AS_CLIENT\n"), *(["--user=root"] if os.geteuid() == 0 else []))
        self.wait()

    def querytap(self):
        binary = os.path.join(os.path.abspath(self.build) if self.build else lab.BUILD, "querytap")
        flags = [*known(binary, QUERYTAP[self.kind]), *self.flags]
        if "LOG" in flags:
            self.log_path = os.path.join(MEMORY, f"querytap-bench-{os.getpid()}-{self.name}.log")
            flags[flags.index("LOG")] = self.log_path
        if self.tls:
            flags += ["--tls-certificate", self.tls.path("server.pem"), "--tls-key", self.tls.path("server.key")]
        if self.wrap:  # what it does once a second would count for the statements of that second: a second is long there
            flags += ["--admin", "off", "--profile-interval-ms", "60000"]
        self.start(binary, "proxy", "-r", f"127.0.0.1:{self.server_port}", "-l", "127.0.0.1:0", "--workers", str(self.threads),
                   *([] if "--admin" in flags else ["--admin", "127.0.0.1:0"]), *ALWAYS, *flags,
                   env=dict(os.environ, XDG_STATE_HOME=os.path.join(lab.FOLDER, "state")))

        def started():
            found = re.search(r"listening on \S+:(\d+), forwarding to \S+, admin port (\S+)", self.said())
            if not found and self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended: {self.said()[-2000:]}")
            return found
        found = lab.wait_for(started, f"{self.name} to start")
        self.port = int(found[1])
        self.admin_addr = found[2] if found[2] != "off" else None

    # --- what is asked of it

    @property
    def pids(self):
        """Its processes: what was started (not what wraps it) and its children."""
        if self.process is None:
            return []
        found = [self.process.pid]
        for pid in found:
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    found += [int(child) for child in f.read().split()]
            except OSError:
                pass
        return found

    def truncate(self):
        if self.log_path and os.path.exists(self.log_path):
            os.truncate(self.log_path, 0)

    def stop(self):
        atexit.unregister(self.stop)
        if self.process is None:
            return
        if self.process.poll() is None:
            pids = self.pids
            for pid in pids[1:] if self.wrap and self.wrap[0] == "strace" else pids[:1]:
                try:
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log_path and os.path.exists(self.log_path):
            os.unlink(self.log_path)


STARTS = {"epoll": Way.bare, "events": Way.bare, "pair": Way.bare, "haproxy": Way.haproxy, "nginx": Way.nginx, "router": Way.router}
NEEDS = {"haproxy": "haproxy", "nginx": "nginx", "router": MYSQLROUTER}

_known = {}
notes = []  # for the tables


def note(text):
    if text not in notes:
        notes.append(text)
        print(text, file=sys.stderr, flush=True)


def known(binary, flags):
    """@p flags but for those that @p binary would refuse."""
    if binary not in _known:
        _known[binary] = {}
    kept = []
    for flag, value in zip(flags[::2], flags[1::2]):
        if flag not in ("--log", "--format") and (flag, value) not in _known[binary]:
            group, _, name = flag[2:].partition("-")
            path = os.path.join(lab.FOLDER, "known.cfg")
            with open(path, "w", encoding="utf-8") as f:
                quoted = f'"{value}"' if name.endswith("bytes") else value
                f.write(f"{group} = {{ {name.replace('-', '_')} = {quoted}; }};\n")
            _known[binary][flag, value] = subprocess.run([binary, "config", "check", path], capture_output=True, check=False).returncode == 0
        if _known[binary].get((flag, value), True):
            kept += [flag, value]
        else:
            note(f"{flag} {value} is left out: this build does not take it")
    return kept


def available(names):
    """@p names but for those whose program is not here; says which."""
    found = []
    for name in names:
        need = NEEDS.get(name.partition("@")[0])
        if need and not shutil.which(need):
            note(f"{name} is left out: there is no {os.path.basename(need)}")
        else:
            kind = name.partition("=")[0].partition("@")[0]
            if (kind.partition("-")[0] not in QUERYTAP) if "=" in name else (kind not in ORDER):
                raise SystemExit(f"{name}: no such target (see --list)")
            found.append(name)
    return found
