#!/usr/bin/env python3
"""sottod as operators and service managers meet it."""
import datetime
import fcntl
import io
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time

from sottotest import (LIMIT_S, LINK, READY, SOTTO, SOTTOD, Place, Skip,
                       environment, equal, eventually, holds, lacks, main,
                       objects, test)


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


# ---- starting and stopping ----

@test
def the_first_start_makes_everything_private(place):
    server = place.serve()
    data = server.data
    equal(mode(data), 0o700)
    equal(mode(data / 'keys'), 0o700)
    names = sorted(path.name for path in (data / 'keys').iterdir())
    equal(names, ['channel', 'fake', 'opaque', 'oprf'])
    for path in [*(data / 'keys').iterdir(), data / 'sotto.db',
                 data / 'lock', data / 'control']:
        equal(mode(path), 0o600)
    equal(server.stop(), 0)
    equal((data / 'control').exists(), False)


@test
def the_key_stays_the_same(place):
    first = place.serve()
    first.stop()
    second = place.serve()
    equal(second.key, first.key)
    equal(second.stop(), 0)


@test
def any_address_has_the_real_port(place):
    server = place.serve(listen='[::]:0')
    holds(('[::]', '0.0.0.0'), server.host)
    assert server.port != 0
    with socket.create_connection(('127.0.0.1', server.port), timeout=10):
        pass
    equal(server.stop(), 0)


@test
def serve_is_what_is_done_without_a_word(place):
    process = subprocess.Popen(
        [SOTTOD, '--data', str(place.path / 'data'), '--listen',
         '127.0.0.1:0', '-o', 'json'], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
        env=environment(place.path))
    ready = json.loads(process.stdout.readline())
    equal(ready['type'], 'ready')
    process.send_signal(signal.SIGINT)
    equal(process.wait(30), 0)
    equal(process.stdout.read(), '')
    process.stdout.close()


@test
def a_second_server_is_refused_and_told_who(place):
    server = place.serve()
    done = place.run('serve', '--listen', '127.0.0.1:0', code=69)
    equal(done.out, '')
    holds(done.err, str(server.process.pid))
    done = place.run('serve', '--listen', '127.0.0.1:0', '-o', 'json',
                     code=69)
    error = json.loads(done.err)
    equal((error['type'], error['code']), ('error', 69))
    equal(sorted(error), ['code', 'do', 'type', 'what', 'why'])
    equal(server.stop(), 0)


@test
def a_taken_port_is_told(place):
    server = place.serve()
    done = place.run('serve', '--listen', f'127.0.0.1:{server.port}',
                     data='other', code=69)
    holds(done.err, 'in use')


@test
def a_killed_server_leaves_nothing_in_the_way(place):
    server = place.serve()
    place.run('invite', 'alice')
    server.process.kill()
    server.process.wait()
    equal((server.data / 'control').exists(), True)
    place.run('invite', 'bob')
    equal(place.serve().key, server.key)


@test
def a_second_signal_stops_at_once(place):
    server = place.serve()
    with server.connect():
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        equal(server.process.wait(5), 0)


@test
def connections_end_when_the_server_does(place):
    server = place.serve()
    with server.connect() as one, server.connect() as two:
        server.process.send_signal(signal.SIGTERM)
        equal(one.recv(1), b'')
        equal(two.recv(1), b'')
        one.close()
        two.close()
        equal(server.process.wait(15), 0)


# ---- keys and permissions ----

@test
def keys_that_others_can_read_are_refused(place):
    place.serve().stop()
    for name, bits, type_this in (('keys/channel', 0o640, '600'),
                                  ('keys/oprf', 0o604, '600'),
                                  ('keys', 0o750, '700')):
        path = place.path / 'data' / name
        old = mode(path)
        path.chmod(bits)
        for words in (('serve', '--listen', '127.0.0.1:0'), ('check',),
                      ('user', 'list')):
            done = place.run(*words, code=78)
            holds(done.err, f"chmod {type_this} '{path}'")
        path.chmod(old)
    equal(place.serve().stop(), 0)


