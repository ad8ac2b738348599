"""The clients and the logins of the matrix: what they are started with, and what the records must tell of them."""
import json
import os
import pwd
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(HERE, "clients", "matrix")
CLIENT_S = 900  # for all of a client's statements, on a machine that is busy with other things
DRIVER_JAR = "/usr/share/java/mariadb-java-client.jar"
try:
    ME = pwd.getpwuid(os.geteuid()).pw_name
except KeyError:  # a container's user without a name has no login by socket
    ME = "nobody"

# What a command line client is told; the steps are named as those of the programs in clients/matrix.
CLI = """SELECT 1 AS a, 'zwei' AS b, NULL AS c, 3.50 AS d /* text */;
CREATE TEMPORARY TABLE m (a BIGINT, b VARCHAR(40), c BLOB) /* ddl */;
INSERT INTO m (a, b) VALUES (1, 'tea 茶') /* values */;
CALL two(7) /* procedure */;
CALL doubled(21, @r); SELECT @r /* out */;
SELECT * FROM nowhere /* error */;
LOAD DATA LOCAL INFILE '%(file)s' INTO TABLE m /* infile */;
LOAD DATA LOCAL INFILE '/nonexistent' INTO TABLE m /* no infile */;
SELECT a, b FROM m /* select */;
PREPARE s FROM 'SELECT ?, n FROM digits WHERE n < 2'; SET @x = 5; EXECUTE s USING @x /* execute */;
BEGIN; INSERT INTO m (a) VALUES (9) /* transaction */; ROLLBACK; SELECT COUNT(*) FROM m WHERE a = 9 /* rolled back */;
DELIMITER //
SELECT 1 /* multi */; SELECT 2, 3; DO 1//
DELIMITER ;
%(more)s
USE information_schema;
SELECT DATABASE() /* database */;
SELECT LENGTH(REPEAT('x', 300000)), REPEAT('y', 100000) /* big */;
"""
CLI_STEPS = ["text", "ddl", "values", "procedure", "out", "error", "infile", "select", "execute", "transaction", "rolled back",
             "multi", "database", "big"]
ATTRIBUTES = "query_attributes colour blue number 7\nSELECT 1 /* attributes */;"


class Client:
    """A stock client. It is run with @p argv(options); run() gives what it saw, line by line."""
    steps = None  # those whose statements must be found, where the client doesn't tell them itself
    tool = False

    def __init__(self, name, argv, compress=("none",), environment=None, missing=None, socket=True, values=None):
        self.name, self.argv, self.compress, self.missing, self.socket = name, argv, compress, missing, socket
        self.environment = environment or {}
        self.values = values or {}

    def start(self, o, stdin=None):
        return subprocess.run(self.argv(o), input=stdin, capture_output=True, timeout=CLIENT_S, env={**os.environ, **self.environment})

    def run(self, o):
        """@return (could it connect, what it saw, the number of the error if not)."""
        run = self.start(o)
        lines = [line for line in run.stdout.decode(errors="replace").split("\n") if line.startswith("{")]
        if not lines:
            return False, [run.stderr.decode(errors="replace").strip().split("\n")[-1][:500]], None
        error = json.loads(lines[0]).get("error")
        return error is None, lines, error


def words(output):
    return [line for line in output.decode(errors="replace").split("\n") if "sing a password on the" not in line]


class CommandLine(Client):
    steps = CLI_STEPS

    def __init__(self, *args, more="", **keywords):
        super().__init__(*args, **keywords)
        self.more = more  # what only MySQL 9 understands

    def run(self, o):
        more = self.more if o["server"] == "mysql9" else ""
        self.steps = CLI_STEPS + (["attributes"] if more else [])
        run = self.start(o, (CLI % {"file": o["file"], "more": more}).encode())
        errors = words(run.stderr)
        error = next((int(line.split()[1]) for line in errors if line.startswith("ERROR ") and line.split()[1].isdigit()), None)
        return run.stdout != b"", words(run.stdout) + errors, error


