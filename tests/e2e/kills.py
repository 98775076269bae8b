#!/usr/bin/env python3
"""Programs killed at random moments, under load (threats 36 and 37).

What was acknowledged, by exit code 0, is there afterwards; what was not may
be there or not, but whole, and nothing is shown twice. Server and clients are
killed 300 times each, with a sanitizer less often, or KILLS=n times; a
failure prints the seed, and SEED=n draws the same moments again (what they
hit is the machine's affair).
"""
import collections
import concurrent.futures
import json
import os
import random
import sqlite3
import sys
import threading
import time

from sottotest import LIMIT_S, Live, World, equal, main, test

KILLS = int(os.environ.get('KILLS',
                           '16' if 'ASAN_OPTIONS' in os.environ else '300'))
SEED = int(os.environ.get('SEED', time.time_ns() % 1000000))
OTHER = 'velvet harbor quartz 88'
TRIES = 100


def patiently(w, who, *args, **named):
    """Runs a command again while the server is away or wants a pause."""
    for _ in range(TRIES):
        done = w.run(who, *args, **named)
        if done.code not in (3, 6):
            return done
        time.sleep(1 if done.code == 6 else 0.05)
    return done


def which_password(w, who, may_be):
    """The one of these passwords that opens the account, from its home."""
    tried = {name: patiently(w, who, 'list', password=name)
             for name in may_be}
    right = [name for name, done in tried.items() if done.code == 0]
    if len(right) != 1:
        raise AssertionError(f'{who} is let in by {right!r}: ' + str(
            {name: (done.code, done.err) for name, done in tried.items()}))
    return right[0]


class Letters:
    """What was sent, what was acknowledged, and what was shown."""

    def __init__(self):
        self.sent, self.acked, self.shown = [], [], collections.Counter()

    def read(self, live):
        """Takes what a receive that has ended showed."""
        for line in live.seen:
            try:
                row = json.loads(line)
            except ValueError:  # cut by a kill
                continue
            if row['type'] == 'message':
                self.shown[row['text']] += 1

    def check(self):
        twice = [text for text, n in self.shown.items() if n > 1]
        equal(twice, [])
        equal([text for text in self.acked if text not in self.shown], [])
        equal([text for text in self.shown if text not in self.sent], [])


class Load(threading.Thread):
    """Does something again and again until it is told to stop."""

    def __init__(self, w):
        super().__init__(daemon=True)
        self.w, self.go, self.why, self.acks = w, True, None, 0

    def run(self):
        try:
            n = 0
            while self.go:
                self.work(n)
                n += 1
        except Exception as why:  # shown by finish()
            self.why = why

    def finish(self):
        self.go = False
        self.join()
        if self.why:
            raise self.why


class Inviter(Load):
    """Invites, which cost nobody a password: many small transactions."""

    def __init__(self, w):
        super().__init__(w)
        self.names = []

    def work(self, n):
        if self.w.admin('invite', f'guest{n}').code == 0:
            self.names.append(f'guest{n}')
            self.acks += 1
        time.sleep(0.01)

    def check(self):
        """With the server stopped."""
        db = sqlite3.connect(f'{self.w.dir}/server/sotto.db')
        there = {name for name, in db.execute('SELECT name FROM invite')}
        db.close()
        equal([name for name in self.names if name not in there], [])


class Registrar(Load):
    """New accounts, one after the other."""

    def __init__(self, w):
        super().__init__(w)
        self.members = []

    def work(self, n):
        name = f'new{n}'
        invite = self.w.admin('invite', name)
        if invite.code == 0 and self.w.run(
                name, 'register', invite.out.strip()).code == 0:
            self.members.append(name)
            self.acks += 1

    def check(self):
        for name in self.members:
            patiently(self.w, name, 'list').want(0)


