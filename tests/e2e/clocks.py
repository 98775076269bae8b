#!/usr/bin/env python3
"""Clocks that are years off, and that jump (threat 44), by libfaketime. What
measures time goes on as it does; what the calendar says is wrong."""
import datetime
import glob
import os
import sys

from sottotest import Live, Skip, equal, holds, main, test

# The last one runs over the end of 32 bits while the test does.
CLOCKS = ('-10y', '+10y', '@2038-01-19 03:14:05')


def at(clock, file=None):
    """The environment in which it is then, or what the file says."""
    found = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')
    if not found:
        raise Skip('libfaketime is not here')
    if 'ASAN_OPTIONS' in os.environ:
        raise Skip('libfaketime and AddressSanitizer want to be first')
    return {'LD_PRELOAD': found[0], 'NO_FAKE_STAT': '1',
            'FAKETIME_DONT_FAKE_MONOTONIC': '1', 'FAKETIME_NO_CACHE': '1',
            'FAKETIME_TIMESTAMP_FILE' if file else 'FAKETIME': file or clock}


def begin(w, clock, who, *args):
    live = Live(w.argv(who, args), {**w.env, **(at(clock) if clock else {})})
    w.live.append(live)
    return live


def start_at(w, clock, file=None):
    """The server starts anew, with its clock there."""
    kept, then = w.env, {**w.env, **at(clock, file)}
    w.stop()
    w.env = then
    try:
        w.start()
    finally:
        w.env = kept


def servers_year(w, name):
    """When an invite expires, by the server's clock."""
    row, = w.admin('invite', name, '-o', 'json').want(0).json()
    return int(row['expires'][:4])


class Talk:
    """Two people, each with a home and a clock (None: the right one), on a
    line."""

    def __init__(self, w, a, b, name_b, clock_a, clock_b, *flags):
        self.bob = begin(w, clock_b, b, 'receive', '-o', 'json')
        w.await_status(a, name_b, 'available')
        self.alice = begin(w, clock_a, a, *flags, 'chat', name_b, '-o',
                           'json')
        self.alice.event('session', event='up')
        self.n = 0

    def goes_on(self, lines=5):
        """In order, whatever the time is."""
        for _ in range(lines):
            self.alice.type(f'line {self.n}')
            row = self.bob.event('message')
            equal(row['text'], f'line {self.n}')
            self.n += 1
        return int(row['time'][:4])

    def end(self):
        equal(self.alice.end(), 0)
        self.bob.end(15)


def lives_at(w, clock, friend):
    """All that somebody does whose clock is there."""
    who, = w.people(1)
    then = at(clock)
    desk = f'{who}-desk'
    w.run(desk, 'login', f'{who}@{w.at}', **then).want(0)
    for home in (who, desk):
        w.run(home, 'list', **then).want(0)
        w.run(home, 'devices', **then).want(0)
    for flags in ((), ('--relay-only',)):
        talk = Talk(w, desk, friend, friend, clock, None, *flags)
        talk.goes_on()
        talk.end()
        talk = Talk(w, friend, desk, who, None, clock, *flags)
        # Else the library did nothing, and this test neither.
        equal(talk.goes_on() == datetime.date.today().year, False)
        talk.end()
    new = f'{who}-new'
    invite = w.invite(new)
    w.run(new, 'register', invite, **then).want(0)
    w.run(new, 'list').want(0)


@test
def threat_44_clients_years_off(w):
    friend, = w.people(1)
    for clock in CLOCKS:
        lives_at(w, clock, friend)


@test
def threat_44_ephemeral_devices_years_off(w):
    who, friend = w.people(2)
    live = w.receiver(friend, who)
    for clock in CLOCKS:
        me = ('--ephemeral', f'{who}@{w.at}')
        w.run(None, *me, 'list', **at(clock)).want(0)
        for flags in ((), ('--relay-only',)):
            text = f'over {flags} at {clock}'
            w.run(None, *me, *flags, 'send', friend, text,
                  **at(clock)).want(0)
            equal(live.event('message')['text'], text)


@test
def threat_44_a_server_years_off(w):
    at('+0')
    a, b = w.people(2)
    for n, clock in enumerate(CLOCKS):
        start_at(w, clock)
        equal(abs(servers_year(w, 'x') - datetime.date.today().year) > 5,
              True)
        w.join(f'{a}-{n}')
        w.run(f'{a}-desk{n}', 'login', f'{a}@{w.at}').want(0)
        talk = Talk(w, a, b, b, None, None, '--relay-only')
        talk.goes_on()
        talk.end()
    w.stop()
    w.start()
    w.run(a, 'list').want(0)


@test
def threat_44_a_servers_clock_jumps(w):
    at('+0')  # or there is nothing to do
    a, b, c = w.people(3)
    clock = f'{w.dir}/server/clock'

    def jump(to):
        with open(clock + '.new', 'w') as f:
            f.write(to + '\n')
        os.rename(clock + '.new', clock)
    jump('+0')
    start_at(w, None, clock)
    talk = Talk(w, a, b, b, None, None, '--relay-only')
    talk.goes_on()
    invite = w.invite('slow44')
    for to in ('+1d', '-1d', '+0', '+10y', '-10y', '+1d'):
        jump(to)
        talk.goes_on()
        w.run(c, 'list').want(0)
        w.run(f'{c}-desk', 'login', f'{c}@{w.at}').want(0)
    # Only what has a date is too old after ten years.
    jump('+10y')
    equal(servers_year(w, 'x') - datetime.date.today().year >= 10, True)
    holds(w.run('slow44', 'register', invite).want(1).err, 'expired')
    talk.goes_on()
    w.stop()
    w.start()


if __name__ == '__main__':
    sys.exit(main())
