"""What a thief looks for, and where: secrets in every encoding, the memory of
a process, the wire."""
import base64
import ctypes
import fcntl
import functools
import os
import re
import socket
import struct
import subprocess
import threading

CLONE_NEWNET, CLONE_NEWUTS = 0x40000000, 0x04000000
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x41
ETH_P_IP = 0x0800
SO_RCVBUFFORCE = 33
PACKET_OUTGOING = 4
PT_NOTE = 4
PART = 16   # of a key; that much of it found is a find
BEGIN = 8   # bytes by which a walk knows what it meets
PAGE = 4096


def aligned_base64(value):
    """What stands for value in any base64 that holds it, by alignment."""
    for lead in range(3):
        text = base64.b64encode(b'\0' * lead + value)
        first = (8 * lead + 5) // 6
        last = (8 * (lead + len(value))) // 6
        yield text[first:last]


def forms(value):
    """The encodings of value, by name."""
    yield 'raw', value
    yield 'reversed', value[::-1]
    yield 'hex', value.hex().encode()
    yield 'HEX', value.hex().upper().encode()
    for lead, text in enumerate(aligned_base64(value)):
        yield f'base64+{lead}', text
        url = text.translate(bytes.maketrans(b'+/', b'-_'))
        if url != text:
            yield f'base64url+{lead}', url
    if value.isascii():
        yield 'utf-16', value.decode().encode('utf-16-le')
        yield 'utf-16be', value.decode().encode('utf-16-be')
        yield 'utf-32', value.decode().encode('utf-32-le')
        yield 'percent', ''.join(f'%{b:02x}' for b in value).encode()
        yield 'PERCENT', ''.join(f'%{b:02X}' for b in value).encode()
        yield 'json', ''.join(f'\\u{b:04x}' for b in value).encode()


@functools.lru_cache(None)
def all_forms(value):
    return tuple(forms(value))


class Hoard:
    """What is looked for, by name, and what it looks like."""

    def __init__(self):
        self.begins = {}  # first bytes of a look: {look: (name, form)}

    def add(self, name, value):
        pieces = [value]
        if not value.isascii() or len(value) >= 2 * PART:
            pieces = [value[i:i + PART]
                      for i in range(0, len(value) - PART + 1, PART)]
        for piece in pieces:
            for form, look in all_forms(piece):
                self.begins.setdefault(look[:BEGIN], {})[look] = (name, form)

    def find(self, hay):
        """What of it is in hay: (name, form), each once.

        One walk through hay, however many secrets there are: what begins
        like none of them is not looked at again.
        """
        met = {hay[i:i + BEGIN] for i in range(len(hay))}
        return {known for begin in met & self.begins.keys()
                for look, known in self.begins[begin].items() if look in hay}


def told(path):
    """The keys in a file of tests/support/reveal.c: (name, value)."""
    with open(path) as f:
        rows = [line.split() for line in f]
    return {(name, bytes.fromhex(value)) for name, value in rows}


class Mapping:
    """A piece of a process's memory, as /proc/PID/smaps says."""

    def __init__(self, line):
        words = line.split(None, 5)
        self.start, self.end = (int(n, 16) for n in words[0].split('-'))
        self.mode = words[1]
        self.flags = []


def mappings(pid):
    """All of a process's memory."""
    found = []
    with open(f'/proc/{pid}/smaps') as f:
        for line in f:
            if re.match(r'[0-9a-f]+-[0-9a-f]+ ', line):
                found.append(Mapping(line))
            elif line.startswith('VmFlags:'):
                found[-1].flags = line.split()[1:]
    return found


def dense(held):
    """The pages of it that are not all zeros."""
    pages = (held[i:i + PAGE] for i in range(0, len(held), PAGE))
    return b''.join(page for page in pages if page.strip(b'\0'))


def memory(pid):
    """Yields (mapping, bytes) for what a process has written; pages of zeros
    are left out, and so is what is still as it is in a file."""
    with open(f'/proc/{pid}/mem', 'rb', 0) as mem:
        for m in mappings(pid):
            if 'w' not in m.mode and 'ac' not in m.flags:
                continue
            yield m, dense(os.pread(mem.fileno(), m.end - m.start, m.start))


def core(pid, folder):
    """What a core file of a process has, made by force with a debugger:
    all but what was marked to be left out."""
    subprocess.run(['gcore', '-o', folder + '/core', str(pid)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path = f'{folder}/core.{pid}'
    with open(path, 'rb') as f:
        held = bytearray(f.read())
    os.remove(path)
    # The notes have the threads' registers, with what was copied last.
    at, = struct.unpack_from('<Q', held, 32)
    size, count = struct.unpack_from('<HH', held, 54)
    for header in range(at, at + size * count, size):
        kind, _, start, _, _, length = struct.unpack_from('<IIQQQQ', held,
                                                          header)
        if kind == PT_NOTE:
            held[start:start + length] = bytes(length)
    return dense(bytes(held))


# ---- a network of one's own, and somebody who listens to it ----

class IfReq(ctypes.Structure):
    """struct ifreq."""

    _fields_ = [('name', ctypes.c_char * 16), ('flags', ctypes.c_short),
                ('rest', ctypes.c_char * 22)]


def isolate(hostname):
    """A network and a host name of our own, for all that starts from here;
    whether we were let. What others do on this machine is then not heard."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | CLONE_NEWUTS) != 0:
        return False
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, IfReq(b'lo', IFF_UP_RUNNING, b''))
    return libc.sethostname(hostname, len(hostname)) == 0


class Listener(threading.Thread):
    """Keeps what goes over loopback, each direction of each connection as
    one run of bytes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                    socket.ntohs(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 25)
        self.socket.bind(('lo', ETH_P_IP))
        self.runs = {}
        self.start()

    def run(self):
        while True:
            packet, at = self.socket.recvfrom(1 << 17)
            if at[2] == PACKET_OUTGOING or packet[9] != socket.IPPROTO_TCP:
                continue
            tcp = packet[4 * (packet[0] & 15):]
            self.runs.setdefault(packet[12:20] + tcp[:4], bytearray()).extend(
                tcp[4 * (tcp[12] >> 4):])

    def heard(self):
        """What went over the wire so far."""
        return [bytes(run) for run in list(self.runs.values())]