class Tool(Client):
    """A program that comes with the server. Its records must have all of @p commands."""
    steps = []
    tool = True

    def __init__(self, name, argv, commands, vague=False, **keywords):
        super().__init__(name, argv, **keywords)
        self.commands, self.vague = commands, vague

    def run(self, o):
        run = self.start(o)
        lines = words(run.stdout) + words(run.stderr)
        if self.vague:  # times and sizes
            lines = ["".join(c for c in line if not c.isdigit() and c not in ". ") for line in lines]
        return run.returncode == 0 or self.vague, lines + [f"exit status {run.returncode}"], None


def python(name):
    return lambda o: ["/usr/bin/python3", os.path.join(CLIENTS, name), json.dumps(o)]


def script(interpreter, name, *first):
    return lambda o: [interpreter, os.path.join(CLIENTS, name), *first, json.dumps(o)]


def where(o):
    to = [f"-S{o['socket']}"] if o["socket"] else [f"-h{o['host']}", f"-P{o['port']}", "--protocol=TCP"]
    return ["--no-defaults", *to, f"-u{o['user']}", f"--password={o['password']}"]


def command_line(program, tls, plain, compress, *more):
    def argv(o):
        return [program, *where(o), "-f", "-N", "--comments", "--default-character-set=utf8mb4", "--local-infile=1", *more,
                *(tls if o["tls"] else plain), *compress[o["compress"]], "shop"]
    return argv


def tool(program, tls, plain, *words_of_it):
    return lambda o: [program, *where(o), *(tls if o["tls"] else plain), *(w % o for w in words_of_it)]


def has_node_drivers():
    return shutil.which("node") is not None and all(os.path.isdir(os.path.join(os.environ["NODE_PATH"], name)) for name in ("mysql2", "mariadb"))


def go_client(lab):
    """The Go client, built offline with Debian's package of the driver."""
    if shutil.which("go") is None or not os.path.isdir("/usr/share/gocode/src/github.com/go-sql-driver/mysql"):
        return None
    program = os.path.join(lab.FOLDER, "go-client")
    environment = dict(os.environ, GOPATH="/usr/share/gocode", GO111MODULE="off")
    built = subprocess.run(["go", "build", "-o", program, os.path.join(CLIENTS, "client.go")], env=environment, capture_output=True)
    if built.returncode != 0:
        raise AssertionError(built.stderr.decode())
    return program


def java_client(lab):
    """The folder of the Java client's class; None where there is no compiler or no driver."""
    if shutil.which("javac") is None or not os.path.exists(DRIVER_JAR):
        return None
    built = subprocess.run(["javac", "-J-XX:-UsePerfData", "-d", lab.FOLDER, "-cp", DRIVER_JAR, os.path.join(CLIENTS, "Client.java")], capture_output=True)
    if built.returncode != 0:
        raise AssertionError(built.stderr.decode())
    return lab.FOLDER


def has(*argv):
    return subprocess.run(argv, capture_output=True).returncode == 0


# What the programs in clients/matrix bind, as the records must tell it.
TEA = "tea 'n' 茶"
VALUES = {
    "PHP mysqli": {"prepared": [-5, TEA, {"hex": "00ff27"}, 2.5], "null": [7, None, None, 1e100, "2026-11-23 01:02:03.000004"],
                   "binary": [-100], "prepared procedure": [8]},
    "PHP PDO": {"prepared": ["-5", TEA, {"hex": "00ff27"}], "binary": ["-100"], "procedure": ["7"]},
    "Perl DBD::mysql": {"prepared": ["-5", "tea 'n'", {"hex": "007827"}], "binary": ["-100"]},
    "Perl DBD::MariaDB": {"prepared": ["-5", "tea 'n'", {"hex": "007827"}], "binary": ["-100"]},
    "Node mysql2": {"prepared": [-5, TEA, {"hex": "00ff"}, 2.5], "binary": [-100]},
    "Node mariadb": {"prepared": [-5, TEA, {"hex": "00ff"}, 2.5], "binary": [-100]},
    "Go": {"prepared": [-5, TEA, {"hex": "00ff"}, 2.5], "binary": [-100]},
    "Java": {"prepared": [-5, TEA, {"hex": "00ff"}, 2.5, "12.345", True, "2026-11-23 01:02:03.000004"], "binary": [-100],
             "null": [None, None]},
}
ZLIB = {"none": [], "zlib": ["--compress"]}
ALGORITHMS = {"none": [], "zlib": ["--compression-algorithms=zlib"], "zstd": ["--compression-algorithms=zstd"]}
# With TLS, and without. MariaDB's programs of 10.11 use none unless told to; MySQL's would.
MARIADB = (["--ssl"], ["--skip-ssl"])
MYSQL = (["--ssl-mode=REQUIRED"], ["--ssl-mode=DISABLED", "--get-server-public-key"])