@test
def keys_of_another_user_are_refused(place):
    if os.geteuid() != 0:
        raise Skip('only root can give files away')
    place.serve().stop()
    path = place.path / 'data' / 'keys' / 'fake'
    os.chown(path, 12345, 12345)
    holds(place.run('serve', code=78).err, 'user 12345')


def no_locked_memory():
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


@test
def root_works_as_the_owner_of_the_folder(place):
    if os.geteuid() != 0:
        raise Skip('only root can become another')
    if 'ASAN_OPTIONS' in os.environ:
        raise Skip('LeakSanitizer cannot look into what has changed its user')
    place.path.chmod(0o711)
    place.serve().stop()
    data = place.path / 'data'
    everything = [data, *data.rglob('*')]
    for path in everything:
        os.chown(path, 12345, 12345)
    secret = place.path / 'secret'
    secret.mkdir(mode=0o700)
    place.run('invite', 'alice')
    place.run('backup', secret / 'offline.tar', '--keys')
    server = place.serve(preexec_fn=lambda: os.setgroups([0, 4]))
    status = pathlib.Path(f'/proc/{server.process.pid}/status').read_text()
    equal(re.search(r'Groups:(.*)', status)[1].split(), [])
    for what in ('Uid', 'Gid'):
        equal(re.search(rf'{what}:\s+(.*)', status)[1].split(),
              ['12345'] * 4)
    place.run('invite', 'bob')
    place.run('backup', secret / 'live.tar')
    equal(server.stop(), 0)
    equal({path.stat().st_uid for path in [data, *data.rglob('*')]},
          {12345})
    lacks(server.said(), 'ulimit')
    server = place.serve(preexec_fn=no_locked_memory)
    holds(server.said(), 'ulimit -l')
    figures, = place.run('stats', '-o', 'json').json()
    assert figures['unlocked_bytes'] > 0
    equal(server.stop(), 0)
    fresh = place.path / 'fresh'
    fresh.mkdir(mode=0o700)
    os.chown(fresh, 12345, 12345)
    place.run('restore', secret / 'offline.tar', data='fresh')
    equal({path.stat().st_uid for path in fresh.rglob('*')}, {12345})


@test
def a_folder_that_others_can_write_in_is_refused(place):
    place.serve().stop()
    (place.path / 'data').chmod(0o770)
    holds(place.run('serve', code=78).err, 'chmod 700')


@test
def a_damaged_or_missing_key_is_told(place):
    place.serve().stop()
    path = place.path / 'data' / 'keys' / 'opaque'
    path.write_text('nonsense\n')
    holds(place.run('serve', code=78).err, 'damaged')
    path.unlink()
    holds(place.run('serve', code=78).err, 'keys/opaque')


@test
def a_database_without_keys_is_refused(place):
    place.serve().stop()
    (place.path / 'data' / 'keys').rename(place.path / 'elsewhere')
    holds(place.run('serve', code=78).err, 'no keys')
    equal((place.path / 'data' / 'keys').exists(), False)


@test
def keys_without_a_database_are_told(place):
    key = place.serve()
    key.stop()
    (place.path / 'data' / 'sotto.db').unlink()
    place.run('user', 'list', code=69)
    server = place.serve()
    equal(server.key, key.key)
    holds(server.said(), 'no database')


# ---- commands ----

@test
def invites_of_a_server_that_runs(place):
    server = place.serve()
    link = LINK.match(place.run('invite', 'Alice').out)
    equal(link.groups()[:4],
          ('alice', '127.0.0.1', str(server.port), server.key))
    again = LINK.match(place.run('invite', 'alice').out)
    assert again[5] != link[5]
    begun = time.time()
    done = place.run('invite', 'bob', '--public', 'chat.example.org:99',
                     '--expires', '2h', '-o', 'json')
    invite, = done.json()
    equal((invite['type'], invite['name']), ('invite', 'bob'))
    assert LINK.match(invite['link'] + '\n')[2] == 'chat.example.org'
    assert re.match(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$',
                    invite['expires'])
    # Two hours from when it was asked for, or from a little later.
    left = (datetime.datetime.fromisoformat(invite['expires'][:-1])
            - datetime.datetime.fromtimestamp(begun, datetime.timezone.utc)
            .replace(tzinfo=None)).total_seconds()
    assert 7199 <= left <= 7200 + 300, left
    equal(server.stop(), 0)


