"""./bench flood: what strangers cost a server, and what they cost those who
belong there. The server has one core; strangers and people share another, on
which people go first where the system lets us say so. How much was offered is
printed beside what was wanted: where the two differ, that core was the limit.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

from bench import BUILD, CLIENTS, SERVER, Server, on_core, row

TIMES = 5       # what is offered, of what the server's core can do
SECONDS = 3     # of each step of the refusals
SLOW = 5000
DELIVERY_S = 15  # of each round, quiet and flooded in turns
ROUNDS = 3       # of which the best counts, since others only take
LOGINS_S = 20
TRIES = 10
PASSWORD = 'pebble orchid tundra 41'


# ---- strangers ----

def flood(port, key, kind, *more):
    """Begins a flood; what it prints says what came of it."""
    return subprocess.Popen(
        [BUILD / 'tests/flood/sotto-flood', kind, f'127.0.0.1:{port}', key,
         '--count', '10000000', '--seconds', '60', *map(str, more)],
        stdout=subprocess.PIPE, **on_core(CLIENTS))


def figures(process):
    return {name: float(value) for name, value in
            re.findall(r'^(\w+) ([\d.]+)$', process.communicate()[0], re.M)}


def offered(seen):
    return seen['connections'] / seen['seconds']


def cpu_us(pid):
    """Processor time that a process has used, by its own clock."""
    return time.clock_gettime(((~pid) << 3) | 2) * 1e6


class Cost:
    """The server's work for one flood."""

    def __init__(self, server, kind, *more):
        before = cpu_us(server.process.pid)
        self.seen = figures(flood(server.port, server.key, kind, '--seconds',
                                  SECONDS, '--open', 1024, *more))
        self.us = cpu_us(server.process.pid) - before

    def each(self, what, others=0):
        """Microseconds of each, when the others have cost so much; None if
        there were too few to tell."""
        if self.seen[what] < self.seen['connections'] / 10:
            return None
        return (self.us - others) / self.seen[what]


# ---- what a refusal costs ----

def measure_refusals(folder):
    """From the kernel's accept on, at each step of the order of refusal;
    returns what a handshake costs."""
    with Server(folder, '--guard', 'off') as server:
        # Few enough for the budget, then far too many.
        handshake = Cost(server, 'handshake', '--rate', 2000).each('answered')
        time.sleep(1)
        cost = Cost(server, 'handshake')
        budget = cost.each('cut', cost.seen['answered'] * handshake)
    with Server(folder, '--guard', 'always') as server:
        ask = Cost(server, 'handshake').each('challenged')
        cost = Cost(server, 'handshake', '--sources', 1)
        steps = [
            ('size, version', Cost(server, 'version').each('cut')),
            ('mac1', Cost(server, 'mac').each('cut')),
            ('the source\'s bucket',
             cost.each('cut', cost.seen['challenged'] * ask)),
            ('a pass is asked for', ask),
            ('a made-up device pass',
             Cost(server, 'pass').each('challenged')),
            ('a wrong solution', Cost(server, 'puzzle').each('challenged')),
            ('a spent pass', Cost(server, 'replay', '--solve', '--sources',
                                  16).each('challenged')),
            ('the global budget (guard off)', budget)]
    for what, ours in steps:
        if ours is None:
            row(f'refused at: {what}', 'none was', 'strangers are slow', '',
                '')
            continue
        row(f'refused at: {what}; server CPU, us', f'{ours:.1f}',
            f'{handshake:.1f} a handshake', f'{ours / handshake:.2f}',
            '<= 20 us', ours <= 20)
    return handshake


class Others:
    """What programs that are no part of this take of the server's core."""

    def __init__(self, server):
        self.server = server
        self.begun = self.now()

    def now(self):
        with open('/proc/stat') as f:
            fields = re.search(rf'^cpu{SERVER} (.*)$', f.read(), re.M)[1]
        user, nice, system, idle, wait, *rest = map(int, fields.split())
        used = (user + nice + system + sum(rest[:3])) * 1e6 / os.sysconf(
            'SC_CLK_TCK')
        return used - cpu_us(self.server.process.pid), time.monotonic()

    def share(self):
        us, at = (b - a for a, b in zip(self.begun, self.now()))
        return max(us, 0) / 1e6 / at


# ---- slow ones ----

