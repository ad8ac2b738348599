"""Secrets in packets that no record shows as a text: what clients send beside statements, and what is cut, split or sent ahead.

PACKETS has a tuple for each: its name, whose it is ("mariadb", "mysql" or "both"), what plays it. It is called with a place, which
knows the proxy's port and the server, and a secret. The server may refuse all of it.
"""
import os
import socket
import struct

import lab
from rawclient import CAPABILITIES, SENT_AHEAD, Gone, RawClient, Refused, lenenc, packet

LAST = 0xFFFFFFFF
PACKETS = []


def packets(name, server="both", is_long=False):
    def add(play):
        if lab.LONG or not is_long:
            PACKETS.append((name, server, play))
        return play
    return add


class Place:
    """Where packets go."""

    def __init__(self, port, server, kind):
        self.port = port
        self.server = server
        self.kind = kind

    def client(self, **keywords):
        return RawClient(self.port, "bare", "planted", **keywords)

    def beside(self, *statements):
        """Run at the server itself."""
        self.server.sql(";\n".join(statements), "planted")


def execution(statement, secret, flags=0, command=0x17):
    return bytes([command]) + struct.pack("<IBI", statement, flags, 1) + b"\0\1\xfd\0" + lenenc(len(secret)) + secret.encode()


def drain(c, n=1):
    """Read up to n replies of any kind."""
    for _ in range(n):
        try:
            c.rows()
        except (Refused, Gone, AssertionError, struct.error):
            pass


def finish(c):
    """Say that no more will come, and read to the end of what the server says."""
    try:
        c.socket.shutdown(socket.SHUT_WR)
        while c.socket.recv(1 << 16):
            pass
    except OSError:
        pass
    c.close()


UPDATE = "UPDATE person SET password = ? WHERE id = 4711"


@packets("register-replica")
def register(place, secret):
    c = place.client()
    c.send(0, b"\x15" + struct.pack("<I", 7) + b"\1h\1u" + bytes([len(secret)]) + secret.encode() + struct.pack("<HII", 3306, 0, 0))
    drain(c)
    finish(c)


@packets("execute-last-pipelined")
def last(place, secret):
    c = place.client()
    c.send_bytes(packet(0, b"\x16" + UPDATE.encode()) + packet(0, execution(LAST, secret)))
    drain(c, 3)
    finish(c)


@packets("long-data-pipelined")
def last_long(place, secret):
    c = place.client()
    c.send_bytes(packet(0, b"\x16" + UPDATE.encode()) + packet(0, b"\x18" + struct.pack("<IH", LAST, 0) + secret.encode()))
    drain(c, 1)
    finish(c)


@packets("execute")
def execute(place, secret):
    c = place.client()
    c.execute(c.prepare(UPDATE), secret.encode())
    c.execute(c.prepare("INSERT INTO person (id, nick, password) VALUES (4712, ?, ?)"), b"Visiblenick", secret.encode())
    c.quit()


@packets("long-data")
def long_data(place, secret):
    c = place.client()
    statement = c.prepare(UPDATE)
    c.send_ahead(statement, 0, secret[:4].encode())
    c.send_ahead(statement, 0, b"-" + secret.encode())
    c.execute(statement, SENT_AHEAD)
    c.quit()


@packets("execute-unknown")
def unknown(place, secret):
    c = place.client()
    c.send(0, execution(77777, secret))
    drain(c)
    c.send(0, b"\x18" + struct.pack("<IH", 77778, 0) + secret.encode())
    finish(c)


@packets("bulk", "mariadb")
def bulk(place, secret):
    c = place.client()
    statement = c.prepare(UPDATE)
    c.send(0, b"\xfa" + struct.pack("<IH", statement, 0x80) + b"\xfd\0\0" + lenenc(len(secret)) + secret.encode())
    drain(c)
    finish(c)


