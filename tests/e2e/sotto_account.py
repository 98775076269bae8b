#!/usr/bin/env python3
"""Accounts, devices and passwords, with the real programs."""
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time

from sottotest import (PASSWORD, Skip, equal, eventually, files_below, holds,
                       lacks, main, test)


def content(path):
    with open(path, errors='replace') as f:
        return f.read()


@test
def register_makes_an_account(w):
    link = w.invite('alice')
    equal(re.fullmatch(rf'sotto://alice@{re.escape(w.at)}/[\w-]{{43}}#[\w-]+',
                       link) is not None, True)
    row, = w.run('alice', 'register', link, '-o', 'json').want(0).json()
    equal(set(row), {'type', 'name', 'server', 'identity', 'device',
                     'verified_server'})
    equal((row['type'], row['name'], row['server'], row['verified_server']),
          ('account', 'alice', w.at, True))
    for path in files_below(w.home('alice')):
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        equal(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)


@test
def an_invite_is_used_once(w):
    link = w.invite('once')
    w.run('once', 'register', link).want(0)
    again = w.run('twice', 'register', link)
    equal(again.code in (1, 8), True)
    equal(files_below(w.home('twice')), [])


@test
def a_link_is_of_its_form(w):
    for link in ('sotto://', 'http://example.org', 'sotto://al@h:1/x#y', '',
                 'sotto://al@' + 'h' * 100000):
        w.run('nobody', 'register', link).want(64)
    w.run('nobody', 'register', '-', stdin=b'').want(66)
    equal(files_below(w.home('nobody')), [])


@test
def weak_passwords_are_refused_with_a_reason(w):
    link = w.invite('weak')
    for text in ('short', 'password1', 'letmein123', 'weak-weak'):
        w.password('weak-password', text)
        done = w.run('weak', 'register', link, '-o', 'json',
                     password='weak-password').want(9)
        equal(done.error()['code'], 9)
        holds(done.error()['do'], 'for example')
    w.run('weak', 'register', link).want(0)


@test
def no_password_is_66(w):
    w.run('alice', 'whoami', password=None).want(66)
    w.run('alice', 'whoami', '--password-file', '/nonexistent',
          password=None).want(66)
    w.password('empty', b'')
    w.run('alice', 'whoami', password='empty').want(66)


@test
def passwords_come_from_where_they_are_said_to(w):
    w.run('alice', 'whoami', '--password-fd', '0', password=None,
          stdin=PASSWORD.encode()).want(0)
    w.password('no-newline', PASSWORD.encode())
    w.run('alice', 'whoami', password='no-newline').want(0)
    w.password('more-lines', PASSWORD + '\nmore')
    w.run('alice', 'whoami', password='more-lines').want(0)
    w.password('other-ends', PASSWORD.encode() + b'\r\nmore')
    w.run('alice', 'whoami', password='other-ends').want(0)
    w.config('stretch_mib = 64\nstretch_passes = 1\n'
             f'password_command = echo "{PASSWORD}"\n')
    w.run('alice', 'whoami', password=None).want(0)
    for command in 'exit 1', f'echo "{PASSWORD}"; exit 1':
        w.config('stretch_mib = 64\nstretch_passes = 1\n'
                 f'password_command = {command}\n')
        w.run('alice', 'whoami', password=None).want(66)
    w.config('stretch_mib = 64\nstretch_passes = 1\n')


@test
def the_password_is_asked_for_on_a_terminal(w):
    t = w.terminal('alice', 'whoami', password=None)
    t.until('Password: ')
    equal(t.echoes(), False)
    t.line(PASSWORD)
    t.until(w.at)
    equal(t.echoes(), True)
    equal(t.end(), 0)
    lacks(t.screen, PASSWORD.encode())
    t = w.terminal('alice', 'whoami', password=None)
    t.until('Password: ')
    equal(t.echoes(), False)
    t.type('\x03')
    eventually(t.echoes)
    equal(t.end(), 130)


@test
def a_passphrase_is_offered_on_a_terminal(w):
    t = w.terminal('offer', 'register', w.invite('offer'), password=None)
    t.until('press Enter:')
    t.until('New password: ')
    phrase = re.search(r'press Enter: *(\S.*?)\r?\n',
                       t.screen.decode()).group(1).strip()
    t.line('password1')
    t.until('too weak')
    t.until('New password: ')
    t.line('')
    t.until(w.at)
    equal(t.end(), 0)
    w.password('offered', phrase)
    w.run('offer', 'whoami', password='offered').want(0)