def measure_slow(folder):
    with Server(folder) as server:
        # Pages that any first connections touch are not theirs.
        figures(flood(server.port, server.key, 'mac', '--seconds', 1))
        before, cpu = server.private_kib(), cpu_us(server.process.pid)
        process = flood(server.port, server.key, 'drip', '--open', SLOW,
                        '--count', SLOW, '--pause', 5000)
        time.sleep(7)
        grown = server.private_kib() - before
        seen = figures(process)
        cpu = cpu_us(server.process.pid) - cpu
    row(f'{SLOW:,} at a byte in 5 s: memory of each, bytes',
        f'{grown * 1024 / SLOW:.0f}', '', '', '<= 8192',
        grown * 1024 <= 8192 * SLOW)
    row('  CPU of each, from accept to its end, us', f'{cpu / SLOW:.1f}', '',
        '', '')
    row('  ended by the server, of them; the last one after, s',
        f'{seen["cut"]:.0f}', '', f'{seen["longest_ms"] / 1000:.1f}',
        f'{SLOW}, <= 12 s', seen['cut'] == SLOW and
        seen['longest_ms'] <= 12000)


# ---- people ----

def first_on_the_core():
    os.sched_setaffinity(0, {CLIENTS})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
    except OSError:
        pass


class People:
    """Somebody who belongs to a server, with the real program."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        folder.mkdir(mode=0o700, parents=True)
        (folder / 'password').write_text(PASSWORD + '\n')
        (folder / 'sotto').mkdir()
        (folder / 'sotto/config').write_text('stretch_mib = 64\n'
                                             'stretch_passes = 1\n')
        for words in ('register', server.link('alice')), ('list',):
            if not self.sotto('known', *words)[0]:
                sys.exit(f'bench: sotto {words[0]} failed')

    def sotto(self, home, *words):
        begun = time.monotonic()
        done = subprocess.run(
            [BUILD / 'sotto', '--home', self.folder / home, '--password-file',
             self.folder / 'password', *words], capture_output=True,
            env={**os.environ, 'XDG_CONFIG_HOME': str(self.folder)},
            text=True, preexec_fn=first_on_the_core)
        return done.returncode == 0, time.monotonic() - begun

    def known(self):
        return self.sotto('known', 'list')

    def password(self):
        """On a bare machine, which leaves nothing: there is no end to them,
        and an account has so many devices only."""
        return self.sotto('bare', '--ephemeral',
                          f'alice@127.0.0.1:{self.server.port}', 'list')


def in_time(what, runs, limit_s, share=None):
    good = sum(ok and s <= limit_s for ok, s in runs)
    middle = sorted(s for _, s in runs)[len(runs) // 2]
    row(f'{what}, in within {limit_s} s', f'{good} of {len(runs)}',
        f'median {middle:.2f} s', '',
        *((f'>= {share:.0%}', good >= share * len(runs)) if share else ('',)))


def row_offered(what, seen, saturation):
    """How many times of what the server's core could do in that time."""
    times = offered(seen) / saturation
    row(f'{what}: handshakes offered/s', f'{offered(seen):,.0f}',
        f'{saturation:,.0f} fill a core', f'{times:.2f}', f'>= {TIMES}',
        times >= TIMES)


def measure_delivery(folder, rate, saturation):
    """A thousand messages a second between people who are in."""
    codes = folder / 'codes'
    with Server(folder / 'server') as server:
        codes.write_text(''.join(f'p{n} {server.invite(f"p{n}")}\n'
                                 for n in range(16)))
        with subprocess.Popen(
                [BUILD / 'benches/bench-delivery', server.port, server.key,
                 codes], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, preexec_fn=first_on_the_core) as people:
            def measure(name):
                people.stdin.write(f'{name} {DELIVERY_S}\n')
                people.stdin.flush()
                return [float(people.stdout.readline().split()[1])
                        for _ in ('p50', 'p99', 'max')]

            people.stdout.readline()
            rounds = []
            for _ in range(ROUNDS):
                quiet = measure('quiet')
                strangers = flood(server.port, server.key, 'handshake',
                                  '--open', 2048, '--sources', 4096, '--rate',
                                  rate, '--seconds', DELIVERY_S)
                others = Others(server)
                rounds.append((quiet, measure('flooded'), others.share(),
                               figures(strangers)))
            people.stdin.close()
    quiet, flooded, shares, seen = zip(*rounds)
    row_offered('deliveries', min(seen, key=offered), saturation)
    row('  of the server\'s core, used by other programs',
        f'{min(shares):.0%} to {max(shares):.0%}', '', '', '')
    for number, name in enumerate(('p50', 'p99', 'longest')):
        ours, limit = (min(one_round[number] for one_round in one)
                       for one in (flooded, quiet))
        goal = 2 if name == 'p99' else None
        row(f'  delivery, {name}, us, best of {ROUNDS}', f'{ours:.0f}',
            f'{limit:.0f} quiet', f'{ours / limit:.2f}',
            f'<= {goal}' if goal else '',
            ours <= goal * limit if goal else None)