@packets("change-user")
def change_user(place, secret):
    c = place.client()
    c.send(0, b"\x11bare\0" + bytes([len(secret)]) + secret.encode() + b"planted\0" + struct.pack("<H", 45) + b"mysql_clear_password\0")
    drain(c)
    finish(c)


@packets("change-user-data")
def change_user_data(place, secret):
    """The plugin's answer, with a sequence number that it should not have, too."""
    for seq in (2, 0):
        c = place.client()
        c.send_bytes(packet(0, b"\x11pw\0\0planted\0" + struct.pack("<H", 45) + b"mysql_clear_password\0") + packet(seq, secret.encode() + b"\0"))
        drain(c, 2)
        finish(c)


@packets("login")
def login(place, secret):
    """A password in the clear, and attributes of that name."""
    c = RawClient(place.port, login=False)
    c.read()
    capabilities = CAPABILITIES | 1 << 20
    attributes = lenenc(8) + b"password" + lenenc(len(secret)) + secret.encode()
    c.send(1, struct.pack("<IIB", capabilities, 1 << 24, 45) + bytes(23) + b"nobody\0" + bytes([len(secret)]) + secret.encode() +
           b"planted\0" + b"mysql_clear_password\0" + lenenc(len(attributes)) + attributes)
    drain(c)
    c.close()


@packets("parameter-behind")
def parameter_behind(place, secret):
    """Of a statement that is cut in the log."""
    c = place.client()
    c.execute(c.prepare(f"SELECT LENGTH('{'x' * 1049000}') + ? FROM person WHERE password = ?"), 5, secret.encode())
    c.quit()


@packets("login-cut")
def login_cut(place, secret):
    c = RawClient(place.port, login=False)
    c.read()
    c.send_bytes(packet(1, struct.pack("<IIB", CAPABILITIES, 1 << 24, 45) + bytes(23) + b"nobody\0" + secret.encode() + b"\0planted\0")[:-3])
    c.close()


@packets("cut")
def cut(place, secret):
    """Packets that end within."""
    for payload in (f"\3UPDATE person SET password = '{secret}' WHERE id = 1".encode(), b"\x11bare\0" + bytes([len(secret)]) + secret.encode() + b"planted\0xx",
                    b"\x15" + struct.pack("<I", 7) + b"\1h\1u" + bytes([len(secret)]) + secret.encode() + bytes(12), execution(77777, secret) + b"xx"):
        c = place.client()
        c.send_bytes(packet(0, payload)[:-2])
        c.close()
    c = place.client()
    statement = c.prepare(UPDATE)
    c.send_bytes(packet(0, execution(statement, secret) + b"xx")[:-2])
    c.close()


@packets("byte-by-byte")
def single_bytes(place, secret):
    c = place.client()
    for byte in packet(0, f"\3UPDATE person SET password = '{secret}' WHERE id = 1".encode()):
        c.send_bytes(bytes([byte]))
    drain(c)
    finish(c)


@packets("long-statement")
def long_statement(place, secret):
    """The password stands behind 64 KiB; the error quotes it."""
    c = place.client()
    for text in (f"UPDATE person SET nick = LEFT('{'x' * 70000}', 3), password = '{secret}' WHERE id = 9",
                 f"SELECT LENGTH('{'x' * 70000}') FORM person WHERE password = '{secret}'"):
        c.send(0, b"\x03" + text.encode())
        drain(c)
        c.send(0, b"\x16" + text.encode())
        drain(c)
    finish(c)


@packets("longer-statement")
def longer_statement(place, secret):
    """Behind all that is kept of a statement."""
    c = place.client()
    for command in (b"\x03", b"\x16"):
        c.send(0, command + f"SELECT LENGTH('{'x' * 1200000}') FORM person WHERE password = '{secret}'".encode())
        drain(c)
    finish(c)


