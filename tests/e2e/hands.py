#!/usr/bin/env python3
"""In the wrong hands: a whole life of two accounts with the real programs;
then everything that a thief, a listener or a curious administrator can get
is searched for what must not be there.

The programs are those of every other test, but that they tell the keys which
they make (base/reveal.h). Every search also looks for something that is
there, so that one which finds nothing has looked.

TEXTS=N: how many texts are said in that life; 200 when it is not set.
"""
import base64
import glob
import hashlib
import os
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time

import theft
from sottotest import (SOTTOD, Skip, equal, eventually, files_below,
                       holds, main, test)

TEXTS = int(os.environ.get('TEXTS', '200'))
HOSTNAME = b'evil\nsottod: -- forged\x1b]0;title\x07'
HOSTILE = ['evil\nsottod: -- forged', '\x1b[2Jevil', '\x9b31mevil',
           '\u202elive', 'evil\r-- forged', 'x' * 4000]

# What a session keeps while it lasts; all of it in locked memory.
KEPT_BY_CLIENT = {'password', 'device', 'link', 'data', 'x', 'session',
                  'transport'}
KEPT_BY_SERVER = {'session', 'transport'}


def sanitized():
    with open(SOTTOD, 'rb') as f:
        return re.search(rb'__[at]san_init', f.read()) is not None


def from_base64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def hoard(rows):
    found = theft.Hoard()
    for name, value in rows:
        found.add(name, value)
    return found


def relatives(key):
    """What Ed25519 and X25519 make of a secret before they use it."""
    whole = hashlib.sha512(key[:32]).digest()
    for scalar in (key[:32], whole[:32]):
        yield (bytes([scalar[0] & 248]) + scalar[1:31] +
               bytes([scalar[31] & 63 | 64]))
    yield whole