def programs(home):
    """The servers' own command line clients."""
    no_home = None if home else "MySQL 9 is not installed: script/mysql9"
    plugins = f"--plugin-dir={home}/root/usr/lib/mysql/plugin"
    return [
        CommandLine("mariadb", command_line("mariadb", *MARIADB, ZLIB), ("none", "zlib")),
        CommandLine("mysql", command_line(f"{home}/bin/mysql", *MYSQL, ALGORITHMS, plugins, "--enable-cleartext-plugin", "--named-commands", "--commands"),
                    ("none", "zlib", "zstd"), missing=no_home, more=ATTRIBUTES),
    ]


def tools(home):
    """What else comes with the servers: other commands than those of drivers."""
    found = []
    for name, binlog, ways in (("mariadb-", "mariadb-binlog", MARIADB), (f"{home}/bin/mysql", f"{home}/bin/mysqlbinlog", MYSQL)):
        def add(what, commands, *words_of_it, name=name, ways=ways, **keywords):
            program = name + what if what != "binlog" else binlog
            missing = None if shutil.which(program) else "not installed: script/bootstrap" if name == "mariadb-" else "of MySQL's programs script/mysql9 installs mysqld and mysql only"
            found.append(Tool(os.path.basename(program) + keywords.pop("kind", ""), tool(program, *ways, *words_of_it), commands,
                              missing=missing, **keywords))
        add("dump", {"COM_QUERY", "COM_INIT_DB"}, "--routines", "--skip-dump-date", "shop")
        add("admin", {"COM_PING", "COM_STATISTICS"}, "ping", "status", "refresh", "kill", "999999", vague=True)
        add("show", {"COM_QUERY"}, "shop", "digits")
        add("binlog", {"COM_BINLOG_DUMP"}, "--read-from-remote-server", "binlog.000001")
        if name != "mariadb-":
            add("binlog", {"COM_BINLOG_DUMP_GTID"}, "--read-from-remote-source=BINLOG-DUMP-GTIDS", "binlog.000001", kind=" by GTID")
        add("slap", {"COM_QUERY"}, "--create-schema=slap", "--concurrency=3", "--iterations=2", "--number-of-queries=60",
            "--auto-generate-sql", vague=True)
    return found