@packets("statement-in-frames", is_long=True)
def frames(place, secret):
    """More than 16 MiB: the password stands at the begin of the first packet, and of the second."""
    c = place.client()
    begin = f"\3UPDATE person SET password = '{secret}', nick = LEFT('"
    c.send(0, begin.encode() + b"x" * (1 << 24) + b"', 3) WHERE id = 9")
    drain(c)
    begin = b"\3UPDATE person SET nick = LEFT('"
    end = "', 3), password = '"
    c.send(0, begin + b"x" * (0xFFFFFF - len(begin) - len(end)) + f"{end}{secret}' WHERE id = 9".encode())
    drain(c)
    finish(c)


@packets("file")
def load_file(place, secret):
    path = os.path.join(lab.FOLDER, "planted.txt")
    with open(path, "w") as f:
        f.write(f"1\t{secret}\n")
    c = place.client(capabilities=CAPABILITIES | 0x80)
    c.send(0, f"\3LOAD DATA LOCAL INFILE '{path}' INTO TABLE person (id, password)".encode())
    try:
        c.read()
        c.send(2, f"1\t{secret}\n".encode())
        c.send(3, b"")
        c.read()
    except Refused:
        pass
    finish(c)


@packets("fields", "mariadb")
def fields(place, secret):
    place.beside("DROP TABLE IF EXISTS planted_f", f"CREATE TABLE planted_f (a INT DEFAULT 5, password VARCHAR(40) DEFAULT '{secret}')")
    c = place.client()
    c.send(0, b"\x04planted_f\0%")
    finish(c)


@packets("cursor")
def cursor(place, secret):
    """Rows whose columns were told by another reply."""
    place.beside("DELETE FROM person", f"INSERT INTO person (id, nick, password) VALUES (1, 'Visiblenick', '{secret}')")
    c = place.client()
    for text in ("SELECT nick, password AS p FROM person", "SELECT nick, p FROM (SELECT nick, CONCAT(password) AS p FROM person) t"):
        statement = c.prepare(text)
        c.send(0, b"\x17" + struct.pack("<IBI", statement, 1, 1))
        c.read()
        c.read()
        c.read()
        c.read()
        for _ in range(2):
            c.send(0, b"\x1c" + struct.pack("<II", statement, 1))
            while True:
                row = c.read()
                if row[:1] == b"\xfe" and len(row) < 9:
                    break
    c.quit()


@packets("binary-log")
def binary_log(place, secret):
    place.beside("SET SESSION binlog_format = 'STATEMENT'", f"UPDATE person SET password = '{secret}'",
                 f"CREATE TABLE IF NOT EXISTS planted_bl (a INT) COMMENT 'password={secret}'")
    c = place.client()
    c.query("SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE', @mariadb_slave_capability = 4")
    c.send(0, b"\x12" + struct.pack("<IHI", 4, 1, 99) + b"binlog.000001")
    try:
        while c.read()[:1] != b"\xfe":
            pass
    except (Refused, Gone):
        pass
    c.close()


@packets("query-attributes", "mysql")
def attributes(place, secret):
    c = place.client(capabilities=CAPABILITIES | 1 << 27)
    c.send(0, b"\x03\1\1\0\1\xfd\0" + lenenc(8) + b"password" + lenenc(len(secret)) + secret.encode() + b"SELECT 1")
    drain(c)
    finish(c)


@packets("compressed", "mariadb")
def compressed(place, secret):
    for text in (f"UPDATE person SET password = '{secret}'", f"SELECT password AS p, nick FROM person; SELECT * FORM person WHERE password = '{secret}'"):
        lab.client(place.port, "--compress", "-f", "-e", text, user="bare", database="planted")


@packets("warnings-after-execute")
def warnings(place, secret):
    """COM_STMT_CLOSE stands between a statement and the question for its warnings."""
    place.beside("DROP TABLE IF EXISTS planted_w", "CREATE TABLE planted_w (id INT, password INT)")
    c = place.client()
    c.query("SET sql_mode = ''")
    statement = c.prepare("INSERT IGNORE INTO planted_w (password) VALUES (?)")
    c.execute(statement, secret.encode())
    c.close_statement(statement)
    c.query("SHOW WARNINGS")
    c.quit()
