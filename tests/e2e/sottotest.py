"""What the end-to-end tests share: a server of their own, people with homes,
programs that are driven through pipes or a pseudo-terminal.

A test is a function with @test. It gets a World, which the tests of a program
share: a server that runs, and people; or, with main(Place), a Place of its
own: a folder, and the servers that the test starts there. It fails by an
exception; Skip says what the machine lacks. main() runs the tests in order
and prints `ok name`, `FAIL name` or `skip name: why` for each, and the counts
last. Command line: SOTTO SOTTOD [PART...], the programs, and parts of the
names of the tests to run.
"""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import traceback

PASSWORD = 'pebble orchid tundra 41'
LIMIT_S = 120  # after that a program hangs, on however slow a machine

SOTTO, SOTTOD = (os.path.abspath(path) for path in sys.argv[1:3])
READY = re.compile(r'^ready (\S+):(\d+) ([A-Za-z0-9_-]{43})\n$')
LINK = re.compile(r'^sotto://([a-z0-9_.-]+)@(\S+):(\d+)/([A-Za-z0-9_-]{43})'
                  r'#([A-Za-z0-9_-]{22})\n$')

tests = []


class Skip(Exception):
    """The machine lacks what the test needs."""


def test(function):
    tests.append(function)
    return function


def equal(got, want):
    if got != want:
        raise AssertionError(f'got {got!r}, want {want!r}')


def holds(text, part):
    if part not in text:
        raise AssertionError(f'{part!r} is not in {text!r}')


def lacks(text, part):
    if part in text:
        raise AssertionError(f'{part!r} is in {text!r}')


def has_come(file, seconds=0):
    """Whether there is something to read, or comes in time; unlike select,
    however many files are open."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))


def objects(text):
    """The JSON objects of some lines."""
    return [json.loads(line) for line in text.splitlines()]


def eventually(condition, seconds=LIMIT_S):
    """Waits until condition() is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f'not within {seconds} s')


def environment(folder, more=None):
    """What programs of a test see: nothing of this machine's habits."""
    kept = ('PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS',
            'TSAN_OPTIONS')
    return {**{name: os.environ[name] for name in kept if name in os.environ},
            'HOME': str(folder), 'XDG_CONFIG_HOME': f'{folder}/config',
            'LC_ALL': 'C.UTF-8', **(more or {})}


class Result:
    """What a program did: its exit code, its output as text."""

    def __init__(self, code, out, err):
        self.code, self.err_bytes, self.out_bytes = code, err, out
        self.out, self.err = out.decode(), err.decode()

    def want(self, code):
        if self.code != code:
            raise AssertionError(f'exit code {self.code}, want {code}\n'
                                 f'stdout: {self.out}\nstderr: {self.err}')
        return self

    def json(self):
        return objects(self.out)

    def error(self):
        """The last error of stderr, as JSON."""
        return [row for row in objects(self.err)
                if row['type'] == 'error'][-1]


