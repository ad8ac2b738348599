"""A small MySQL client that speaks in packets, for what a stock client would never send."""
import socket
import ssl
import struct
import zlib

CAPABILITIES = 0x00000001 | 0x00000008 | 0x00000200 | 0x00002000 | 0x00008000 | 0x00020000 | 0x00080000
DEPRECATE_EOF = 1 << 24
SSL = 0x800
COMPRESS = 0x20


SENT_AHEAD = object()  # a value of execute() that send_ahead() brought


class Refused(Exception):
    """The server answered with an ERR packet: (number, text)."""


class Gone(Exception):
    """The connection ended."""


def packet(seq, payload):
    out = b""
    while True:
        part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
        out += struct.pack("<I", len(part))[:3] + bytes([seq & 255]) + part
        seq += 1
        if len(part) < 0xFFFFFF:
            return out


def lenenc(n):
    if n < 251:
        return bytes([n])
    return b"\xfc" + struct.pack("<H", n) if n < 1 << 16 else b"\xfe" + struct.pack("<Q", n)


def context_without_verification():
    """A TLS context that reads no file of the system: with ssl.create_default_context the time that takes is the machine's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def frame(seq, data):
    """A frame of the compressed protocol whose content is stored as it is."""
    return struct.pack("<I", len(data))[:3] + bytes([seq & 255, 0, 0, 0]) + data


class RawClient:
    """With compress=True it sends each packet in a frame of its own, and send_bytes takes what is in frames already."""

    is_compressed = False  # not before the login is over

    def __init__(self, port, user="root", database="shop", capabilities=CAPABILITIES, timeout=60, login=True, tls=False,
                 host="127.0.0.1", compress=False):
        self.frames = bytearray()
        capabilities |= COMPRESS if compress else 0
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.capabilities = capabilities
        self.seq = 1  # of the login
        if login or tls:
            self.greeting = self.read()
        if tls:
            self.start_tls()
        if login:
            self.send(self.seq, self.login_payload(user, database))
            self.expect_ok()
            self.is_compressed = compress

    def start_tls(self):
        self.capabilities |= SSL
        self.send(1, self.login_payload("", "")[:32])
        context = context_without_verification()
        context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0x80)
        self.socket = context.wrap_socket(self.socket, suppress_ragged_eofs=True)
        self.seq = 2

    def login_payload(self, user, database):
        return (struct.pack("<IIB", self.capabilities, 1 << 24, 45) + bytes(23) + user.encode() + b"\0" + b"\0" +
                database.encode() + b"\0" + b"mysql_native_password\0")

    def send(self, seq, payload):
        data = packet(seq, payload)
        self.send_bytes(frame(0, data) if self.is_compressed else data)

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def receive(self):
        try:
            more = self.socket.recv(1 << 20)
        except (ConnectionError, BrokenPipeError) as error:
            raise Gone(str(error)) from error
        if not more:
            raise Gone("end of file")
        return more

    def receive_frames(self):
        """What is in the frames that have come; at least one."""
        data = bytearray()
        at = 0
        while not data:
            self.frames += self.receive()
            while len(self.frames) >= at + 7:
                end = at + 7 + int.from_bytes(self.frames[at:at + 3], "little")
                if len(self.frames) < end:
                    break
                part = bytes(self.frames[at + 7:end])
                data += zlib.decompress(part) if any(self.frames[at + 4:at + 7]) else part
                at = end
            del self.frames[:at]
            at = 0
        return data

    def take(self, n):
        while len(self.buffer) < n:
            self.buffer += self.receive_frames() if self.is_compressed else self.receive()
        part = bytes(self.buffer[:n])
        del self.buffer[:n]
        return part

    def read(self):
        payload = b""
        while True:
            header = self.take(4)
            length = int.from_bytes(header[:3], "little")
            payload += self.take(length)
            if length < 0xFFFFFF:
                break
        if payload[:1] == b"\xff":
            text = payload[9:] if payload[3:4] == b"#" else payload[3:]
            raise Refused(int.from_bytes(payload[1:3], "little"), text.decode(errors="replace"))
        return payload

    def expect_ok(self):
        payload = self.read()
        while payload[:1] == b"\xfe" and len(payload) > 8:  # AuthSwitchRequest: an empty password
            self.send(self.seq + 2, b"")
            payload = self.read()
        assert payload[:1] == b"\0", payload[:40]
        return payload

    def rows(self):
        """Read one result; returns the number of rows, or None for an OK."""
        first = self.read()
        if first[:1] == b"\0":
            return None
        assert len(first) == 1, first[:20]
        for _ in range(first[0]):
            self.read()
        if not self.capabilities & DEPRECATE_EOF:
            self.read()
        n = 0
        while True:
            row = self.read()
            if row[:1] == b"\xfe" and len(row) < 9:
                return n
            n += 1

    def query(self, text):
        self.send(0, b"\x03" + (text if isinstance(text, bytes) else text.encode()))
        return self.rows()

    def prepare(self, text):
        self.send(0, b"\x16" + text.encode())
        reply = self.read()
        statement, columns, params = struct.unpack("<IHH", reply[1:9])
        for n in (params, columns):
            if n:
                for _ in range(n + 1):
                    self.read()
        return statement

    def execute(self, statement, *values):
        types, data = b"", b""
        for value in values:
            if isinstance(value, int):
                types += b"\x08\0"
                data += struct.pack("<q", value)
            elif value is SENT_AHEAD:
                types += b"\xfd\0"
            else:
                types += b"\xfd\0"
                data += lenenc(len(value)) + value
        bitmap = bytes((len(values) + 7) // 8)
        self.send(0, b"\x17" + struct.pack("<IBI", statement, 0, 1) + (bitmap + b"\1" + types + data if values else b""))
        return self.rows()

    def send_ahead(self, statement, parameter, data):
        self.send(0, b"\x18" + struct.pack("<IH", statement, parameter) + data)

    def close_statement(self, statement):
        self.send(0, b"\x19" + struct.pack("<I", statement))

    def quit(self):
        self.send(0, b"\x01")
        self.close()

    def close(self):
        self.socket.close()