class Turner(Load):
    """A password that changes all the time."""

    def __init__(self, w, who):
        super().__init__(w)
        self.who, self.now, self.next = who, 'password', 'other'

    def work(self, n):
        done = self.w.run(self.who, 'passwd', '--new-password-file',
                          f'{self.w.dir}/{self.next}', password=self.now)
        if done.code == 0:
            self.now, self.next = self.next, self.now
            self.acks += 1
        elif which_password(self.w, self.who,
                            (self.now, self.next)) == self.next:
            self.now, self.next = self.next, self.now

    def check(self):
        elsewhere = f'{self.who}-elsewhere'
        patiently(self.w, elsewhere, 'login', f'{self.who}@{self.w.at}',
                  password=self.next).want(8)
        patiently(self.w, elsewhere, 'login', f'{self.who}@{self.w.at}',
                  password=self.now).want(0)


class Mood(Load):
    """A status that changes all the time."""

    def __init__(self, w, who):
        super().__init__(w)
        self.who, self.may_be = who, {'available'}

    def work(self, n):
        status = ('away', 'available')[n % 2]
        if self.w.run(self.who, 'status', status).code == 0:
            self.may_be = {status}
            self.acks += 1
        else:
            self.may_be |= {status}

    def check(self):
        self.w.run(self.who, 'list').want(0)
        live = self.w.begin(self.who, 'receive', '-o', 'json')
        while True:
            shown = self.w.status('watcher', self.who)
            if shown != 'offline':
                break
        live.end(15)
        if shown not in self.may_be:
            raise AssertionError(f'{shown}, and not {self.may_be}')


class Sender(Load):
    """Messages to somebody, over one of the paths."""

    def __init__(self, w, a, b, *flags):
        super().__init__(w)
        self.a, self.b, self.flags = a, b, flags
        self.letters = Letters()

    def work(self, n):
        text = f'{self.a} {n}'
        self.letters.sent.append(text)
        if self.w.run(self.a, *self.flags, 'send', self.b,
                      text).code == 0:
            self.letters.acked.append(text)
            self.acks += 1