def clients(lab):
    go, java = go_client(lab), java_client(lab)
    node = {"missing": None if has_node_drivers() else "Node's drivers are not installed: script/node-drivers"}
    home = lab.mysql9_root()
    drivers = [
        Client("PHP mysqli", script("php", "mysqli.php"), ("none", "zlib")),
        Client("PHP PDO", script("php", "pdo.php"), ("none", "zlib")),
        Client("Python PyMySQL", python("python_pymysql.py")),
        Client("Python mysqlclient", python("python_mysqlclient.py"), ("none", "zlib"),
               missing=None if has("/usr/bin/python3", "-c", "import MySQLdb") else "python3-mysqldb is not installed: script/bootstrap"),
        Client("Perl DBD::mysql", script("/usr/bin/perl", "dbi.pl", "mysql"), ("none", "zlib")),
        Client("Perl DBD::MariaDB", script("/usr/bin/perl", "dbi.pl", "MariaDB"), ("none", "zlib"),
               missing=None if has("/usr/bin/perl", "-MDBD::MariaDB", "-e1") else "libdbd-mariadb-perl is not installed: script/bootstrap"),
        Client("Node mysql2", script("node", "node.js", "mysql2"), ("none", "zlib"), **node),
        Client("Node mariadb", script("node", "node.js", "mariadb"), ("none", "zlib"), **node),
        Client("Go", lambda o: [go, json.dumps(o)], missing=None if go else "Go or its driver is not installed: script/bootstrap"),
        Client("Java", lambda o: ["java", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", f"{java}:{DRIVER_JAR}", "Client", json.dumps(o)],
               ("none", "zlib"), socket=False, missing=None if java else "Java's compiler or its driver is not installed: script/bootstrap"),
    ]
    for client in drivers:
        client.values = VALUES.get(client.name, {})
    return programs(home) + drivers + tools(home)


class Login:
    """A user, the plugin that the record must name (None: whichever the client has), statements that prepare the login, the
    error that it must end with, and whether it goes by a Unix socket."""

    def __init__(self, user, password, plugin, prepare=None, errno=None, socket=False, mediated=False):
        self.user, self.password, self.plugin, self.prepare = user, password, plugin, prepare
        self.errno, self.socket, self.mediated = errno, socket, mediated


LOGINS = {
    "mariadb": {
        "native": Login("pw", "secret", "mysql_native_password"),
        "ed25519": Login("ed", "secret", "client_ed25519"),
        "no password": Login("bare", "", "mysql_native_password"),
        "dialog": Login("talk", "secret", "dialog"),
        "clear text": Login("clear", "secret", "mysql_clear_password"),
        "unix_socket": Login(ME, "", None, socket=True),
        "denied": Login("pw", "wrong", "mysql_native_password", errno=1045),
    },
    "mysql9": {
        "sha2 full": Login("pw", "secret", "caching_sha2_password", prepare="FLUSH PRIVILEGES", mediated=True),
        "sha2 fast": Login("pw", "secret", "caching_sha2_password", mediated=True),
        "sha256": Login("sha256", "secret", "sha256_password", mediated=True),
        "no password": Login("bare", "", "caching_sha2_password"),
        "auth_socket": Login("sock", "", None, socket=True),
        "multi-factor": Login("mfa", "secret", None, socket=True),
        "denied": Login("pw", "wrong", "caching_sha2_password", errno=1045, mediated=True),
    },
}
SETUP = """
ALTER DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE digits (n INT PRIMARY KEY); INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
CREATE PROCEDURE two(IN a INT) SELECT a, n FROM digits WHERE n < 3 ORDER BY n;
CREATE PROCEDURE doubled(IN a INT, OUT b INT) SET b = 2 * a;
FLUSH BINARY LOGS;
"""
# Plugins that a server may lack: auth_ed25519 is of mariadb-server, dialog_examples and auth_test_plugin are of mariadb-test;
# script/mariadb-plugins fetches them. Without one its login is skipped.
OPTIONAL = {
    "mariadb": [
        "INSTALL SONAME 'auth_ed25519'; CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret'); GRANT ALL ON *.* TO ed@'%'",
        "INSTALL SONAME 'dialog_examples'; CREATE USER talk@'%' IDENTIFIED VIA three_attempts USING 'secret'; GRANT ALL ON *.* TO talk@'%'",
        "INSTALL SONAME 'auth_test_plugin'; CREATE USER clear@'%' IDENTIFIED VIA cleartext_plugin_server USING 'secret';"
        "GRANT ALL ON *.* TO clear@'%'",
        f"CREATE OR REPLACE USER {ME}@localhost IDENTIFIED VIA unix_socket; GRANT ALL ON *.* TO {ME}@localhost WITH GRANT OPTION",
    ],
    "mysql9": [
        f"INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'; CREATE USER sock@localhost IDENTIFIED WITH auth_socket AS '{ME}';"
        f"GRANT ALL ON *.* TO sock@localhost; CREATE USER mfa@localhost IDENTIFIED WITH caching_sha2_password BY 'secret' "
        f"AND IDENTIFIED WITH auth_socket AS '{ME}'; GRANT ALL ON *.* TO mfa@localhost",
    ],
}


def start(lab, name):
    if name == "mysql9":
        server = lab.Mysql9()
    else:
        server = lab.tls_server()
        server.ca = server.certificates.ca
        server.sql("CREATE USER bare@'%'; GRANT ALL ON *.* TO bare@'%'")
    server.lacking = set()  # users that could not be made
    for text in OPTIONAL[name]:
        try:
            server.sql(text)
        except AssertionError:
            server.lacking |= {login.user for login in LOGINS[name].values() if f" {login.user}@" in text}
    server.sql(SETUP, "shop")
    return server
