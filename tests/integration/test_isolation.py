"""One session's statements, the worst there are, cost no record of another's."""
import json
import threading
import unittest

import lab
from rawclient import RawClient, Refused

SIZE = 1 << 20  # of a statement: limits.query_bytes
LONG_LINE = 64 * 1024
RING = "16M"  # for what the other session does while a bad statement is read; with sanitizers that takes a while
SELECTS = 2000
LEAST = 24  # of the bad ones, before the selects may end
AHEAD = 1000  # selects that may await the log: fewer than fit into the quarter of the ring that long records leave free

# What stands at the front, what comes over and over, what stands at the end; see tests/linear/generators.c, which has more.
WORST = [(b"SELECT '", b"password", b"'"), (b"SELECT '", b"pwd", b"'"), (b"SELECT '", b"pw______________", b"'"),
         (b"SELECT '", b"://", b"'"), (b"SELECT /* password= */ ", b"'a'+a+", b"1"), (b"SELECT ", b"'a' x,", b"password"),
         (b"SELECT ", b"CRYPT(", b"1"), (b"SELECT 1 FROM t WHERE a=1", b" OR 1=password", b""), (b"SELECT ", b"1,", b"1"),
         (b"SELECT 1 IN (", b"'',", b"1)"), (b"SELECT ", b"_a ", b""), (b"SELECT '", b"\xff", b"'"), (b"SELECT 1 /*", b"a='", b"*/"),
         (b"SET @a=1", b",@b=(1)", b"")]


def text(head, unit, tail):
    room = SIZE - 1 - len(head) - len(tail)
    return head + (unit * (room // len(unit) + 1))[:room] + tail


class Bad(threading.Thread):
    """Sends them again and again until it is told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = RawClient(port)
        self.sent = 0
        self.enough = threading.Event()
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            self.send_all()
        except Exception as failure:  # told by who waits
            self.failure = failure
        self.enough.set()

    def send_all(self):
        while not self.stopping.is_set():
            self.send_one(self.sent)
            self.sent += 1
            if self.sent == LEAST:
                self.enough.set()
        self.client.quit()

    def send_one(self, n):
        self.client.send(0, b"\x03" + text(*WORST[n % len(WORST)]))
        try:
            first = self.client.read()
        except Refused:
            return
        if first[:1] == b"\0":
            return
        columns = first[0] if len(first) == 1 else int.from_bytes(first[1:], "little")
        for _ in range(columns + 1):
            self.client.read()
        while self.client.read()[:1] != b"\xfe":
            pass


class BadExecutions(Bad):
    """Short packets, which execute a statement whose text is as long as that."""

    def __init__(self, port):
        super().__init__(port)
        self.statement = self.client.prepare(text(b"SELECT 1 /* password='", b"pwd", b"' */").decode())

    def send_one(self, n):
        self.client.execute(self.statement)


class Isolation(unittest.TestCase):
    def isolated(self, kind, *options):
        with lab.Proxy("--workers", "1", "--log-ring-bytes", RING, *options) as proxy:
            lab.server().sql("CREATE USER IF NOT EXISTS good@'%'; GRANT ALL ON *.* TO good@'%'")
            good = RawClient(proxy.port, user="good")
            bad = kind(proxy.port)
            bad.start()
            selects = 0
            while selects < SELECTS or not bad.enough.is_set():
                good.query(f"SELECT {selects} AS good")
                selects += 1
                if selects % AHEAD == 0:  # how fast the log's thread is depends on what else the machine does
                    lab.wait_for(lambda n=selects: self.treated(proxy) >= n, "the log to catch up")
            bad.stopping.set()
            bad.join(lab.PATIENCE_S)
            self.assertIsNone(bad.failure)
            self.assertGreaterEqual(bad.sent, LEAST)
            good.quit()
            proxy.idle()
            lab.wait_for(lambda: self.told(proxy, "disconnect") == 2, "the log to be written")
            numbers, long_ones, dropped = [], 0, 0
            for line in self.lines(proxy):
                if len(line) > LONG_LINE:
                    long_ones += 1
                    continue
                record = json.loads(line)
                dropped += record.get("dropped", 0)
                if record["event"] == "query" and record["username"] == "good" and record["command"] == "COM_QUERY":
                    numbers.append(record["conn_seq_num"])
        lost = selects - len(numbers)
        if lab.is_sanitized():  # it may be too slow for the ring; then what is lost is counted
            self.assertLessEqual(lost, dropped)
        else:
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + selects)))
            # what could not be kept was the other session's
            self.assertLessEqual(dropped, bad.sent - long_ones)
        print(f"# {selects} selects beside {bad.sent} of the worst: {lost} lost; of the worst {dropped - lost}", flush=True)

    @staticmethod
    def treated(proxy):
        """The selects of the good session that the log's thread has seen, and all records that were dropped."""
        dropped = proxy.counters()["log_dropped"]
        return dropped + sum(d["count"] for d in proxy.json("/digests?sort=count")["digests"] if d["digest_text"] == "SELECT ? AS `good`")

    @staticmethod
    def lines(proxy):
        """The complete lines of the log: the last one may just be being written."""
        with open(proxy.log_path, "rb") as f:
            yield from (line for line in f if line.endswith(b"\n"))

    def told(self, proxy, event):
        needle = f'"event":"{event}"'.encode()
        return sum(needle in line[:LONG_LINE] for line in self.lines(proxy))

    def test_long_statements(self):
        self.isolated(Bad)

    def test_long_statements_redacted(self):
        self.isolated(Bad, "--log-redact", "all")

    def test_executions_of_a_long_statement(self):
        self.isolated(BadExecutions)


if __name__ == "__main__":
    unittest.main()