@test
def invites_when_nothing_runs(place):
    done = place.run('invite', 'alice', '--public', '[2001:db8::1]')
    link = LINK.match(done.out)
    equal(link.groups()[:3], ('alice', '[2001:db8::1]', '7368'))
    equal(place.serve().key, link[4])


@test
def the_servers_public_name_is_in_its_links(place):
    place.serve('--public', 'chat.example.org')
    link = LINK.match(place.run('invite', 'alice').out)
    equal(link.groups()[1:3], ('chat.example.org', '7368'))


@test
def bad_names_and_times_are_usage_errors(place):
    for words in (('invite', '-x'), ('invite', ''), ('invite', 'a b'),
                  ('invite', 'x' * 33), ('invite', 'a', 'b'), ('invite',),
                  ('invite', 'a', '--expires', '0d'),
                  ('invite', 'a', '--expires', '7'),
                  ('invite', 'a', '--expires', '99999w'),
                  ('invite', 'a', '--public', 'x:0'),
                  ('user',), ('user', 'show'), ('user', 'drop', 'a'),
                  ('user', 'list', 'a'), ('stats', 'now'),
                  ('frobnicate',), ('serve', '--listen', 'x:y'),
                  ('serve', '--guard', 'maybe'), ('--nonsense',),
                  ('stats', '--keys'), ('backup', 'f', '--dry-run'),
                  ('serve', '--data'), ('-o', 'xml', 'stats')):
        done = place.run(*words, code=64, data=None)
        equal(done.out, '')
        holds(done.err, 'sottod')
    for words in (('--nonsense', '-o', 'json'), ('-ojson', 'frobnicate'),
                  ('user', 'drop', 'a', '--output=json')):
        done = place.run(*words, code=64, data=None)
        equal(objects(done.err)[0]['code'], 64)
    equal(list(place.path.iterdir()), [])


@test
def people_who_are_not_there_are_unknown(place):
    place.serve()
    for verb in ('show', 'disable', 'enable', 'reset', 'remove'):
        holds(place.run('user', verb, 'nobody', code=7).err, 'nobody')
    equal(place.run('user', 'list').out, '')
    error, = objects(place.run('user', 'show', 'nobody', '-o', 'json',
                               code=7).err)
    equal((error['type'], error['code']), ('error', 7))


STATS = ('sessions connections handshakes device_logins logins '
         'logins_failed guesses_delayed guesses_worked_for '
         'passes_required passes_refused pk_ops_without_pass '
         'introductions relayed_records relay_bytes uptime_ms '
         'rss_bytes').split()


@test
def figures(place):
    server = place.serve()
    with server.connect():
        done = place.run('stats')
    figures = dict(line.split(' ') for line in done.out.splitlines())
    for name in STATS:
        assert figures[name].isdigit(), name
    assert int(figures['rss_bytes']) > 100000
    whole, = place.run('stats', '-o', 'json').json()
    equal(whole['type'], 'stats')
    assert set(STATS) <= set(whole)
    assert whole['uptime_ms'] >= int(figures['uptime_ms'])
    equal(whole['connections'], 1)


@test
def help_and_version(place):
    for words in (('--help',), ('-h',), ('invite', '--help')):
        done = place.run(*words, data=None)
        holds(done.out, 'sottod invite NAME')
        equal(done.err, '')
    holds(place.run('--version', data=None).out, 'sottod ')
    equal(list(place.path.iterdir()), [])