@test
def a_typed_password_is_typed_twice(w):
    t = w.terminal('typed', 'register', w.invite('typed'), password=None)
    t.until('New password: ')
    t.line(PASSWORD)
    t.until('Again: ')
    t.line(PASSWORD + '?')
    t.until('not the same')
    t.until('New password: ')
    t.line(PASSWORD)
    t.until('Again: ')
    t.line(PASSWORD)
    t.until(w.at)
    equal(t.end(), 0)
    w.run('typed', 'whoami').want(0)


@test
def a_wrong_password_is_8(w):
    done = w.run('alice', 'whoami', '-o', 'json', password='wrong').want(8)
    equal(done.error()['code'], 8)
    w.run('elsewhere', 'login', f'alice@{w.at}', password='wrong').want(8)
    equal(files_below(w.home('elsewhere')), [])


@test
def guessing_is_slowed_down(w):
    w.join('guessed')
    done = w.run('guesser', 'login', f'guessed@{w.at}', '-o', 'json',
                 password='wrong')
    while done.code == 8:
        done = w.run('guesser', 'login', f'guessed@{w.at}', '-o', 'json',
                     password='wrong')
    equal(done.want(6).error()['wait_ms'] > 0, True)
    w.run('guessed', 'list').want(0)


@test
def names_that_are_not_known_are_not_told_apart(w):
    known = w.run('elsewhere', 'login', f'once@{w.at}', '-o', 'json',
                  password='wrong').want(8)
    unknown = w.run('elsewhere', 'login', f'nosuch@{w.at}', '-o', 'json',
                    password='wrong').want(8)
    equal(known.err, unknown.err)


@test
def a_bare_machine_logs_in_without_the_servers_key(w):
    row, = w.run('bare', 'login', f'Alice@{w.at}', '-o', 'json').want(0).json()
    equal((row['name'], row['server']), ('alice', w.at))
    w.run('bare', 'list').want(0)


@test
def a_bare_machine_logs_in_with_the_servers_key(w):
    row, = w.run('keyed', 'login', f'alice@{w.at}', '--server-key', w.key,
                 '-o', 'json').want(0).json()
    equal(row['verified_server'], True)
    other = w.key[:-2] + ('AA' if w.key[-2:] != 'AA' else 'BA')
    done = w.run('other', 'login', f'alice@{w.at}', '--server-key', other)
    equal(done.code in (3, 4), True)
    w.run('other', 'login', f'alice@{w.at}', '--server-key', 'short').want(64)
    equal(files_below(w.home('other')), [])


@test
def asking_for_the_key_can_be_forbidden(w):
    w.config('stretch_mib = 64\nstretch_passes = 1\nask_server_key = no\n')
    done = w.run('strict', 'login', f'alice@{w.at}')
    w.config('stretch_mib = 64\nstretch_passes = 1\n')
    equal(done.code != 0, True)
    equal(files_below(w.home('strict')), [])


@test
def whoami_and_list(w):
    done = w.run('alice', 'whoami').want(0)
    equal(done.out.count('\n'), 1)
    holds(done.out, f'alice  {w.at}  ')
    rows = w.run('alice', 'list', '-o', 'json').want(0).json()
    for row in rows:
        equal(set(row), {'type', 'name', 'status', 'devices', 'pin', 'you'})
        equal(row['type'], 'person')
    names = [row['name'] for row in rows]
    equal(names, sorted(names))
    equal([row['you'] for row in rows if row['name'] == 'alice'], [True])
    plain = w.run('alice', 'list').want(0).out
    equal(len(plain.splitlines()), len(rows))


@test
def statuses(w):
    w.run('alice', 'status', 'away').want(0)
    w.run('alice', 'status', 'invisible').want(0)
    w.run('alice', 'status', 'available').want(0)
    w.run('alice', 'status', 'busy').want(64)