class Reader(threading.Thread):
    """Keeps reading what a program says, so that it can go on."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.live = live
        self.start()

    def run(self):
        try:
            while True:
                self.live.line()
        except AssertionError:  # it has ended
            pass


def begin_receive(w, who):
    live = Live(w.argv(who, ['receive', '-o', 'json']), w.env)
    w.live.append(live)
    return live, Reader(live)


def end_receive(live, reader, letters):
    live.process.kill()
    reader.join()
    live.process.wait()
    letters.read(live)


@test
def threat_36_a_killed_server_keeps_what_it_acknowledged(w):
    dice = random.Random(SEED)
    print(f'# SEED={SEED} KILLS={KILLS}', flush=True)
    w.password('other', OTHER)
    w.join('turner', 'mood', 'watcher', 'da', 'db', 'ra', 'rb')
    senders = [Sender(w, 'da', 'db'), Sender(w, 'ra', 'rb', '--relay-only')]
    receives = [begin_receive(w, s.b) for s in senders]
    inviter = Inviter(w)
    people = [Registrar(w), Turner(w, 'turner'), Mood(w, 'mood')]
    loads = [inviter, *people, *senders]
    # A receive that was never online ends when it meets no server.
    for sender in senders:
        while w.status('watcher', sender.b) == 'offline':
            time.sleep(0.05)
    for load in loads:
        load.start()
    for n in range(KILLS):
        # Now and then there is time for what takes long.
        time.sleep(dice.uniform(0.3, 1) if n % 10 == 9 else
                   dice.uniform(0.01, 0.2))
        w.server.kill()
        w.server.wait()
        w.start()
    # They work again: everybody gets something done without a kill.
    before = [load.acks for load in loads]
    deadline = time.monotonic() + LIMIT_S
    while any(load.acks == had and load.is_alive()
              for load, had in zip(loads, before)):
        if time.monotonic() > deadline:
            raise AssertionError('not back: ' + ' '.join(
                type(load).__name__ for load, had in zip(loads, before)
                if load.acks == had) + ''.join(
                    f'\n{live.seen[-3:]}' for live, _ in receives))
        time.sleep(0.05)
    for load in loads:
        load.finish()
    for (live, reader), sender in zip(receives, senders):
        end_receive(live, reader, sender.letters)
        sender.letters.check()
    for load in people:
        load.check()
    w.stop()
    inviter.check()
    w.admin('check').want(0)
    w.start()
    print('# acknowledged: ' + ', '.join(
        f'{type(load).__name__} {load.acks}' for load in loads))


def killed(w, dice, who, *args, **named):
    """Runs a command and kills it at some moment; its exit code."""
    live = Live(w.argv(who, args, **named), w.env)
    w.live.append(live)
    time.sleep(dice.uniform(0.0, 0.25))
    live.process.kill()
    return live.end()


def kill_a_registration(w, dice, who):
    name = f'{who}-half'
    link = w.invite(name)
    killed(w, dice, name, 'register', link)
    if patiently(w, name, 'list').code == 0:
        return
    if patiently(w, name, 'register', link).code != 0:
        # The account was made, its home was not.
        patiently(w, name, 'login', f'{name}@{w.at}').want(0)
    patiently(w, name, 'list').want(0)


def kill_a_passwd(w, dice, who):
    code = killed(w, dice, who, 'passwd', '--new-password-file',
                  f'{w.dir}/other')
    right = which_password(w, who, ('password', 'other'))
    if code == 0:
        equal(right, 'other')


def kill_a_login(w, dice, who):
    desk = f'{who}-desk'
    killed(w, dice, desk, 'login', f'{who}@{w.at}')
    if patiently(w, desk, 'list').code != 0:
        patiently(w, desk, 'login', f'{who}@{w.at}').want(0)
    patiently(w, desk, 'list').want(0)


def kill_commands(w, dice, who):
    for command in ('list', 'status', 'devices', 'whoami', 'list'):
        args = ['away'] if command == 'status' else []
        killed(w, dice, who, command, *args)
    patiently(w, who, 'list').want(0)


def side_by_side(w, works):
    """Does all these; some at a time, since most of it is waiting."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, w, *args) for work, *args in works]:
            done.result()


@test
def threat_37_killed_clients_leave_a_home_that_works(w):
    """Of four kinds, eight kills a round, each with somebody fresh: a login
    that was begun and not ended counts as a guess."""
    rounds = -(-3 * KILLS // 4 // 8)
    w.password('other', OTHER)
    works = []
    for n in range(rounds):
        for kill in (kill_a_registration, kill_a_passwd, kill_a_login,
                     kill_commands):
            works.append((kill, random.Random(SEED + len(works)),
                          f'k{len(works)}'))
    side_by_side(w, [(World.join, who) for kill, _, who in works
                     if kill is not kill_a_registration])
    side_by_side(w, works)
    w.stop()
    w.admin('check').want(0)
    w.start()


def kill_a_receiver(w, dice, pair, letters):
    """As often as one may ask another in a minute."""
    writer, reader = pair
    for n in range(6):
        live, thread = begin_receive(w, reader)
        w.await_status(writer, reader, 'available')
        text = f'{writer}: letter {n}'
        letters.sent.append(text)
        send = w.begin(writer, 'send', reader, text)
        time.sleep(dice.uniform(0.0, 0.3))
        end_receive(live, thread, letters)
        if send.end() == 0:
            letters.acked.append(text)


@test
def threat_37_a_killed_receiver_has_shown_what_was_sent(w):
    letters = Letters()
    pairs = [(f'writer{n}', f'reader{n}')
             for n in range(-(-KILLS // 4 // 6))]
    side_by_side(w, [(World.join, *pair) for pair in pairs])
    side_by_side(w, [(kill_a_receiver, random.Random(SEED - n), pair, letters)
                     for n, pair in enumerate(pairs)])
    letters.check()


if __name__ == '__main__':
    sys.exit(main())