@test
def a_reader_that_went_away_is_no_error(place):
    place.serve()
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [SOTTOD, 'stats', '--data', str(place.path / 'data')], stdout=write,
        stderr=subprocess.PIPE, text=True, env=environment(place.path))
    os.close(write)
    _, stderr = process.communicate(timeout=30)
    equal((process.returncode, stderr), (0, ''))


@test
def an_answer_that_cannot_be_written_is_an_error(place):
    place.serve()
    for words in (['stats'], ['invite', 'alice'], ['user', 'list', '-o',
                                                   'json'], ['check']):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run(
                [SOTTOD, *words, '--data', str(place.path / 'data')],
                stdout=full, stderr=subprocess.PIPE, text=True,
                env=environment(place.path))
        nothing = words[0] == 'user'  # nobody is there
        equal((done.returncode, 'could not be written' in done.stderr),
              (0, False) if nothing else (1, True))


def close_standard():
    for fd in range(3):
        os.close(fd)


@test
def closed_descriptors_are_not_taken_by_files(place):
    words = [SOTTOD, '--data', str(place.path / 'data'), '--listen',
             '127.0.0.1:0', '-vv']
    server = subprocess.Popen(words, env=environment(place.path),
                              preexec_fn=close_standard)
    try:
        eventually(lambda: (place.path / 'data' / 'control').exists())
        place.run('invite', 'alice')
        where = f'/proc/{server.pid}/fd'
        equal([os.readlink(f'{where}/{fd}') for fd in range(3)],
              ['/dev/null'] * 3)
        equal((place.path / 'data' / 'lock').read_text(),
              f'{server.pid}\n')
    finally:
        server.terminate()
        equal(server.wait(LIMIT_S), 0)
    done = subprocess.run([SOTTO, '--home', str(place.path / 'home'),
                           '--password-file', '/dev/null', 'whoami'],
                          env=environment(place.path),
                          preexec_fn=close_standard)
    equal(done.returncode, 66)


@test
def words_after_two_dashes_are_no_options(place):
    place.serve()
    place.run('user', 'show', '--data', place.path / 'data', '--', 'x',
              data=None, code=7)


# ---- configuration ----

def configure(place, text):
    folder = place.path / 'config' / 'sotto'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'sottod.conf').write_text(text)
    return folder / 'sottod.conf'


@test
def wrong_lines_are_named(place):
    for text, number, what in (
            ('# fine\n\nlisten = 127.0.0.1:0\nlisen = 1\n', 4, 'lisen'),
            ('guard = perhaps\n', 1, 'guard must be'),
            ('listen\n', 1, 'key = value'),
            ('max_connections = 0\n', 1, 'max_connections must be'),
            ('max_connections = 10x\n', 1, 'max_connections must be'),
            ('x = ' + 'y' * 2000 + '\n', 1, 'too long')):
        path = configure(place, text)
        done = place.run('check', code=78)
        holds(done.err, f'{path}:{number}: ')
        holds(done.err, what)
        equal(done.out, '')


@test
def flags_go_before_environment_before_file(place):
    configure(place, f'data = {place.path}/data\nlisten = 127.0.0.1:0\n'
              'public = file.example.org\n# a comment\nopen = yes\n')
    server = place.serve(listen=None)
    equal(server.host, '127.0.0.1')

    def host(*flags, env=None):
        done = place.run('invite', 'alice', *flags, env=env, data=None)
        return LINK.match(done.out)[2]
    equal(host(), 'file.example.org')
    env = {'SOTTOD_PUBLIC': 'env.example.org'}
    equal(host(env=env), 'env.example.org')
    equal(host('--public', 'flag.example.org', env=env), 'flag.example.org')
    place.run('check', env={'SOTTOD_GUARD': 'what'}, code=78)
    other = place.path / 'other.conf'
    other.write_text('public = other.example.org\n')
    equal(host('--config', other, '--data', place.path / 'data'),
          'other.example.org')
    place.run('check', '--config', place.path / 'none', code=78)


@test
def the_service_managers_folder_is_the_default(place):
    state = place.path / 'state'
    place.run('invite', 'alice', env={'STATE_DIRECTORY': str(state)},
              data=None)
    equal((state / 'sotto.db').exists(), True)


