"""The log under load: what is lost is counted exactly, or nothing is lost; a crash and a full disk leave whole lines."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import lab

# What MariaDB does not count as questions. (Its own client asks before and after: its SHOW and its COM_QUIT are two more.)
NOT_QUESTIONS = ("COM_PING", "COM_STATISTICS", "COM_STMT_PREPARE", "COM_STMT_CLOSE", "COM_STMT_RESET", "COM_STMT_SEND_LONG_DATA")


def questions():
    return int(lab.server().sql("SHOW GLOBAL STATUS LIKE 'Questions'").split("\t")[1])


def sysbench(port, command, threads=64, events=0, time=5, test="oltp_point_select", wait=True):
    argv = ["sysbench", test, "--mysql-host=127.0.0.1", f"--mysql-port={port}", "--mysql-user=root", "--mysql-db=shop", "--tables=1",
            "--table-size=1000", f"--threads={threads}", f"--events={events}", f"--time={time}", "--db-ps-mode=disable", "--mysql-ssl=off", command]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not wait:
        return process
    output = process.communicate()[0]
    assert process.returncode == 0, output
    return output


class Prepared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lab.server().sql("DROP TABLE IF EXISTS shop.sbtest1")
        sysbench(lab.server().port, "prepare", threads=1)

    @classmethod
    def tearDownClass(cls):
        sysbench(lab.server().port, "cleanup", threads=1)


class WhenFull(Prepared):
    def load(self, *flags):
        """@return the server's questions, the records of commands that are questions, and the count of dropped records."""
        with lab.Proxy("--log-ring-bytes", "128K", "--limits-query-bytes", "4K", *flags) as proxy:
            before = questions()
            sysbench(proxy.port, "run", events=20000, time=60)
            after = questions()
            proxy.idle()

            def complete():
                c = proxy.counters()
                return c["log_records"] + c["log_dropped"] >= c["statements"] + 3 * 64  # connect, auth, disconnect
            lab.wait_for(complete, "the log to be written")
            counters = proxy.counters()
            statements = counters["statements"]
        records = proxy.records()
        asked = sum(r["event"] == "query" and r["command"] not in NOT_QUESTIONS for r in records)
        gaps = sum(r.get("dropped", 0) for r in records if r["event"] == "gap")
        others = sum(r["event"] not in ("query", "gap", "n_plus_one") for r in records)
        return after - before - 2, asked, counters["log_dropped"], gaps, others, statements, records

    def test_block_loses_nothing(self):
        served, asked, dropped, gaps, others, _, records = self.load("--log-when-full", "block")
        print(f"# block: {served} questions, {asked} records of them, {dropped} dropped")
        self.assertEqual((dropped, gaps), (0, 0))
        self.assertEqual(asked, served)
        for session in {r["conn_id"] for r in records if "conn_id" in r}:
            numbers = [r["conn_seq_num"] for r in records if r.get("conn_id") == session and r["event"] == "query"]
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_drop_accounts_for_each(self):
        served, asked, dropped, gaps, others, statements, records = self.load("--log-when-full", "drop")
        kept = sum(r["event"] == "query" for r in records)
        print(f"# drop: {served} questions, {kept} records of {statements} commands, {dropped} dropped")
        self.assertEqual(gaps, dropped)
        # each session has a connect, an auth and a disconnect record and a COM_QUIT besides its questions
        self.assertEqual(kept + others + dropped, statements + 3 * 64)
        self.assertEqual(statements, served)

    def test_block_with_a_reader_that_does_not_read(self):
        """A pipe that is full holds the sessions up; when it is read again nothing is missing. And it does not hold up the end."""
        argv = [lab.BINARY, "proxy", "-r", f"127.0.0.1:{lab.server().port}", "-l", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-when-full",
                "block", "--log-ring-bytes", "128K", "--limits-query-bytes", "4K", "--workers", "2", "--format", "json"]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            said = b""
            while b"listening on" not in said:
                said = process.stderr.readline()
                self.assertTrue(said, "the proxy ended")
            port = int(re.search(rb"listening on 127.0.0.1:(\d+)", said)[1])
            load = sysbench(port, "run", threads=8, events=40000, time=60, wait=False)
            lines = []
            ends = 0
            while ends < 8:  # one session's last record may stand long before another's: each worker has a ring
                lines.append(json.loads(process.stdout.readline()))
                ends += lines[-1]["event"] == "disconnect"
            load.communicate()
            self.assertEqual(load.returncode, 0)
            self.assertEqual([r for r in lines if r["event"] == "gap"], [])
            self.assertGreaterEqual(sum(r["event"] == "query" for r in lines), 40000)
            # nobody reads any more: the load stands, the end does not
            load = sysbench(port, "run", threads=8, events=40000, time=60, wait=False)
            lab.wait_for(lambda: b"its reader is too slow" in said or self.stands(process), "the sessions to be held up")
            process.terminate()
            process.wait(timeout=30)
            load.communicate()
            self.assertEqual(process.returncode, 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    def stands(self, process):
        """No more CPU is used from one look to the next: all wait."""
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            ticks = sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])
        same = ticks == getattr(self, "ticks", None)
        self.ticks = ticks
        return same