@test
def devices_are_shown_and_removed(w):
    rows = w.run('alice', 'devices', '-o', 'json').want(0).json()
    for row in rows:
        equal(set(row), {'type', 'id', 'name', 'added', 'expires', 'this'})
        equal(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z',
                           row['added']) is not None, True)
    equal(sum(row['this'] for row in rows), 1)
    bare, = [row for row in w.run('bare', 'devices', '-o', 'json')
             .want(0).json() if row['this']]
    w.run('alice', 'devices', 'remove', bare['id']).want(0)
    left = w.run('alice', 'devices', '-o', 'json').want(0).json()
    equal(bare['id'] in [row['id'] for row in left], False)
    equal(len(left), len(rows) - 1)
    equal(w.run('bare', 'list').code != 0, True)
    here, = [row['id'] for row in left if row['this']]
    w.run('alice', 'devices', 'remove', here).want(64)
    w.run('alice', 'devices', 'remove', 'xyz').want(64)
    w.run('alice', 'devices', 'remove').want(64)
    w.run('alice', 'devices', 'add', 'x').want(64)


@test
def an_ephemeral_login_leaves_nothing(w):
    before = files_below(w.dir)
    rows = w.run(None, '--ephemeral', f'alice@{w.at}', 'whoami', '-o',
                 'json').want(0).json()
    equal(rows[0]['name'], 'alice')
    w.run(None, '--ephemeral', f'alice@{w.at}', 'list').want(0)
    after = [p for p in files_below(w.dir) if '/server/' not in p]
    equal(after, [p for p in before if '/server/' not in p])
    names = [row['id'] for row in w.run('alice', 'devices', '-o', 'json')
             .want(0).json()]
    equal(rows[0]['device'] in names, False)


@test
def several_accounts_in_one_home(w):
    link = w.invite('second')
    w.run('alice', 'register', link).want(0)
    done = w.run('alice', 'whoami', '-o', 'json').want(64)
    holds(done.error()['why'], 'alice@')
    holds(done.error()['why'], 'second@')
    for which in ('second', f'second@{w.at}', 'SECOND'):
        row, = w.run('alice', '-a', which, 'whoami', '-o', 'json') \
            .want(0).json()
        equal(row['name'], 'second')
    w.run('alice', '-a', 'third', 'whoami').want(64)
    w.run('alice', '-a', 'second', 'logout', '--forget').want(0)
    w.run('alice', 'whoami').want(0)


@test
def a_changed_password_replaces_the_old_one(w):
    w.join('changer')
    w.run('changed2', 'login', f'changer@{w.at}').want(0)
    new = w.password('new-password', 'velvet harbor quartz 88')
    weak = w.password('weak-password', 'password1')
    w.run('changer', 'passwd', '--new-password-file', weak).want(9)
    w.run('changer', 'passwd').want(66)
    w.run('changer', 'passwd', '--new-password-file', new).want(0)
    w.run('changer', 'whoami').want(8)
    w.run('changer', 'list', password='new-password').want(0)
    w.run('fresh', 'login', f'changer@{w.at}').want(8)
    w.run('fresh', 'login', f'changer@{w.at}',
          password='new-password').want(0)


@test
def a_change_that_is_interrupted_is_not_known(w):
    w.join('hasty')
    w.password('next', 'velvet harbor quartz 88')
    live = w.begin('hasty', 'passwd', '-v', '--new-password-file',
                   f'{w.dir}/next')
    live.until('online')
    live.until('Stretching')
    equal(live.end(signal.SIGINT), 130)
    holds(live.text(), 'is not known: try the new one first')
    codes = [w.run('hasty', 'list', password=name).code
             for name in ('next', 'password')]
    equal(sorted(codes), [0, 8])


@test
def logout_forgets_when_told_to(w):
    w.join('leaver')
    w.run('leaver', 'logout').want(0)
    w.run('leaver', 'whoami').want(0)
    w.run('stays', 'login', f'leaver@{w.at}').want(0)
    w.run('leaver', 'logout', '--forget').want(0)
    equal([p for p in files_below(w.home('leaver'))
           if not p.endswith('/lock')], [])
    w.run('leaver', 'whoami').want(64)
    rows = w.run('stays', 'devices', '-o', 'json').want(0).json()
    equal(len(rows), 1)


@test
def usage_is_64(w):
    for args in ((), ('bogus',), ('list', '--bogus'), ('send', 'bob'),
                 ('list', '-o', 'xml'), ('verify',), ('list', 'bob'),
                 ('--direct-only', '--relay-only', 'list')):
        done = w.run('alice', *args).want(64)
        equal(done.out, '')
        equal(done.err != '', True)
    for args in (('--bogus', '-o', 'json'), ('list', 'bob', '-ojson'),
                 ('status', 'asleep', '--output=json')):
        error = w.run('alice', *args).want(64).error()
        equal(error['code'], 64)
        equal('' in (error['what'], error['why'], error['do']), False)
    w.run('empty', 'whoami').want(64)
    w.run('alice', '--listen', 'nonsense', 'list').want(64)