class Life:
    """What happened, and what was seen of it."""

    def __init__(self, w):
        self.w = w
        self.told = w.dir + '/told'
        w.env['SOTTO_REVEAL'] = self.told
        w.stop()
        self.is_alone = theft.isolate(HOSTNAME)
        self.listener = theft.Listener() if self.is_alone else None
        self.sees_memory = self.is_alone and not sanitized()
        self.texts, self.codes, self.logs = [], [], b''
        self.memory = {}  # stage: what was found
        self.cores = {}   # who: what was found
        self.names = ['quince-' + secrets.token_hex(6),
                      'medlar-' + secrets.token_hex(6)]
        self.passwords = [f'tundra {secrets.token_hex(9)} orchid'
                          for _ in range(2)]
        w.start()
        self.begin()
        self.speak('direct', ())
        self.speak('relay', ('--relay-only',))
        self.visit()
        w.admin('backup', w.dir + '/backup').want(0)
        w.admin('backup', w.dir + '/backup-keys', '--keys').want(0)
        self.change()
        self.look('server, at the end', w.server.pid)

    # ---- what is looked for ----

    def told_rows(self, is_public):
        return [row for row in theft.told(self.told)
                if (row[0] == 'public') == is_public]

    def secrets(self):
        """What nobody may find: (name, value)."""
        rows = self.told_rows(False)
        for name, value in self.told_rows(False):
            if name in ('identity', 'device', 'link', 'ephemeral'):
                rows += [(name, relative) for relative in relatives(value)]
        for name, values in (('password', self.passwords),
                             ('text', self.texts), ('code', self.codes)):
            rows += [(name, value.encode()) for value in values]
        return rows

    def server_keys(self):
        folder = f'{self.w.dir}/server/keys/'
        rows = []
        for name in os.listdir(folder):
            with open(folder + name) as f:
                key = from_base64(f.read().strip())
            rows += [('server ' + name, value)
                     for value in (key, *relatives(key))]
        return rows

    # ---- what happens ----

    def run(self, who, *args, **more):
        """Runs a command, at its most talkative; keeps what it says."""
        result = self.w.run(who, *args, '-vv', **more)
        self.logs += result.err_bytes
        return result.want(0)

    def begin(self):
        w, (anna, _) = self.w, self.names
        w.password('password', self.passwords[0])
        w.password('new', self.passwords[1])
        for name in self.names:
            link = w.invite(name)
            self.codes.append(link.split('#')[1])
            self.run(name, 'register', '-', stdin=link.encode() + b'\n')
        # A second machine, which asks the server for its key.
        self.run('second', 'login', f'{anna}@{w.at}')
        self.account, = self.run(anna, 'whoami', '-o', 'json').json()
        self.devices = self.run(anna, 'devices', '-o', 'json').json()
        self.run(anna, 'list')

    def change(self):
        """A new password; a machine that is lost; an end."""
        w, (anna, bene) = self.w, self.names
        self.run(anna, 'passwd', '--new-password-file', w.dir + '/new')
        w.run('second', 'list').want(8)
        self.run('second', 'list', password='new')
        shutil.copytree(w.home('second'), w.dir + '/stolen')
        lost, = (row['id'] for row in self.devices if not row['this'])
        out = w.begin('second', 'receive', '-o', 'json', password='new')
        w.await_status(bene, anna, 'available')
        self.run(anna, 'devices', 'remove', lost, password='new')
        removed = time.monotonic()
        self.lost_code = out.process.wait(120)
        self.lost_s = time.monotonic() - removed
        self.run(anna, 'logout', '--forget', password='new')
        self.run(bene, 'list')

    def say(self):
        self.texts.append(f'text {secrets.token_hex(32)}')
        return self.texts[-1]

    def await_nobody(self):
        """Waits until the server knows that nobody is there."""
        eventually(lambda: all(
            row['sessions'] == 0
            for row in self.w.admin('user', 'list', '-o', 'json').json()))

    def speak(self, path, args):
        """Both speak, log out, and stay."""
        w, (anna, bene) = self.w, self.names
        callee = w.begin(bene, 'chat', '-vv', '--policy', 'accept')
        callee.until('You are')
        caller = w.begin(anna, 'chat', '-vv', *args, bene)
        caller.until(f'[{path}]')
        callee.until(f'[{path}]')
        for _ in range(TEXTS // 4):
            caller.type(self.say())
            callee.until(self.texts[-1])
            callee.type(f'/msg {anna} {self.say()}')
            caller.until(self.texts[-1])
        people = {'caller': caller.process.pid, 'callee': callee.process.pid,
                  'server': w.server.pid}
        for who, pid in people.items():
            self.look(f'{who}, {path}', pid)
            if path == 'direct' and who != 'caller':
                self.dump(who, pid)
        for live in (caller, callee):
            live.type('/logout')
            live.until('Logged out')
        self.await_nobody()
        for who, pid in people.items():
            self.look(f'{who} after logout, {path}', pid)
        for live in (caller, callee):
            equal(live.end(), 0)
            self.logs += b''.join(
                line.encode() + b'\n' for line in live.text().splitlines()
                if 'text ' not in line)

    def visit(self):
        """A machine that keeps nothing; its login is by the password."""
        w = self.w
        guest = w.begin(None, 'chat', '--ephemeral',
                        f'{self.names[0]}@{w.at}', '-vv')
        guest.until('You are')
        self.look('guest', guest.process.pid)
        self.look('server, guest', w.server.pid)
        guest.type('/logout')
        guest.until('Logged out')
        self.look('guest after logout', guest.process.pid)
        equal(guest.end(), 0)
        self.logs += guest.text().encode() + b'\n'
        lost = w.begin(None, 'chat', '--ephemeral', f'{self.names[0]}@{w.at}')
        lost.until('You are')
        lost.end(signal.SIGKILL)
        self.await_nobody()
        self.look('server after a cut', w.server.pid)

    # ---- what is seen ----

    def wanted(self):
        return hoard(self.secrets() + self.server_keys() +
                     [('name', name.encode()) for name in self.names])

    def look(self, stage, pid):
        """Searches the memory of a process; what is found, as
        (name, form, whether in locked memory that no core has)."""
        if not self.sees_memory:
            return
        wanted = self.wanted()
        self.memory[stage] = {
            (name, form, 'lo' in m.flags and 'dd' in m.flags)
            for m, held in theft.memory(pid)
            for name, form in wanted.find(held)}

    def dump(self, who, pid):
        """Searches a core file of a process."""
        if self.sees_memory and shutil.which('gcore'):
            self.cores[who] = {name for name, _ in self.wanted().find(
                theft.core(pid, self.w.dir))}

    def seen(self, part):
        if not self.sees_memory:
            raise Skip('takes root, and a build without sanitizers')
        stages = {stage: seen for stage, seen in self.memory.items()
                  if part in stage}
        assert stages, part
        return stages.items()


lives = []


def life_of(w):
    if not lives:
        lives.append(Life(w))
    return lives[0]


def content(paths):
    """Name and content of files, a byte apart."""
    held = b''
    for path in paths:
        with open(path, 'rb') as f:
            held += path.encode() + b'\0' + f.read() + b'\0'
    return held


def only(found, names=()):
    """Nothing was found but what has one of these names."""
    equal(sorted(row for row in found if row[0] not in names), [])


@test
def every_encoding_is_found(w):
    key, word = secrets.token_bytes(32), b'a word of many'
    for value in (key, word):
        found = hoard([('it', value)]).find
        for lead in range(3):
            inside = b'.' * lead + value + b'...'
            for hay in (inside, inside[::-1], inside.hex().encode(),
                        inside.hex().upper().encode(),
                        base64.b64encode(inside),
                        base64.urlsafe_b64encode(inside)):
                equal({name for name, _ in found(hay)}, {'it'})
                equal(found(hay[:3]), set())
    for hay in (word.decode().encode('utf-16'), b'-' + key[16:] + b'-',
                word.decode().encode('utf-32'),
                b''.join(b'%%%02x' % c for c in word),
                b''.join(b'\\u%04x' % c for c in word)):
        assert hoard([('it', key), ('it', word)]).find(hay), hay


@test
def threat_03_a_stolen_database_holds_nothing_to_guess_with(w):
    x = life_of(w)
    private = hoard(x.secrets() + x.server_keys())
    public = hoard([('name', x.names[1].encode())] + x.told_rows(True))
    database = content(glob.glob(w.dir + '/server/sotto.db*'))
    backup = content([w.dir + '/backup'])
    with_keys = content([w.dir + '/backup-keys'])
    for stolen in (database, backup):
        only(private.find(stolen))
    equal({name for name, _ in public.find(database)}, {'name', 'public'})
    equal({name for name, _ in public.find(backup)}, {'name', 'public'})
    # With --keys it has what it says it has, and that alone.
    equal({name for name, _ in private.find(with_keys)},
          {name for name, _ in x.server_keys()})


@test
def threat_26_the_servers_memory_never_has_what_people_say(w):
    x = life_of(w)
    keys = {name for name, _ in x.server_keys()}
    for stage, seen in x.seen('server'):
        names = {name for name, _, _ in seen}
        holds(names, 'name')
        only(seen, keys | KEPT_BY_SERVER | {'name'})
        # K goes with the logout; who is logged in has one.
        equal(bool(names & KEPT_BY_SERVER),
              stage in ('server, direct', 'server, relay', 'server, guest'))


@test
def threat_28_a_stolen_home_is_closed(w):
    x = life_of(w)
    private = hoard(x.secrets())
    bene = w.home(x.names[1])
    for home in (bene, w.dir + '/stolen'):
        only(private.find(content(files_below(home))))
    identity = hoard([('identity', from_base64(x.account['identity']))])
    holds({name for name, _ in identity.find(
        content(files_below(w.dir + '/stolen')))}, 'identity')
    # What names tell: whose account it is, and where; nothing of others.
    folder = f"{x.names[1]}@{w.at.replace(':', '_')}"
    equal([os.path.relpath(path, bene) for path in files_below(bene)],
          ['accounts/lock'] + [f'accounts/{folder}/{name}'
                               for name in ('account', 'keyring', 'state')])


@test
def threat_28_a_guess_at_a_home_costs_argon2id(w):
    life_of(w)
    w.config('')
    try:
        who, = w.people(1)
        child = subprocess.Popen(
            w.argv(who, ['whoami'], 'wrong'), env=w.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        w.config('stretch_mib = 64\nstretch_passes = 1\n')
    equal(child.returncode, 8)
    assert used.ru_utime + used.ru_stime >= 0.25, used
    assert used.ru_maxrss >= 256 * 1024, used


@test
def threat_28_a_removed_device_is_out(w):
    x = life_of(w)
    equal(x.lost_code, 1)
    assert x.lost_s <= 5, x.lost_s
    holds(w.run('second', 'list', password='new').want(1).err, 'removed')


@test
def threat_29_secrets_are_in_locked_memory_only(w):
    """What a core file has, were there one, is what is not marked so."""
    x = life_of(w)
    stages = [row for row in x.memory.items() if 'after' not in row[0]]
    x.seen('')
    for stage, seen in stages:
        if 'end' in stage:
            continue
        kept = {name for name, _, locked in seen if locked}
        if stage.startswith('server'):
            equal(kept & KEPT_BY_SERVER, KEPT_BY_SERVER)
        else:
            equal(kept, KEPT_BY_CLIENT)
        # A client's texts are its person's, and on the screen.
        only((row for row in seen if not row[2]),
             {'name'} if stage.startswith('server') else {'name', 'text'})


@test
def threat_29_after_a_logout_nothing_is_left(w):
    x = life_of(w)
    keys = {name for name, _ in x.server_keys()}
    for stage, seen in x.seen('after logout'):
        only(seen, {'name'} | (keys if 'server' in stage else set()))


@test
def threat_29_a_core_file_has_no_secret(w):
    x = life_of(w)
    x.seen('')
    if not x.cores:
        raise Skip('takes gcore, of gdb')
    equal({who: seen - {'text'} for who, seen in x.cores.items()},
          {'callee': {'name'}, 'server': {'name'}})
    equal(x.cores['server'], {'name'})


@test
def threat_29_an_abort_leaves_no_core(w):
    def aborts(argv):
        """Whether the system made a core; in a folder of its own."""
        folder = w.dir + '/core'
        os.makedirs(folder, exist_ok=True)
        child = subprocess.Popen(
            argv, env=w.env, cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
        if argv[0] != 'cat':
            os.read(child.stdout.fileno(), 1)
        os.kill(child.pid, signal.SIGABRT)
        child.stdin.close()
        _, status = os.waitpid(child.pid, 0)
        child.returncode = 0
        equal(os.WTERMSIG(status), signal.SIGABRT)
        found = os.WCOREDUMP(status) or files_below(folder)
        shutil.rmtree(folder)
        return bool(found)

    who, = w.people(1)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        raise Skip('core files are not allowed here')
    if not aborts(['cat']):
        raise Skip('this system makes no core files')
    equal(aborts(w.argv(who, ['chat'])), False)
    equal(aborts([SOTTOD, 'serve', '--data', w.dir + '/other', '--listen',
                  '127.0.0.1:0']), False)


@test
def threat_12_the_wire_tells_nobody_who_speaks(w):
    x = life_of(w)
    if not x.listener:
        raise Skip('takes root, to listen')
    wanted = hoard(x.secrets() + x.told_rows(True) + [
        ('name', name.encode()) for name in x.names] + [
        ('device id', bytes.fromhex(row['id'])) for row in x.devices] + [
        ('identity', from_base64(x.account['identity']))])
    heard = b'\0'.join(x.listener.heard())
    only(wanted.find(heard))
    # The second machine asked for the server's key; that goes in the clear.
    equal(hoard([('key', from_base64(w.key))]).find(heard), {('key', 'raw')})
    assert len(heard) > 2 * TEXTS * 256, len(heard)


@test
def threat_30_logs_hold_no_secret_and_no_forged_line(w):
    x = life_of(w)
    for name in HOSTILE:
        for result in (w.admin('invite', name), w.admin('user', 'show', name),
                       w.run('hostile', 'login', f'{name}@{w.at}', '-vv'),
                       w.run('hostile', 'register', f'sotto://{name}@x', '-vv'),
                       w.run(x.names[1], 'send', name, 'text', '-vv')):
            assert result.code != 0, name
            x.logs += result.err_bytes
    with open(w.dir + '/server.log', 'rb') as f:
        server = f.read()
    private = hoard(x.secrets() + x.server_keys())
    for log in (server, x.logs):
        only(private.find(log))
        equal(re.findall(rb'[^\x20-\x7e\n]', log), [])
        equal(re.findall(rb'\n(?!sottod?: |-- |!! |{| {8}[a-z])[^\n]*', b'\n' + log +
                         b'-- end'), [])
        equal(re.findall(rb'\n(?:sottod: )?-- forged[^\n]*', log), [])
        holds(log, x.names[0].encode())
    # Without -vv the server's log names nobody.
    w.stop()
    open(w.dir + '/server.log', 'wb').close()
    w.log_level = []
    w.start()
    late = 'damson-' + secrets.token_hex(6)
    w.join(late)
    w.run(x.names[1], 'list').want(0)
    w.admin('user', 'disable', late).want(0)
    w.stop()
    with open(w.dir + '/server.log', 'rb') as f:
        quiet = f.read()
    w.log_level = ['-vv']
    w.start()
    w.people(1)
    holds(quiet, b'stopping')
    equal(hoard([('name', name.encode()) for name in (late, *x.names)] +
                [('address', b'127.0.0.1')]).find(quiet), set())


if __name__ == '__main__':
    sys.exit(main())
