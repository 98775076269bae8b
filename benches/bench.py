"""What the parts of ./bench share: the table, programs on their cores, and a
server."""
import os
import pathlib
import re
import subprocess
import time

# What is measured has one core, and whoever asks it another.
CORES = sorted(os.sched_getaffinity(0))
SERVER, CLIENTS = CORES[0], CORES[-1]
ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / 'build'
ROWS = []


def row(what, ours, limit, ratio, goal, ok=None):
    ROWS.append((what, ours, limit, ratio, goal,
                 '' if ok is None else 'yes' if ok else 'NO'))


def table():
    head = ('what', 'ours', 'limit, same run', 'ratio', 'goal', 'met')
    widths = [max(len(r[i]) for r in [head, *ROWS]) for i in range(len(head))]
    for number, line in enumerate([head, *ROWS]):
        print('  '.join(cell.ljust(w) for cell, w in zip(line, widths))
              .rstrip())
        if number == 0:
            print('  '.join('-' * w for w in widths))


def on_core(core):
    """Options of subprocess for a program that stays on a core (None: any)."""
    cores = set(CORES) if core is None else {core}
    return {'text': True,
            'preexec_fn': lambda: os.sched_setaffinity(0, cores)}


def values(*command, core=CLIENTS):
    """Runs a program that prints "name value" lines."""
    out = subprocess.run(list(map(str, command)), check=True,
                         stdout=subprocess.PIPE, **on_core(core)).stdout
    return {name: float(value) for name, value in
            re.findall(r'^(\w+) ([-\d.]+)$', out, re.M)}


class Server:
    """A sottod of its own, on one core."""

    def __init__(self, folder, *args):
        self.folder = folder
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [BUILD / 'sottod', 'serve', '--data', folder, '--listen',
             '127.0.0.1:0', *args], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, **on_core(SERVER))
        _, address, self.key = self.process.stdout.readline().split()
        self.ready_ms = (time.monotonic() - begun) * 1000
        self.port = address.rsplit(':', 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.terminate()
        self.process.wait()

    def memory(self):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(re.search(r'VmRSS:\s+(\d+)', status)[1]) / 1024

    def private_kib(self):
        """Memory that is its own and no file's."""
        text = pathlib.Path(
            f'/proc/{self.process.pid}/smaps_rollup').read_text()
        return int(re.search(r'Private_Dirty:\s+(\d+)', text)[1])

    def link(self, name):
        return subprocess.run([str(BUILD / 'sottod'), 'invite', name,
                               '--data', self.folder], check=True,
                              capture_output=True, text=True).stdout.strip()

    def invite(self, name):
        return self.link(name).rsplit('#', 1)[1]
