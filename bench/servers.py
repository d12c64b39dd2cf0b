"""Starts each queue system on 127.0.0.1 with a folder of its own, and ends it by its process id."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class Unsupported(Exception):
    """This system cannot do what the row asks; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, seconds=60, banner=None):
    """Until the port takes a connection (and, with `banner`, answers it)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
            if banner is None:
                return
            s.settimeout(1)
            s.sendall(banner)
            if s.recv(1):
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Server:
    """A started system: `port`, and what the load generator must be told besides."""
    system = ""
    version = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.options = []
        self.processes = []

    def spawn(self, *command, env=None, **kwargs):
        log = (self.folder / "server.log").open("ab")
        kwargs.setdefault("stdout", log)
        process = subprocess.Popen([str(word) for word in command], stderr=log,
                                   stdin=subprocess.DEVNULL, cwd=self.folder,
                                   env=os.environ | (env or {}), **kwargs)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Baton(Server):
    def __init__(self, folder, binaries, store, durability, system="baton", settings=()):
        super().__init__(folder)
        self.system = system
        settings = [f"--set={text}" for text in (
            "server.port=0", "metrics.enabled=false", f"data.dir={self.folder}/data",
            f"queue.store={store}", "logging.level=warn", *settings)]
        check = subprocess.run([binaries / "batond", "--check-config", *settings],
                               capture_output=True, text=True)
        if check.returncode != 0:
            raise Unsupported(f"this batond has no store `{store}`")
        process = self.spawn(binaries / "batond", *settings, stdout=subprocess.PIPE, text=True)
        match = next(filter(None, (re.search(r"ready http=[^ ]*:(\d+)", line)
                                   for line in process.stdout)), None)
        if match is None:
            raise RuntimeError("batond did not start")
        self.port = int(match.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = (self.folder / "data/admin.key").read_text().strip()
        self.options = ["--key", self.key, "--durability", durability]
        self.process = process


class JetStream(Server):
    system = "jetstream"

    def __init__(self, folder, durability):
        super().__init__(folder)
        sync = "sync_interval: always" if durability == "fsync" else ""
        config = self.folder / "nats.conf"
        config.write_text(f'listen: "127.0.0.1:{self.port}"\n'
                          f'jetstream {{ store_dir: "{self.folder}/store", {sync} }}\n')
        test = subprocess.run(["nats-server", "-t", "-c", config], capture_output=True, text=True)
        if test.returncode != 0:
            raise Unsupported("this nats-server has no `sync_interval: always`")
        self.version = version_of("nats-server", "--version")
        wait_for(self.port, self.spawn("nats-server", "-c", config))


class JetStreamCluster(Server):
    """Three nodes n1, n2, n3 with a user of their own; `urls` in this order."""
    system = "jetstream-r3"
    user, password = "bench", "bench"

    def __init__(self, folder):
        super().__init__(folder)
        self.version = version_of("nats-server", "--version")
        clients, routes, monitors = ([free_port() for _ in range(3)] for _ in range(3))
        self.urls = [f"nats://127.0.0.1:{port}" for port in clients]
        peers = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in routes)
        for i in range(3):
            config = self.folder / f"n{i + 1}.conf"
            config.write_text(f"""server_name: n{i + 1}
listen: "127.0.0.1:{clients[i]}"
http: "127.0.0.1:{monitors[i]}"
max_payload: 8MB
jetstream {{ store_dir: "{self.folder}/n{i + 1}" }}
cluster {{ name: bench, listen: "127.0.0.1:{routes[i]}", routes: [{peers}] }}
accounts {{ BENCH: {{ jetstream: enabled, users: [{{user: {self.user}, password: {self.password}}}] }} }}
""")
            self.spawn("nats-server", "-c", config)
        deadline = time.monotonic() + 60
        while True:
            leaders = {self.meta_leader(port) for port in monitors}
            if len(leaders) == 1 and leaders != {None}:
                break
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster has no leader")
            time.sleep(0.05)

    @staticmethod
    def meta_leader(port):
        """As the node on this monitoring port sees it; None while it is not healthy."""
        address = f"http://127.0.0.1:{port}"
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2), \
                    urllib.request.urlopen(f"{address}/jsz", timeout=2) as answer:
                return json.load(answer).get("meta_cluster", {}).get("leader")
        except OSError:
            return None


class Redis(Server):
    system = "redis"

    def __init__(self, folder, durable=True):
        super().__init__(folder)
        self.version = version_of("redis-server", "--version")
        wait_for(self.port, self.spawn(
            "redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", self.folder,
            "--appendonly", "yes" if durable else "no", "--appendfsync", "always", "--save", ""))


class RabbitMq(Server):
    system = "rabbitmq"

    def __init__(self, folder):
        super().__init__(folder)
        epmd_port = free_port()
        self.spawn("epmd", "-address", "127.0.0.1", "-port", epmd_port)
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.local = 127.0.0.1:{self.port}\n"
                          "disk_free_limit.absolute = 50MB\n")
        (self.folder / "plugins").write_text("[].\n")
        env = {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"bench{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/plugins",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-setcookie bench -kernel inet_dist_use_interface {127,0,0,1}",
        }
        wait_for(self.port, self.spawn(RABBITMQ, env=env), banner=b"AMQP\x00\x00\x09\x01")
        self.version = next((path.name.split("-")[1] for path in pathlib.Path(RABBITMQ).parents[1]
                             .glob("lib/rabbitmq_server-*")), "")


class Beanstalkd(Server):
    system = "beanstalkd"

    def __init__(self, folder):
        super().__init__(folder)
        self.version = version_of("beanstalkd", "-v")
        (self.folder / "log").mkdir()
        wait_for(self.port, self.spawn("beanstalkd", "-l", "127.0.0.1", "-p", self.port,
                                       "-b", self.folder / "log", "-f", "0"))


class Postgres(Server):
    system = "postgres"

    def __init__(self, folder):
        super().__init__(folder)
        tools = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        data = self.folder / "data"
        data.mkdir()
        # PostgreSQL refuses to run as root.
        as_user = {}
        if os.geteuid() == 0:
            shutil.chown(data, "postgres")
            self.folder.chmod(0o755)
            as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run([tools / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"],
                       check=True, capture_output=True, cwd=data, **as_user)
        self.version = version_of(tools / "postgres", "--version")
        process = self.spawn(tools / "postgres", "-D", data, "-p", self.port,
                             "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
                             "-c", "unix_socket_directories=", **as_user)
        wait_for(self.port, process)
        deadline = time.monotonic() + 30
        while subprocess.run([tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
                             ).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL is not ready")
            time.sleep(0.05)

    def stop(self):
        for process in self.processes:  # SIGTERM waits for clients, SIGINT ends them
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def version_of(*command):
    try:
        out = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError as missing:
        raise Unsupported(f"{command[0]} is not installed") from missing
    match = re.search(r"\d+(\.\d+)+", out.stdout + out.stderr)
    return match.group(0) if match else ""