@test
def reload_keeps_the_old_on_error(place):
    path = configure(place, 'public = one.example.org\n')
    server = place.serve()

    def host():
        # An empty folder of configuration: the server's own counts.
        env = {'XDG_CONFIG_HOME': str(place.path / 'none')}
        return LINK.match(place.run('invite', 'alice', env=env).out)[2]
    equal(host(), 'one.example.org')
    path.write_text('public = two.example.org\n')
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: host() == 'two.example.org')
    lacks(server.said(), 'alice')
    path.write_text('public = two.example.org\nlog = debug\n')
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: host() and 'invited alice' in server.said())
    path.write_text('nonsense = 1\n')
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: 'not reloaded' in server.said())
    holds(server.said(), f'{path}:1: ')
    equal(host(), 'two.example.org')
    equal(server.stop(), 0)


# ---- the service manager ----

class Manager:
    """What a service manager hears."""

    def __init__(self, place, name):
        self.name = name or str(place.path / 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind('\0' + name[1:] if name else self.name)
        self.socket.settimeout(20)

    def heard(self):
        return self.socket.recv(4096).decode()


def manage(place, name):
    manager = Manager(place, name)
    with manager.socket:
        server = place.serve(env={'NOTIFY_SOCKET': manager.name})
        equal(manager.heard(), 'READY=1')
        server.process.send_signal(signal.SIGHUP)
        assert re.match(r'^RELOADING=1\nMONOTONIC_USEC=\d+$',
                        manager.heard())
        equal(manager.heard(), 'READY=1')
        server.process.send_signal(signal.SIGTERM)
        equal(manager.heard(), 'STOPPING=1')
        equal(server.process.wait(30), 0)


@test
def the_service_manager_is_told(place):
    manage(place, None)


@test
def the_service_manager_is_told_by_an_abstract_socket(place):
    manage(place, f'@sotto-e2e-{os.getpid()}')


@test
def the_watchdog_is_fed(place):
    manager = Manager(place, None)
    with manager.socket:
        place.serve(env={'NOTIFY_SOCKET': manager.name,
                         'WATCHDOG_USEC': '200000'})
        equal(manager.heard(), 'READY=1')
        equal(manager.heard(), 'WATCHDOG=1')
        equal(manager.heard(), 'WATCHDOG=1')


@test
def inherited_sockets_are_used(place):
    listening = socket.socket()
    listening.bind(('127.0.0.1', 0))
    port = listening.getsockname()[1]

    # LISTEN_PID must be the server's own, so a shell execs it.
    script = ('exec 3<&"$1"; export LISTEN_PID=$$ LISTEN_FDS=1; shift; '
              'exec "$@"')
    process = subprocess.Popen(
        ['bash', '-c', script, '-', str(listening.fileno()), SOTTOD,
         'serve', '--data', str(place.path / 'data')],
        pass_fds=[listening.fileno()], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL, env=environment(place.path))
    listening.close()
    found = READY.match(process.stdout.readline())
    equal((found[1], int(found[2])), ('127.0.0.1', port))
    with socket.create_connection(('127.0.0.1', port), timeout=10):
        pass
    process.terminate()
    equal(process.wait(30), 0)
    process.stdout.close()


# ---- backups ----

@test
def a_backup_and_its_way_back(place):
    server = place.serve()
    place.run('invite', 'alice')
    backup = place.path / 'backup.tar'
    done = place.run('backup', backup, '--keys')
    holds(done.err, 'secrets')
    equal(mode(backup), 0o600)
    equal([p.name for p in server.data.glob('snapshot*')], [])
    with tarfile.open(backup) as tar:
        equal(tar.getnames(), ['MANIFEST', 'sotto.db', 'keys/channel',
                               'keys/opaque', 'keys/oprf', 'keys/fake'])
        holds(tar.extractfile('MANIFEST').read().decode(), server.key)
        equal([entry.mode for entry in tar], 2 * [0o600] + 4 * [0o400])
    place.run('restore', backup, code=69)
    equal(server.stop(), 0)
    place.run('restore', backup, code=78)

    place.run('restore', backup, '--dry-run', data='fresh')
    equal((place.path / 'fresh').exists(), False)
    done = place.run('restore', backup, '-o', 'json', data='fresh')
    said, = done.json()
    equal((said['type'], said['key']), ('restore', server.key))
    place.run('check', data='fresh')
    equal(sorted(p.name for p in (place.path / 'fresh').iterdir()),
          ['keys', 'lock', 'sotto.db'])
    equal(place.serve(data='fresh').key, server.key)


@test
def the_way_to_the_data_may_have_links(place):
    (place.path / 'far').mkdir(mode=0o700)
    (place.path / 'link').symlink_to('far')
    for data in ('link', 'link/below'):
        server = place.serve(data=data)
        place.run('invite', 'alice', data=data)
        place.run('backup', place.path / 'backup.tar', '--keys', data=data)
        place.run('restore', place.path / 'backup.tar', '--dry-run',
                  data='other', env={'TMPDIR': str(place.path / 'link')})
        equal(server.stop(), 0)
        place.run('check', data=data)
    equal(list((place.path / 'far').glob('sottod-*')), [])


@test
def a_backup_when_nothing_runs(place):
    key = place.serve()
    key.stop()
    backup = place.path / 'backup.tar'
    holds(place.run('backup', backup).err, 'without the keys')
    with tarfile.open(backup) as tar:
        equal(tar.getnames(), ['MANIFEST', 'sotto.db'])
    holds(place.run('restore', backup, data='fresh', code=78).err, 'keys')
    equal((place.path / 'fresh' / 'restore.new').exists(), False)

    # With the keys brought by hand it comes back; with others it does not.
    os.rename(place.path / 'data' / 'keys', place.path / 'fresh' / 'keys')
    place.run('restore', backup, data='fresh')
    equal(place.serve(data='fresh').key, key.key)
    place.run('invite', 'x', data='third')
    (place.path / 'third' / 'sotto.db').unlink()
    holds(place.run('restore', backup, data='third', code=78).err,
          "another server's")


@test
def what_is_left_of_a_database_is_not_played_into_a_backup(place):
    server = place.serve()
    backup = place.path / 'backup.tar'
    place.run('backup', backup, '--keys')
    place.run('invite', 'alice')
    server.process.kill()
    server.process.wait()
    left = [server.data / f'sotto.db-{part}' for part in ('wal', 'shm')]
    for path in [server.data / 'sotto.db', *left]:
        done = place.run('restore', backup, code=78)
        holds(done.err, path.name)
        holds(place.run('restore', backup, '--dry-run', code=78).err,
              path.name)
        path.unlink()
    place.run('restore', backup)
    with sqlite3.connect(server.data / 'sotto.db') as db:
        equal(db.execute('select count(*) from invite').fetchone(), (0,))
    equal(place.serve().key, server.key)


def snapshots(server):
    return [path.name for path in server.data.glob('snapshot-*')]


@test
def a_backup_that_is_cut_leaves_no_copy(place):
    server = place.serve()
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(server.data / 'control'))
        one.sendall(b'plain snapshot snapshot-1\n')
        holds(one.recv(65536).decode(), server.key)
        equal(snapshots(server), ['snapshot-1'])
        # Whoever asks for the same again gets none, and takes none away.
        assert control(server, b'plain snapshot snapshot-1\n') \
            .startswith(b'!')
        equal(snapshots(server), ['snapshot-1'])
    eventually(lambda: not snapshots(server))

    equal(server.stop(), 0)
    for name in ('snapshot-2', 'snapshot-2-journal'):
        (server.data / name).write_bytes(b'left by a machine without power')
    equal(snapshots(place.serve()), [])