def measure_logins(folder, guard, rate, saturation):
    """Who comes in while strangers offer handshakes and, with what their
    core has left, solve puzzles and begin logins."""
    with Server(folder / 'server', '--guard', guard) as server:
        people = People(folder / 'people', server)
        floods = [
            flood(server.port, server.key, 'handshake', '--open', 2048,
                  '--sources', 4096, '--rate', rate, '--seconds', LOGINS_S),
            flood(server.port, server.key, 'login', '--solve', '--open', 64,
                  '--sources', 64, '--rate', 100, '--seconds', LOGINS_S)]
        time.sleep(3)
        known, bare = [], []
        until = time.monotonic() + LOGINS_S - 5
        while time.monotonic() < until:
            known.append(people.known())
            if len(known) % 2 == 0:
                bare.append(people.password())
            time.sleep(0.3)
        seen, paid = map(figures, floods)
    row_offered(f'logins, guard {guard}', seen, saturation)
    row('  strangers in without work; by work', f'{seen["answered"]:.0f}',
        f'{paid["solved"]:.0f} solved', '', '')
    goals = (0.99, 0.95) if guard == 'auto' else (None, None)
    in_time('  known device', known, 2, goals[0])
    in_time('  password', bare, 10, goals[1])


# ---- beside another server ----

class Sshd:
    """A well-kept server of the system's, with its own limits."""

    @staticmethod
    def is_there():
        return os.geteuid() == 0 and pathlib.Path('/usr/sbin/sshd').exists()

    def __init__(self, folder):
        folder.mkdir(mode=0o700)
        pathlib.Path('/run/sshd').mkdir(mode=0o755, exist_ok=True)
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f',
                        folder / 'key'], check=True)
        self.port = '7022'
        (folder / 'config').write_text(
            f'ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/key\n'
            'PidFile none\nUsePAM no\n')
        self.process = subprocess.Popen(
            ['/usr/sbin/sshd', '-D', '-f', folder / 'config'],
            stderr=subprocess.DEVNULL, **on_core(SERVER))
        while not self.key_exchange()[0]:
            if self.process.poll() is not None:
                sys.exit('bench: sshd does not start')
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.terminate()
        self.process.wait()

    def key_exchange(self):
        begun = time.monotonic()
        done = subprocess.run(
            ['ssh-keyscan', '-T', '5', '-t', 'ed25519', '-p', self.port,
             '127.0.0.1'], capture_output=True, text=True,
            preexec_fn=first_on_the_core)
        return 'ssh-ed25519' in done.stdout, time.monotonic() - begun


def tries(port, key, kind, come):
    process = flood(port, key, kind, '--open', SLOW, '--sources', 4096,
                    '--rate', 5000)
    time.sleep(4)
    runs = [come() for _ in range(TRIES)]
    process.terminate()
    process.communicate()
    return runs


def measure_beside(folder):
    """The same strangers before both: they hold connections, or talk
    nonsense; 5,000 at once, a new one for each that is ended."""
    if not Sshd.is_there():
        row('beside sshd', 'needs openssh-server, and root', '', '', '')
        return
    folder.mkdir()
    with Server(folder / 'server') as server, \
            Sshd(folder / 'sshd') as sshd:
        people = People(folder / 'people', server)
        for kind in 'silent', 'garbage':
            ours = tries(server.port, server.key, kind, people.known)
            theirs = tries(sshd.port, server.key, kind, sshd.key_exchange)
            good, limit = (sum(ok and s <= 10 for ok, s in runs)
                           for runs in (ours, theirs))
            row(f'{SLOW:,} {kind} strangers: people in within 10 s',
                f'{good} of {TRIES}', f'{limit} of {TRIES} sshd', '',
                'more than sshd', good > limit or good == TRIES)


def measure(folder):
    folder.mkdir()
    print(f'flood: server on core {SERVER}, strangers and people on core '
          f'{CLIENTS}')
    handshake = measure_refusals(folder / 'refusals')
    saturation = 1e6 / handshake
    # A little more, since the first ones begin late.
    rate = int(TIMES * saturation * 1.05)
    measure_slow(folder / 'slow')
    (folder / 'delivery').mkdir()
    measure_delivery(folder / 'delivery', rate, saturation)
    for guard in 'auto', 'off':
        measure_logins(folder / guard, guard, rate, saturation)
    measure_beside(folder / 'beside')