class Live:
    """A program that runs in the background, its lines read one by one."""

    def __init__(self, argv, env, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(
            argv, env=env, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.seen = []
        self.rest = b''

    def line(self):
        """The next line, without its end; an error when there is none."""
        deadline = time.monotonic() + LIMIT_S
        while b'\n' not in self.rest:
            left = deadline - time.monotonic()
            if not has_come(self.process.stdout, left):
                raise AssertionError(f'nothing more after {self.seen!r}')
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                raise AssertionError(f'ended after {self.seen!r}')
            self.rest += got
        line, self.rest = self.rest.split(b'\n', 1)
        self.seen.append(line.decode())
        return self.seen[-1]

    def until(self, part):
        """Reads lines up to one that holds part, and returns that."""
        while True:
            line = self.line()
            if part in line:
                return line

    def event(self, kind, **members):
        """Reads JSON lines up to one of this type with these members."""
        while True:
            row = json.loads(self.line())
            if row['type'] == kind and all(row.get(k) == v
                                           for k, v in members.items()):
                return row

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()

    def end(self, signum=None):
        """Ends it, by a signal or the end of its input; its exit code."""
        if signum is not None:
            self.process.send_signal(signum)
        elif self.process.stdin:
            self.process.stdin.close()
        while True:
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                break
            self.rest += got
        self.seen += self.rest.decode(errors='replace').splitlines()
        return self.process.wait(LIMIT_S)

    def text(self):
        return '\n'.join(self.seen)


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, argv, env, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update(env, TERM='xterm', COLUMNS=str(columns))
            os.execv(argv[0], argv)
        self.screen = b''
        self.at = 0

    def fill(self, left):
        if not has_come(self.fd, left):
            raise AssertionError(f'nothing more on {self.screen!r}')
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b''
        if not got:
            raise EOFError
        self.screen += got

    def until(self, part):
        """Waits for part after what was waited for before."""
        part = part.encode() if isinstance(part, str) else part
        deadline = time.monotonic() + LIMIT_S
        while part not in self.screen[self.at:]:
            try:
                self.fill(deadline - time.monotonic())
            except EOFError:
                raise AssertionError(
                    f'no {part!r} in {self.screen[self.at:]!r}') from None
        self.at = self.screen.index(part, self.at) + len(part)

    def type(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def line(self, text):
        self.type(text + '\r')

    def echoes(self):
        """Whether it shows what is typed."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """Waits for its end; its exit code (128 + n by a signal)."""
        deadline = time.monotonic() + LIMIT_S
        try:
            while True:
                self.fill(deadline - time.monotonic())
        except EOFError:
            pass
        os.close(self.fd)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return code if code >= 0 else 128 - code


class Server:
    """A sottod that runs, and is ready."""

    def __init__(self, folder, *args, listen='127.0.0.1:0', env=None,
                 data='data', **popen):
        self.data = pathlib.Path(folder, data)
        self.log = pathlib.Path(folder, 'server.log')
        words = [SOTTOD, 'serve', '--data', str(self.data), *args]
        if listen:
            words += ['--listen', listen]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, env=environment(folder, env), **popen)
        line = self.process.stdout.readline().decode()
        found = READY.match(line)
        if not found:
            code = self.process.wait(LIMIT_S)
            raise AssertionError(f'no ready line but {line!r}, exit code '
                                 f'{code}')
        self.host, self.port, self.key = found[1], int(found[2]), found[3]

    def stop(self, signum=signal.SIGTERM):
        """Ends it and returns its exit code."""
        self.process.send_signal(signum)
        code = self.process.wait(LIMIT_S)
        self.process.stdout.close()
        return code

    def connect(self):
        return socket.create_connection((self.host.strip('[]'), self.port),
                                        timeout=LIMIT_S)

    def said(self):
        return self.log.read_text()


class Place:
    """A folder of a test's own, and the servers that it starts there."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='sotto-e2e-'))
        self.servers = []

    def serve(self, *args, **named):
        self.servers.append(Server(self.path, *args, **named))
        return self.servers[-1]

    def run(self, *words, code=0, env=None, data='data'):
        """Runs a command of sottod on the test's data; checks its code."""
        words = [str(word) for word in words]
        if data:
            words += ['--data', str(self.path / data)]
        done = subprocess.run(
            [SOTTOD, *words], env=environment(self.path, env),
            cwd=self.path, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=LIMIT_S)
        return Result(done.returncode, done.stdout, done.stderr).want(code)

    def log_tail(self):
        log = self.path / 'server.log'
        return log.read_text() if log.exists() else ''

    def tidy(self):
        """Ends what a test has left running."""

    def close(self):
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        shutil.rmtree(self.path, ignore_errors=True)


class World:
    """A server on loopback, and a folder for everybody's homes."""

    def __init__(self):
        self.sotto, self.sottod = SOTTO, SOTTOD
        self.dir = tempfile.mkdtemp(prefix='sotto-e2e-')
        self.config('stretch_mib = 64\nstretch_passes = 1\n')
        self.password('password', PASSWORD)
        self.password('wrong', 'wrong horse battery 17')
        self.env = environment(self.dir)
        self.server = None
        self.log_level = ['-vv']
        self.live = []
        self.made = 0
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.at = f'127.0.0.1:{self.port}'
        self.start()

    def config(self, text):
        os.makedirs(self.dir + '/config/sotto', exist_ok=True)
        with open(self.dir + '/config/sotto/config', 'w') as f:
            f.write(text)

    def password(self, name, text):
        """Writes a password file; its path."""
        path = f'{self.dir}/{name}'
        with open(path, 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode() + b'\n')
        return path

    # ---- the server ----

    def start(self, *args, **popen):
        ready = Server(self.dir, '--public', self.at, *self.log_level, *args,
                       listen=self.at,
                       env=self.env, data='server', **popen)
        self.server, self.key = ready.process, ready.key

    def stop(self):
        if self.server:
            self.server.terminate()
            equal(self.server.wait(LIMIT_S), 0)
        self.server = None

    def admin(self, *args):
        done = subprocess.run(
            [self.sottod, *args, '--data', self.dir + '/server'],
            env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=LIMIT_S)
        return Result(done.returncode, done.stdout, done.stderr)

    def invite(self, name):
        return self.admin('invite', name).want(0).out.strip()

    # ---- the people ----

    def home(self, who):
        return f'{self.dir}/home-{who}'

    def argv(self, who, args, password='password'):
        argv = [self.sotto]
        if who:
            argv += ['--home', self.home(who)]
        if password:
            argv += ['--password-file', f'{self.dir}/{password}']
        return argv + list(args)

    def run(self, who, *args, password='password', stdin=b'', **env):
        """Runs a command of somebody to its end, without a terminal."""
        done = subprocess.run(
            self.argv(who, args, password), env={**self.env, **env},
            input=stdin, capture_output=True, timeout=LIMIT_S,
            start_new_session=True)
        return Result(done.returncode, done.stdout, done.stderr)

    def begin(self, who, *args, password='password'):
        """Starts a command of somebody, which goes on."""
        live = Live(self.argv(who, args, password), self.env)
        self.live.append(live)
        return live

    def terminal(self, who, *args, password='password', **more):
        return Terminal(self.argv(who, args, password), self.env, **more)

    def join(self, *names):
        for name in names:
            self.run(name, 'register', '-',
                     stdin=self.invite(name).encode() + b'\n').want(0)

    def people(self, n):
        """n fresh people: a server lets one ask another only so often."""
        names = [f'p{self.made + i}' for i in range(n)]
        self.made += n
        self.join(*names)
        return names

    def status(self, who, whom):
        """How somebody is shown to somebody else."""
        rows = self.run(who, 'list', '-o', 'json').want(0).json()
        return [row['status'] for row in rows if row['name'] == whom][0]

    def await_status(self, who, whom, status):
        deadline = time.monotonic() + LIMIT_S
        while self.status(who, whom) != status:
            if time.monotonic() > deadline:
                raise AssertionError(f'{whom} did not become {status}')

    def receiver(self, who, seen_by, *args):
        """A receive of somebody, once it can be reached."""
        live = self.begin(who, 'receive', '-o', 'json', *args)
        self.await_status(seen_by, who, 'available')
        return live

    def log_tail(self):
        with open(self.dir + '/server.log') as log:
            return ''.join(log.readlines()[-80:])

    def tidy(self):
        """Ends what a test has left running, but for the server."""
        for live in self.live:
            if live.process.poll() is None:
                live.process.kill()
                live.process.wait()
        self.live.clear()

    def close(self):
        self.tidy()
        if self.server:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def files_below(path):
    return sorted(os.path.join(base, name)
                  for base, _, names in os.walk(path) for name in names)


def run_one(function, ground):
    """Runs a test, says how it went; 'ok', 'FAIL' or 'skip'."""
    name = function.__name__
    try:
        function(ground)
        print('ok', name, flush=True)
        return 'ok'
    except Skip as why:
        print(f'skip {name}: {why}', flush=True)
        return 'skip'
    except Exception:  # a test may fail in any way
        traceback.print_exc(file=sys.stdout)
        print('FAIL', name, flush=True)
        print(ground.log_tail(), end='')
        return 'FAIL'
    finally:
        ground.tidy()


def threat_30_the_servers_log_is_plain(w):
    """Whatever the tests of a World did: the log has no password of theirs
    at its highest level, and nothing but printable ASCII in lines."""
    log = pathlib.Path(w.dir, 'server.log').read_bytes()
    holds(log, b'sottod: -- invited ')
    lacks(log, PASSWORD.encode())
    equal(re.findall(rb'[^\x20-\x7e\n]', log), [])


def main(kind=World):
    """Runs the tests that were asked for: each in a Place, or all in one
    World. The exit code of the program."""
    chosen = [t for t in tests if len(sys.argv) < 4 or
              any(part in t.__name__ for part in sys.argv[3:])]
    went = []
    shared = kind() if kind is World else None
    if shared and chosen == tests:
        chosen.append(threat_30_the_servers_log_is_plain)
    try:
        for function in chosen:
            ground = shared or kind()
            went.append(run_one(function, ground))
            if not shared:
                ground.close()
    finally:
        if shared:
            shared.close()
    print(f"{went.count('ok')} passed, {went.count('FAIL')} failed, "
          f"{went.count('skip')} skipped")
    return 1 if 'FAIL' in went else 0