@test
def damaged_backups_are_refused(place):
    place.serve().stop()
    backup = place.path / 'backup.tar'
    place.run('backup', backup, '--keys')
    whole = backup.read_bytes()
    bad = place.path / 'bad.tar'
    for name, damaged in (
            ('cut', whole[:len(whole) // 2]),
            ('empty', b''),
            ('text', b'no tar at all\n' * 100),
            ('a bit of the database', flip(whole, 4000)),
            ('a bit of the manifest', flip(whole, 512 + 150)),
            ('a bit of a key', flip(whole, whole.rindex(b'keys/fake')
                                    + 520))):
        bad.write_bytes(damaged)
        for words in (('restore', bad), ('restore', bad, '--dry-run')):
            done = place.run(*words, data='fresh', code=1)
            assert done.err, name
        equal((place.path / 'fresh' / 'sotto.db').exists(), False)
        equal((place.path / 'fresh' / 'keys').exists(), False)
    place.run('restore', place.path / 'none', data='fresh', code=66)


def renamed(backup, to, names):
    """Writes a backup anew, its entries by other names."""
    with tarfile.open(backup) as old, \
            tarfile.open(to, 'w', format=tarfile.USTAR_FORMAT) as new:
        for entry in old:
            data = old.extractfile(entry).read()
            if entry.name == 'MANIFEST':
                for was, name in names.items():
                    data = data.replace(was.encode(), name.encode())
            entry.name = names.get(entry.name, entry.name)
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))