@test
def help_and_version(w):
    holds(w.run('alice', '--help').want(0).out, 'register')
    holds(w.run('alice', 'receive', '-h').want(0).out, '--count')
    holds(w.run('alice', '--version').want(0).out, 'sotto ')


@test
def a_broken_configuration_is_78(w):
    for line in ('listen = x', 'listen = 127.0.0.1', 'listen = ::1:70000',
                 'listen = [127.0.0.1]:1', 'output = xml', 'account = ?',
                 'account = alice@', 'account = alice@h:0', 'home ='):
        w.config(f'# first\n{line}\n')
        holds(w.run('alice', 'list').want(78).err, 'config:2:')
    for value in ('alice', f'Alice@{w.at}'):
        w.config(f'stretch_mib = 64\naccount = {value}\n')
        w.run('alice', 'list').want(0)
    w.config('stretch_mib = 64\nbogus = 1\n')
    done = w.run('alice', 'whoami')
    w.config('stretch_mib = 64\nstretch_passes = 1\n')
    holds(done.want(78).err, 'config:2')


@test
def a_damaged_home_is_78(w):
    w.join('damaged')
    path, = [p for p in files_below(w.home('damaged'))
             if p.endswith('/account')]
    with open(path, 'r+b') as f:
        f.truncate(20)
    w.run('damaged', 'whoami').want(78)
    folder = os.path.dirname(os.path.dirname(path))
    os.chmod(folder, 0o755)
    w.run('damaged', 'whoami').want(78)


@test
def several_commands_use_one_home_at_once(w):
    w.join('busy')
    running = [w.begin('busy', 'list') for _ in range(3)]
    for live in running:
        equal(live.end(), 0)


@test
def a_signal_ends_with_a_logout(w):
    live = w.begin('alice', 'receive', '-v')
    live.until('online')
    equal(live.end(signal.SIGTERM), 128 + signal.SIGTERM)
    live = w.begin('alice', 'receive', '-v')
    live.until('online')
    equal(live.end(signal.SIGINT), 128 + signal.SIGINT)
    w.await_status('once', 'alice', 'offline')


@test
def threat_29_nobody_looks_into_the_program(w):
    """What it makes is its own, it leaves no core, and no debugger of the
    same user gets in: all that before it reads a password."""
    asks, answers = os.pipe()
    nobody = 65534 if os.geteuid() == 0 else os.geteuid()
    try:
        child = subprocess.Popen(
            [w.sotto, '--home', '/nowhere', '--password-fd', str(asks),
             'whoami'], env={'HOME': '/nowhere'}, pass_fds=[asks],
            user=nobody, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except PermissionError:
        raise Skip('the program is not for everybody') from None
    try:
        proc = f'/proc/{child.pid}'
        until = time.monotonic() + 30
        while content(proc + '/stat').rpartition(') ')[2][0] != 'S':
            assert time.monotonic() < until
            time.sleep(0.01)
        holds(content(proc + '/status'), 'Umask:\t0077\n')
        equal(re.search(r'Max core file size +(\S+) +(\S+)',
                        content(proc + '/limits')).groups(), ('0', '0'))
        # The kernel gives to root what a user may not look into.
        if '__asan_init' not in content(w.sotto):
            assert os.stat(proc + '/stat').st_uid != nobody
    finally:
        os.close(answers)
        child.wait()
        os.close(asks)


@test
def no_server_is_3(w):
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    w.run('lost', 'login', f'alice@127.0.0.1:{port}').want(3)
    w.run('lost', 'login', 'alice@name.invalid').want(3)
    w.stop()
    done = w.run('alice', 'list', '-o', 'json')
    w.start()
    equal(done.want(3).error()['code'], 3)
    w.run('alice', 'list').want(0)


@test
def a_disabled_account_stays_outside(w):
    w.join('banned')
    w.admin('user', 'disable', 'banned').want(0)
    equal(w.run('banned', 'list').code != 0, True)
    w.admin('user', 'enable', 'banned').want(0)
    w.run('banned', 'list').want(0)


if __name__ == '__main__':
    sys.exit(main())
