#!/usr/bin/env python3
"""Backups of a server that is at work, and what people see of a server that
was turned back to one.

BACKUPS=20 takes so many while people join and change; the default is small.
"""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import threading

from sottotest import LIMIT_S, Server, equal, holds, lacks, main, test

BACKUPS = int(os.environ.get('BACKUPS', '4'))
OTHER = 'velvet harbor quartz 88'


class Load(threading.Thread):
    """Does work(n) again and again; nothing of it may fail."""

    def __init__(self, w, who):
        super().__init__(daemon=True)
        self.w, self.who, self.go, self.why, self.acks = w, who, True, None, 0

    def run(self):
        try:
            while self.go:
                self.work(self.acks)
                self.acks += 1
        except Exception as why:  # shown by finish()
            self.why = why

    def finish(self):
        self.go = False
        self.join()
        if self.why:
            raise self.why


class Joiner(Load):
    """New accounts, one after the other; those that were acknowledged."""

    def __init__(self, w, who):
        super().__init__(w, who)
        self.members = []

    def work(self, n):
        name = f'{self.who}{n}'
        self.w.join(name)
        self.members.append(name)


class Turner(Load):
    """Changes a password, there and back."""

    def work(self, n):
        names = ('password', 'other')
        self.w.run(self.who, 'passwd', '--new-password-file',
                   f'{self.w.dir}/{names[1 - n % 2]}',
                   password=names[n % 2]).want(0)


class Mood(Load):
    """Short writes, as fast as they are taken."""

    def work(self, n):
        self.w.run(self.who, 'status', ('away', 'available')[n % 2]).want(0)


def sottod(w, *args, data):
    return subprocess.run(
        [w.sottod, *args, '--data', str(data)], env=w.env, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S)


def bare_login(w, who, name, at, password):
    """Whether a bare machine gets in; its home is not kept."""
    done = w.run(who, 'login', f'{name}@{at}', password=password)
    shutil.rmtree(w.home(who), ignore_errors=True)
    equal(done.code in (0, 8), True)
    return done.code == 0


def look_into(w, file, members):
    """Restores a backup beside the server that runs: it is whole, and serves
    everybody who was acknowledged before it was taken."""
    folder = pathlib.Path(f'{file}.restored')
    dry = sottod(w, 'restore', file, '--dry-run', data=folder)
    equal((dry.returncode, folder.exists()), (0, False))
    equal(sottod(w, 'restore', file, data=folder).returncode, 0)
    equal(sottod(w, 'check', data=folder).returncode, 0)
    db = sqlite3.connect(f'file:{folder}/sotto.db?mode=ro', uri=True)
    equal(db.execute('PRAGMA integrity_check').fetchall(), [('ok',)])
    there = {row[0] for row in db.execute('SELECT name FROM account')}
    db.close()
    equal(set(members) - there, set())
    second = Server(w.dir, env=w.env, data=folder.name)
    try:
        at = f'{second.host}:{second.port}'
        equal(second.key, w.key)
        for name in members[:2] + members[-1:]:
            equal(bare_login(w, 'bare', name, at, 'password'), True)
        # Changed while it was copied: one password is valid, not two.
        equal(sorted([bare_login(w, 'bare', 'turner', at, 'password'),
                      bare_login(w, 'bare', 'turner', at, 'other')]),
              [False, True])
    finally:
        equal(second.stop(), 0)


