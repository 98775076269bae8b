#!/usr/bin/env python3
"""Networks that are cut and heal, in network namespaces (threat 43): the
server and the near people in one, the far people in another, and a third
between them that forwards or does not."""
import ctypes
import json
import os
import socket
import subprocess
import sys
import time

from sottotest import Skip, World, equal, eventually, main, test

CLONE_NEWNET = 0x40000000
TCP_RTO_MAX_MS = 44
NEAR, FAR = '10.99.1.1', '10.99.2.1'


def ip(*args):
    done = subprocess.run(['ip', *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(args)}: {done.stderr.strip()}")


class Island(World):
    """A World whose people are near the server or far from it."""

    def __init__(self):
        self.at_far = set()
        names = (f'sotto-{os.getpid()}-{end}'
                 for end in ('near', 'mid', 'far'))
        self.near, self.mid, self.far = names
        self.missing = None  # why there is no network
        try:
            self.build()
        except OSError as why:
            self.missing = str(why)
        super().__init__()

    def build(self):
        for name in (self.near, self.mid, self.far):
            ip('netns', 'add', name)
            ip('-n', name, 'link', 'set', 'lo', 'up')
        for end, net in ((self.near, '10.99.1'), (self.far, '10.99.2')):
            leg = end[-4:]
            ip('-n', end, 'link', 'add', 'uplink', 'type', 'veth', 'peer',
               'name', leg, 'netns', self.mid)
            ip('-n', end, 'address', 'add', f'{net}.1/24', 'dev', 'uplink')
            ip('-n', self.mid, 'address', 'add', f'{net}.254/24', 'dev', leg)
            ip('-n', self.mid, 'link', 'set', leg, 'up')
            self.connect(end, net)
        self.forward(True)

    def connect(self, end, net):
        ip('-n', end, 'link', 'set', 'uplink', 'up')
        ip('-n', end, 'route', 'replace', 'default', 'via', f'{net}.254')

    def forward(self, is_on):
        """Lets packets pass, or lets them vanish."""
        subprocess.run(['ip', 'netns', 'exec', self.mid, 'sh', '-c',
                        f'echo {int(is_on)} >/proc/sys/net/ipv4/ip_forward'],
                       check=True)

    def enter_near(self):
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f'/run/netns/{self.near}', os.O_RDONLY)
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns')
        os.close(fd)

    def start(self, *args, **popen):
        if self.missing:
            return
        self.at = f'{NEAR}:{self.port}'
        super().start(*args, preexec_fn=self.enter_near, **popen)

    def near_and_far(self):
        if self.missing:
            raise Skip(f'no network of our own: {self.missing}')
        a, b = self.people(2)
        self.at_far.add(b)
        return a, b

    def argv(self, who, args, password='password'):
        where = self.far if who in self.at_far else self.near
        return ['ip', 'netns', 'exec', where,
                *super().argv(who, args, password)]

    def close(self):
        super().close()
        for name in (self.near, self.mid, self.far):
            subprocess.run(['ip', 'netns', 'delete', name],
                           stderr=subprocess.DEVNULL)


class Lines:
    """Somebody near writes to somebody far, over a path."""

    def __init__(self, w, *flags):
        self.a, self.b = w.near_and_far()
        self.bob = w.receiver(self.b, self.a)
        self.alice = w.begin(self.a, *flags, 'chat', self.b, '-o', 'json')
        self.alice.event('session', event='up')
        self.sent, self.seen = [], []

    def say(self):
        self.sent.append(f'line {len(self.sent)}')
        self.alice.type(self.sent[-1])

    def all_arrive(self):
        """In order, and each once."""
        while len(self.seen) < len(self.sent):
            row = json.loads(self.bob.line())
            if row['type'] == 'session' and row['event'] != 'up':
                raise AssertionError(f'the session has ended: {row}')
            if row['type'] == 'message':
                self.seen.append(row['text'])
        equal(self.seen, self.sent)


def cut_in_the_middle(w):
    w.forward(False)
    return lambda: w.forward(True)


def pull_the_plug(w):
    ip('-n', w.far, 'link', 'set', 'uplink', 'down')
    return lambda: w.connect(w.far, '10.99.2')


def survives_a_cut(w, cut):
    both = [Lines(w), Lines(w, '--relay-only')]
    for lines in both:
        lines.say()
        lines.all_arrive()
    heal = cut(w)
    for _ in range(10):
        for lines in both:
            lines.say()
        time.sleep(0.3)
    heal()
    began = time.monotonic()
    for lines in both:
        lines.say()
        lines.all_arrive()
    print(f'# all there {time.monotonic() - began:.1f} s after')


@test
def threat_43_lines_survive_packets_that_vanish(w):
    survives_a_cut(w, cut_in_the_middle)


@test
def threat_43_lines_survive_a_pulled_plug(w):
    survives_a_cut(w, pull_the_plug)


@test
def threat_43_a_longer_cut_is_not_made_longer(w):
    """The kernel asks less and less often whether a network is back."""
    with socket.socket() as s:
        try:
            s.setsockopt(socket.IPPROTO_TCP, TCP_RTO_MAX_MS, 4000)
        except OSError:
            raise Skip('a kernel before Linux 6.15') from None
    both = [Lines(w), Lines(w, '--relay-only')]
    for lines in both:
        lines.say()
        lines.all_arrive()
    heal = cut_in_the_middle(w)
    for lines in both:
        lines.say()
    time.sleep(14)
    heal()
    began = time.monotonic()
    for lines in both:
        lines.all_arrive()
    took = time.monotonic() - began
    print(f'# all there {took:.1f} s after')
    equal(took < 9, True)


@test
def threat_43_a_server_that_forgot_is_noticed(w):
    """The server starts anew while nobody can hear of it."""
    a, b = w.near_and_far()
    live = w.begin(b, 'receive', '-v', '-o', 'json')
    w.await_status(a, b, 'available')
    heal = cut_in_the_middle(w)
    w.server.kill()
    w.server.wait()
    # A machine that lost its power sends no last words either.
    subprocess.run(['ip', 'netns', 'exec', w.near, 'ss', '-K', 'src', NEAR],
                   check=True, capture_output=True)
    w.start()
    heal()
    began = time.monotonic()
    # Long before one of the programs would ask.
    eventually(lambda: w.status(a, b) == 'available', 60)
    w.run(a, 'send', b, 'welcome back').want(0)
    equal(live.event('message')['text'], 'welcome back')
    print(f'# back {time.monotonic() - began:.1f} s after')


if __name__ == '__main__':
    sys.exit(main(Island))
