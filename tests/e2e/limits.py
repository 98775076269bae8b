#!/usr/bin/env python3
"""What runs out: descriptors, the disk, memory (threats 18, 24 and 40)."""
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from sottotest import Skip, equal, eventually, holds, main, test

NOT_LOGGED_IN = 3
UNAVAILABLE = 69


def stats(w):
    return {name: int(value) for name, value in
            (line.split() for line in
             w.admin('stats').want(0).out.splitlines())}


def cpu_s(pid):
    """Seconds of processor time that a process has used."""
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rsplit(') ', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory_kib(pid, what='VmRSS'):
    with open(f'/proc/{pid}/status') as f:
        return int([line.split()[1] for line in f
                    if line.startswith(what + ':')][0])


class Talk:
    """Two people in a live session that was there before the trouble."""

    def __init__(self, w, *flags):
        self.a, self.b = w.people(2)
        self.bob = w.receiver(self.b, self.a)
        self.alice = w.begin(self.a, *flags, 'chat', self.b, '-o', 'json')
        self.alice.event('session', event='up')
        self.n = 0

    def goes_on(self):
        self.n += 1
        self.alice.type(f'line {self.n}')
        equal(self.bob.event('message')['text'], f'line {self.n}')

    def writes(self):
        """Something that the server stores, over the old channel."""
        for status in ('away', 'available'):
            self.alice.type('/away' if status == 'away' else '/back')
            while True:
                self.alice.type('/list')
                row = self.alice.event('person', name=self.a)
                if row['status'] in (status, 'busy'):
                    break


class Strangers(threading.Thread):
    """So many connections that say nothing; those that end are made anew."""

    def __init__(self, w, n):
        super().__init__(daemon=True)
        self.at, self.n, self.open, self.is_on = ('127.0.0.1', w.port), n, [], True
        self.renews, self.made = True, 0
        self.start()

    def knock(self):
        s = socket.socket()
        s.setblocking(False)
        s.bind((f'127.0.0.{2 + self.made % 200}', 0))
        s.connect_ex(self.at)
        self.made += 1
        return s

    def run(self):
        poll = select.poll()
        while self.is_on:
            while self.renews and len(self.open) < self.n:
                self.open.append(self.knock())
                poll.register(self.open[-1], select.POLLIN)
            time.sleep(0.1)
            over = {fd for fd, _ in poll.poll(0)}
            for s in [s for s in self.open if s.fileno() in over]:
                poll.unregister(s)
                self.open.remove(s)
                s.close()
        for s in self.open:
            s.close()

    def finish(self):
        self.is_on = False
        self.join()


def descriptors(n):
    return {'preexec_fn':
            lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))}


def strangers_at(w, limit, held):
    """A server with so many descriptors, of which 400 strangers take so many;
    yields a conversation that was there before."""
    w.stop()
    w.start(**descriptors(limit))
    late, = w.people(1)
    talk = Talk(w, '--relay-only')
    talk.goes_on()
    server = w.server.pid
    before = memory_kib(server)
    strangers = Strangers(w, 400)
    try:
        eventually(lambda: len(os.listdir(f'/proc/{server}/fd')) >= held)
        for _ in range(20):
            talk.goes_on()
        talk.writes()
        yield talk
        # What is not let in must not be asked for all the time.
        strangers.renews = False
        time.sleep(0.3)
        used, began = cpu_s(server), time.monotonic()
        time.sleep(1)
        share = (cpu_s(server) - used) / (time.monotonic() - began)
        if share > 0.2:
            raise AssertionError(f'{share:.0%} of a processor for nothing')
    finally:
        strangers.finish()
    eventually(lambda: w.run(late, 'list').code == 0)
    talk.goes_on()
    talk.writes()
    after = memory_kib(server)
    print(f'# {strangers.made} strangers, {share:.0%} of a processor, '
          f'{before} KiB before, {after} KiB after')
    w.stop()
    w.admin('check').want(0)
    w.start()


@test
def threat_24_descriptors_are_kept_in_reserve(w):
    known, = w.people(1)
    for _ in strangers_at(w, 256, 200):
        w.run(known, 'list').want(NOT_LOGGED_IN)
        w.invite('late24')


@test
def threat_24_no_descriptor_is_left(w):
    for talk in strangers_at(w, 48, 48):
        talk.goes_on()


if __name__ == '__main__':
    sys.exit(main())