@test
def backups_of_a_server_at_work_are_whole(w):
    w.password('other', OTHER)
    w.join('turner', 'mood')
    loads = [Joiner(w, 'one'), Joiner(w, 'two'), Turner(w, 'turner'),
             Mood(w, 'mood')]
    taken = []
    for load in loads:
        load.start()
    try:
        for n in range(BACKUPS):
            members = loads[0].members + loads[1].members
            file = f'{w.dir}/backup-{n}'
            done = w.admin('backup', file, '--keys').want(0)
            equal(os.stat(file).st_mode & 0o777, 0o600)
            holds(done.err, 'whoever has it can pass for this server')
            taken.append((file, members))
            # The folder of the server that runs is left alone.
            dry = w.admin('restore', file, '--dry-run')
            equal(dry.code in (69, 78), True)
            while all(load.is_alive() for load in loads) and len(
                    loads[0].members + loads[1].members) == len(members):
                loads[0].join(0.05)
    finally:
        for load in loads:
            load.finish()
    for load in loads:
        equal(load.acks > 0, True)
    for file, members in (taken[0], taken[-1]):
        look_into(w, file, members or ['mood'])
    left = [name for name in os.listdir(w.dir + '/server')
            if name.startswith(('snapshot', 'restore'))]
    equal(left, [])


@test
def a_backup_without_keys_needs_them(w):
    file = f'{w.dir}/bare-backup'
    w.admin('backup', file).want(0)
    equal(sottod(w, 'restore', file, data=f'{w.dir}/keyless').returncode, 78)
    shutil.copytree(w.dir + '/server/keys', w.dir + '/brought/keys')
    os.chmod(w.dir + '/brought', 0o700)
    done = sottod(w, 'restore', file, data=f'{w.dir}/brought')
    equal(done.returncode, 0)
    holds(done.stderr, 'what was true then is true again')


# ---- turned back ----

class Past:
    """The server as it is now, to come back later."""

    def __init__(self, w):
        w.stop()
        self.folder = w.dir + '/past'
        shutil.copytree(w.dir + '/server', self.folder)
        w.start()

    def swap(self, w):
        """Puts the past in the place of the present, or the other way."""
        w.stop()
        os.rename(w.dir + '/server', w.dir + '/swap')
        os.rename(self.folder, w.dir + '/server')
        os.rename(w.dir + '/swap', self.folder)
        w.start()


def alarm(w, who, what, *args, password='password'):
    """The command ends with the alarm."""
    done = w.run(who, *args, '-o', 'json', password=password).want(4)
    error = done.error()
    equal(error['code'], 4)
    holds(error['what'] + error['why'], what)
    holds(error['do'], 'Do not trust this server')


@test
def a_server_that_was_turned_back_is_noticed(w):
    w.password('other', OTHER)
    changed, removed, confirmed, quiet, peer = w.people(5)
    w.run(removed + '-2', 'login', f'{removed}@{w.at}').want(0)
    second, = [row['id'] for row in w.run(removed, 'devices', '-o', 'json')
               .want(0).json() if not row['this']]
    w.run(peer, 'verify', removed).want(0)
    past = Past(w)
    # An identity box, a roster, a settings box that the past does not know.
    w.run(changed, 'passwd', '--new-password-file', w.dir + '/other').want(0)
    w.run(removed, 'devices', 'remove', second).want(0)
    w.run(confirmed, 'verify', peer, '--confirm').want(0)
    callee = w.receiver(removed, quiet)
    w.run(peer, 'send', removed, 'one device less').want(0)
    callee.event('message')
    callee.end(2)
    past.swap(w)
    for _ in range(2):
        alarm(w, changed, 'turned back', 'list', password='other')
        alarm(w, removed, 'turned back', 'list')
        alarm(w, confirmed, 'turned back', 'list')
        # Nor does the old password let anybody into the past, but on a
        # machine that has never seen anything else: SECURITY says so.
        alarm(w, changed, 'turned back', 'list')
        # So does a peer who has seen that the device was removed.
        alarm(w, peer, 'turned back', 'verify', removed)
    # Who has seen nothing newer has nothing to be told.
    lacks(w.run(quiet, 'list').want(0).err, 'turned back')
    w.run('bare', 'login', f'{changed}@{w.at}').want(0)
    # The present comes back, and nothing is the worse for the alarm.
    past.swap(w)
    w.run(changed, 'list', password='other').want(0)
    for who in (removed, confirmed, quiet, peer):
        w.run(who, 'list').want(0)
    w.run(peer, 'verify', removed).want(0)


sys.exit(main())