@test
def a_backup_has_no_other_names(place):
    place.serve().stop()
    backup, bad = place.path / 'backup.tar', place.path / 'bad.tar'
    place.run('backup', backup, '--keys')
    renamed(backup, bad, {})
    place.run('restore', bad, '--dry-run', data='fresh')
    for name in ('../x/channel', 'xeys/channel', 'keys/chanel', 'keys/oprf'):
        renamed(backup, bad, {'keys/channel': name})
        (place.path / 'fresh' / 'x').mkdir(parents=True, exist_ok=True)
        place.run('restore', bad, data='fresh', code=1)
        equal(sorted(p.name for p in (place.path / 'fresh').rglob('*')),
              ['lock', 'x'])


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


@test
def check_finds_damage(place):
    place.serve().stop()
    equal(place.run('check').out,
          'ok configuration\nok folder\nok keys\nok database\n')
    path = place.path / 'data' / 'sotto.db'
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(8192) + data[12288:])
    holds(place.run('check', code=1).err, 'damaged')


@test
def an_empty_database_is_none(place):
    server = place.serve()
    backup = place.path / 'backup.tar'
    place.run('backup', backup)
    equal(server.stop(), 0)
    db = server.data / 'sotto.db'
    os.truncate(db, 0)
    holds(place.run('check', code=1).err, 'empty')
    holds(place.run('user', 'list', code=69).err, 'no database')
    place.run('restore', backup)
    place.run('check')
    os.truncate(db, 0)
    server = place.serve()
    holds(server.said(), 'beginning without accounts')
    equal(server.stop(), 0)

    db.unlink()
    with sqlite3.connect(db) as other:
        other.execute('create table strange (x)')
    db.chmod(0o600)
    holds(place.run('check', code=1).err, "another program's")


@test
def check_beside_a_server_that_runs(place):
    place.serve()
    place.run('invite', 'alice')
    place.run('check')
    place.run('invite', 'bob')


# ---- strangers ----

def is_sanitized():
    """Whether the program is a sanitizer's build, which is not enclosed."""
    return any(name in pathlib.Path(SOTTOD).read_bytes()
               for name in (b'__asan_init', b'__tsan_init'))


@test
def what_the_server_gives_up_is_refused(place):
    if is_sanitized():
        raise Skip('sanitizers do not work in the sandbox')
    place.serve()
    said = place.run('check', '--sandbox').out
    for what in ('execve', 'fork', 'clone3', 'ptrace', 'kill',
                 'process_vm_readv', 'connect', 'executable memory',
                 'memory made executable', 'setting limits', 'socket inet', 'socket inet6', 'socket packet',
                 'reading /etc/passwd', 'listing the folder above',
                 'writing /dev/null'):
        holds(said, f'ok no {what}\n')