class Crash(Prepared):
    def test_kill_leaves_whole_lines(self):
        proxy = lab.Proxy()
        load = sysbench(proxy.port, "run", threads=16, time=30, wait=False)
        lab.wait_for(lambda: os.path.getsize(proxy.log_path) > 2_000_000, "the log to grow")
        proxy.process.send_signal(signal.SIGKILL)
        proxy.process.wait()
        load.communicate()
        with open(proxy.log_path, "rb") as f:
            lines = f.read().split(b"\n")
        print(f"# {len(lines)} lines; the last one has {len(lines[-1])} bytes")
        for line in lines[:-1]:
            json.loads(line)


def small_disk(folder, megabytes):
    """A tmpfs of that size; the proxy's files only. @return whether it could be had."""
    return os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True,
                                                check=False).returncode == 0


class FullDisk(Prepared):
    def test_full_and_back(self):
        folder = tempfile.mkdtemp(prefix="small-", dir=lab.FOLDER)
        if not small_disk(folder, 4):
            self.skipTest("needs to mount a tmpfs")
        try:
            self.full_and_back(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
            shutil.rmtree(folder)

    def full_and_back(self, folder):
        path = os.path.join(folder, "log")
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as f:
            f.write(b"x" * 3_000_000)
        # one worker: with two, the records of one may fill the disk again before any of the other's is written
        with lab.Proxy("--log", path, "--workers", "1", log=False) as proxy:
            output = {}
            load = sysbench(proxy.port, "run", threads=8, events=30000, time=120, wait=False)
            lab.wait_for(lambda: proxy.counters()["log_dropped"] > 1000, "records to be dropped")
            os.unlink(ballast)  # room again
            lab.wait_for(lambda: b"can be written again" in proxy.stderr(), "the log to be written again")
            dropped_then = proxy.counters()["log_dropped"]
            with open(path, "r+b") as f:
                pass
            self.assertGreater(dropped_then, 0)
            # the rest may fill the disk again: what counts is that it adds up
            output = load.communicate()[0]
            self.assertEqual(load.returncode, 0, output)
            self.assertIn("ignored errors:                      0", output)
            proxy.idle()
            statements = proxy.counters()["statements"]
            lab.wait_for(lambda: proxy.counters()["log_records"] + proxy.counters()["log_dropped"] + 2000 > statements, "the log to be written")
        with open(path, "rb") as f:
            lines = f.read().split(b"\n")
        records = [json.loads(line) for line in lines[:-1]]
        records = self.up_to_the_last_whole_gap(records)
        self.assertTrue(any(r["event"] == "gap" for r in records))
        self.check_gaps(records)

    def up_to_the_last_whole_gap(self, records):
        """Without the gaps behind which not all sessions have a command: how many they miss there can't be told."""
        last = {r["conn_id"]: i for i, r in enumerate(records) if r["event"] == "query"}
        whole = min(last.values())
        return records[: next((i for i, r in enumerate(records) if r["event"] == "gap" and i > whole), None)]

    def check_gaps(self, records):
        """Between the records before and behind a gap, just as many commands are missing of the sessions as it says."""
        seen = {}
        missing = 0
        told = 0
        for r in records:
            if r["event"] == "gap":
                told += r["dropped"]
            elif r["event"] == "query":
                before = seen.get(r["conn_id"], 0)
                missing += r["conn_seq_num"] - before - 1
                seen[r["conn_id"]] = r["conn_seq_num"]
        print(f"# gaps of {told} records in all; {missing} commands are missing before the last ones logged")
        self.assertGreaterEqual(told, missing)
        self.assertLessEqual(told - missing, 3 * 8 + 8)  # connects, logins, ends and quits may be among them


if __name__ == "__main__":
    unittest.main()