@test
def every_thread_of_the_server_is_enclosed(place):
    if is_sanitized():
        raise Skip('sanitizers do not work in the sandbox')
    server = place.serve()
    place.run('backup', place.path / 'copy')  # starts threads for work
    tasks = list(pathlib.Path(f'/proc/{server.process.pid}/task').iterdir())
    assert len(tasks) > 2, tasks
    for task in tasks:
        status = (task / 'status').read_text()
        holds(status, 'NoNewPrivs:\t1\n')
        # That of rings, and that of calls, which came when some ran.
        holds(status, 'Seccomp_filters:\t2\n')
    equal(server.stop(), 0)


@test
def strangers_do_not_disturb(place):
    server = place.serve()
    log = server.log
    shapes = [b'', b'\0', b'\0' * 70000, b'\xff' * 70000,
              b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
              b'\x01\x00' + os.urandom(1300), os.urandom(3),
              os.urandom(70000)]
    half_open = [server.connect() for _ in range(100)]
    for _ in range(10):
        for shape in shapes:
            with server.connect() as one:
                try:
                    one.sendall(shape)
                    one.shutdown(socket.SHUT_WR)
                    one.settimeout(15)
                    equal(one.recv(1), b'')
                except OSError:
                    pass  # closed on us while we were talking
    place.run('stats')
    for one in half_open:
        one.close()

    def all_gone():
        whole, = place.run('stats', '-o', 'json').json()
        return whole['sessions'] == 0 and whole['handshakes'] == 0
    eventually(all_gone)
    equal(server.process.poll(), None)
    equal(server.stop(), 0)
    assert '127.0.0.1' not in log.read_text()


def control(server, data):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(10)
        one.connect(str(server.data / 'control'))
        try:
            one.sendall(data)
            return one.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b''


@test
def nonsense_on_the_control_socket(place):
    server = place.serve()
    (server.data / 'snapshot-d').mkdir()
    for data in (b'\n', b'plain\n', b'\0\0\0\n', b'x' * 5000,
                 b'x' * 1024, b'plain ' + b'x' * 1018 + b'\n',
                 b'plain stats\0\n', b'plain' + b' a' * 400 + b'\n'):
        assert not control(server, data).startswith(b'='), data
    for data in (b'plain user\n', b'plain user show\n', b'plain invite\n',
                 b'plain invite ../x 1 -\n', b'plain snapshot /tmp/x\n',
                 b'plain snapshot ../snapshot-1\n', b'json nothing\n',
                 b'plain snapshot snapshot-/../../x\n',
                 b'plain snapshot snapshot-d/x\n'):
        assert control(server, data).startswith(b'!'), data
    place.run('stats')


@test
def an_operator_who_went_away(place):
    server = place.serve()
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(server.data / 'control'))
            one.sendall(b'plain invite alice 100 -\n')
    place.run('stats')
    equal(server.stop(), 0)


@test
def few_descriptors_are_enough(place):
    server = place.serve(preexec_fn=few_descriptors)
    many = []
    for _ in range(400):
        try:
            many.append(server.connect())
        except OSError:
            pass
    place.run('stats')
    place.run('invite', 'alice')
    for one in many:
        one.close()
    eventually(lambda: is_held(server))
    equal(server.stop(), 0)


def is_held(server):
    """Whether a connection is kept: one that is shed ends at once."""
    with server.connect() as one:
        one.settimeout(0.5)
        try:
            one.recv(1)
        except socket.timeout:
            return True
        except ConnectionResetError:
            pass
    return False


@test
def a_server_waits_for_a_command_at_work(place):
    place.serve().stop()
    with open(place.path / 'data' / 'lock', 'r+') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        timer = threading.Timer(0.3, lambda: fcntl.flock(lock,
                                                         fcntl.LOCK_UN))
        timer.start()
        equal(place.serve().stop(), 0)
        timer.join()


def few_descriptors():
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


if __name__ == '__main__':
    sys.exit(main(Place))
