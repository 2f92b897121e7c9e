"""The compose file: what it asks for, what it refuses to do without, and how little it allows its containers."""

import json
import re
import shutil
import stat
import subprocess

import pytest

from filemill import settings
from filemill.errors import BadSetting
from filemill.local import system
from tests.compose import composefile, env_file
from tests.compose.composefile import FILE, ROOT, NotSet

SECRETS = {
    *("FILEMILL_SECRET", "FILEMILL_S3_SECRET", "FILEMILL_S3_CAGE_SECRET"),
    *("FILEMILL_POSTGRES_PASSWORD", "FILEMILL_POSTGRES_OWNER_PASSWORD", "FILEMILL_POSTGRES_APP_PASSWORD"),
    *("FILEMILL_REDIS_PASSWORD", "FILEMILL_MINIO_PASSWORD"),
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKERS = ("worker-tables", "worker-documents")
ONES_OF_OURS = ("api", *WORKERS, "migrate", "minio-init")


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    return env_file.made(tmp_path_factory.mktemp("env") / ".env")


@pytest.fixture(scope="module")
def services(environ):
    return composefile.load(environ)["services"]


def test_the_script_makes_secrets_that_only_their_owner_reads(tmp_path):
    file = tmp_path / ".env"
    told = env_file.make(file)

    assert told.returncode == 0, told.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = env_file.read(file)
    secrets = {made[name] for name in SECRETS}
    assert len(secrets) == len(SECRETS), "each one its own"
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"], "nothing is left beside it"


def test_the_script_never_replaces_secrets(tmp_path):
    file = tmp_path / ".env"
    env_file.make(file)
    before = file.read_bytes()

    told = env_file.make(file)

    assert told.returncode == 0
    assert "there already" in told.stdout
    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_the_script_adds_missing_secrets_and_changes_nothing_else(tmp_path):
    # given a file of an earlier version, without one of today's secrets and without a line's end
    file = tmp_path / ".env"
    env_file.make(file)
    lines = [line for line in file.read_text().splitlines() if not line.startswith("FILEMILL_REDIS_PASSWORD=")]
    before = "\n".join([*lines, "FILEMILL_CAGE=weak"])
    file.write_text(before)

    told = env_file.make(file)

    assert told.returncode == 0, told.stderr
    assert told.stdout.rstrip().endswith("added: FILEMILL_REDIS_PASSWORD")
    assert file.read_text().startswith(before + "\nFILEMILL_REDIS_PASSWORD=")
    assert set(env_file.read(file)) >= SECRETS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_an_old_setting_of_env_is_refused_with_its_new_name(environ):
    given = composefile.load({**environ, "FILEMILL_CAGE": "weak"})["services"]["api"]["environment"]

    with pytest.raises(BadSetting, match="FILEMILL_CAGE is now called FILEMILL_SANDBOX"):
        settings.read(given)


def test_the_file_reads_with_the_secrets_alone():
    secrets = dict.fromkeys(SECRETS, "x" * 64)

    assert composefile.load(secrets)["services"].keys() >= {"nginx", *ONES_OF_OURS, "postgres", "redis", "minio"}
    assert {name for name, kind in composefile.variables().items() if kind == "?"} == SECRETS


@pytest.mark.parametrize("missing", sorted(SECRETS))
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_it_refuses_to_start_without_a_secret(environ, missing, value):
    without = {name: text for name, text in environ.items() if name != missing}
    if value is not None:
        without[missing] = value

    with pytest.raises(NotSet, match=f"{missing}: .*compose-env.sh"):
        composefile.load(without)


def test_composes_own_reading_agrees(environ, tmp_path):
    command = _compose()
    if command is None:
        pytest.skip("neither `docker compose` nor docker-compose is installed")
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    nothing = tmp_path / "nothing"
    nothing.touch()
    read = [*command, "-f", str(FILE), "--env-file", str(nothing), "config"]

    refused = subprocess.run(read, capture_output=True, text=True, env=clean, check=False, timeout=60)
    taken = subprocess.run(read, capture_output=True, text=True, env={**clean, **environ}, check=False, timeout=60)

    assert refused.returncode != 0
    assert "compose-env.sh" in refused.stderr
    assert taken.returncode == 0, taken.stderr


def test_every_setting_given_to_a_container_is_one(services):
    for name in ("api", *WORKERS, "migrate"):
        at_hand = settings.read(services[name]["environment"])
        assert at_hand.s3_public_url == "http://localhost:8000"
        assert at_hand.s3_sandbox_key != at_hand.s3_key


def test_every_setting_that_makes_sense_in_production_can_be_set():
    """Given an operator who looks a setting up in docs/settings.md: the name works in .env, too."""
    fixed = {"home", "database_url", "redis_url", "s3_url", "s3_public_url", "s3_bucket", "s3_region", "s3_key"}
    fixed |= {"database_owner_url", "database_admin_url"}
    fixed |= {"s3_sandbox_key", "s3_sandbox_secret", "accel"}  # of .env, the secret has its older name
    free = {f"FILEMILL_{name.upper()}" for name in settings.Settings.__struct_fields__ if name not in fixed}

    assert free <= composefile.variables().keys()


def test_defaults_are_the_settings_own(services):
    secrets = {name: value for name, value in services["api"]["environment"].items() if value}
    spelled_out = settings.read(secrets)
    silent = settings.read(
        {
            name: value
            for name, value in secrets.items()
            if name.removeprefix("FILEMILL_").lower()
            not in ("tables_slots", "documents_slots", "job_memory_mb", "job_seconds", "log_level")
        }
    )
    assert spelled_out == silent


def test_no_container_may_do_more_than_it_must(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["read_only"] is True, name
        assert service["mem_limit"], name
        assert not any("docker.sock" in volume for volume in service.get("volumes", [])), name


def test_only_the_documents_worker_may_make_namespaces_and_no_more(services):
    loosened = {
        name: [one for one in service["security_opt"] if one != "no-new-privileges:true"]
        for name, service in services.items()
    }
    assert {name: options for name, options in loosened.items() if options} == {
        "worker-documents": ["seccomp=./compose-seccomp.json", "apparmor=unconfined"]
    }
    refused = json.loads((ROOT / "compose-seccomp.json").read_text())["syscalls"][0]
    assert refused["action"] == "SCMP_ACT_ERRNO"
    assert {"bpf", "keyctl", "perf_event_open", "ptrace", "userfaultfd", "io_uring_setup"} <= set(refused["names"])
    assert not {"unshare", "clone", "mount", "umount2", "pivot_root", "setns"} & set(refused["names"])


def test_every_long_running_server_says_whether_it_is_well_and_comes_back(services):
    ending = {"migrate", "minio-init"}
    for name, service in services.items():
        assert service["restart"] == ("no" if name in ending else "unless-stopped"), name
        if name not in {*ending, *WORKERS, "freshclam"}:
            assert service["healthcheck"]["test"], name


def test_workers_and_servers_reach_no_world(environ):
    file = composefile.load(environ)
    networks, services = file["networks"], file["services"]
    open_ones = {name for name, network in networks.items() if not (network or {}).get("internal")}

    assert open_ones == {"edge", "updates"}
    assert [name for name, service in services.items() if "edge" in service["networks"]] == ["nginx"]
    assert [name for name, service in services.items() if "updates" in service["networks"]] == ["freshclam"]
    assert services["freshclam"]["networks"] == ["updates"], "who reaches the world by himself reaches nobody here"
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert all(set(services[name]["networks"]) == {"back"} for name in WORKERS)
    assert set(services["nginx"]["networks"]) == {"edge", "front"}, "nginx does not reach database and queue"


def test_uploads_are_scanned_unless_it_is_told_otherwise(services, environ):
    elsewhere = composefile.load({**environ, "FILEMILL_CLAMD": "tcp://scanner.example.com:3310"})["services"]

    assert services["api"]["environment"]["FILEMILL_CLAMD"] == "tcp://clamd:3310"
    assert "TCPSocket 3310" in (ROOT / "clamav/clamd.conf").read_text().splitlines()
    assert "clamd" in services
    assert set(services["clamd"]["networks"]) <= set(services["api"]["networks"])
    assert elsewhere["api"]["environment"]["FILEMILL_CLAMD"] == "tcp://scanner.example.com:3310"


def test_only_nginx_is_trusted_for_the_callers_address(services):
    address = services["nginx"]["networks"]["front"]["ipv4_address"]

    assert services["api"]["environment"]["FILEMILL_TRUSTED_PROXIES"] == address


def test_secrets_reach_only_those_who_need_them(services, environ):
    holders = {
        secret: {name for name, service in services.items() if environ[secret] in str(service)} for secret in SECRETS
    }
    ours = {"api", *WORKERS, "migrate"}  # migrate reads the same settings

    assert holders["FILEMILL_SECRET"] == ours
    assert holders["FILEMILL_MINIO_PASSWORD"] == {"minio", "minio-init"}
    assert holders["FILEMILL_S3_SECRET"] == ours | {"minio-init"}
    assert holders["FILEMILL_S3_CAGE_SECRET"] == ours | {"minio-init"}
    assert holders["FILEMILL_POSTGRES_APP_PASSWORD"] == ours
    assert holders["FILEMILL_POSTGRES_OWNER_PASSWORD"] == {"migrate"}
    assert holders["FILEMILL_POSTGRES_PASSWORD"] == {"migrate", "postgres"}
    assert holders["FILEMILL_REDIS_PASSWORD"] == ours | {"redis"}
    assert not any(
        environ[secret] in str(service.get("command")) for secret in SECRETS for service in services.values()
    )


def test_the_grace_is_longer_than_the_drain(services):
    seconds = {name: int(service.get("stop_grace_period", "10s")[:-1]) for name, service in services.items()}

    assert seconds["nginx"] > 30, "a waiting request"
    assert seconds["api"] > 5
    assert all(seconds[name] > 15 for name in WORKERS)


def test_one_image_for_all_of_ours(services):
    assert len({services[name]["image"] for name in ONES_OF_OURS}) == 1
    assert all(services[name]["build"] == "." for name in ONES_OF_OURS)


def test_the_image_is_built_from_what_is_there():
    """Every path the Dockerfile copies is in the checkout, and let through by .dockerignore."""
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {word for line in copied for word in line.split()}

    assert sources == let_through
    assert all("*" in source or (ROOT / source).exists() for source in sources)


def test_the_image_has_the_system_packages_that_filemill_install_puts_in_place():
    """Of those that serve nothing in a container the servers' own images have theirs: Redis, ClamAV."""
    installed = [
        set(re.sub(r"\\\n", " ", words).split())
        for words in re.findall(
            r"apt-get install -y --no-install-recommends ((?:\\\n|[^\n&])+?)\s*(?:\\\n)? &&", DOCKERFILE
        )
    ]
    servers = {package.name for package in system.PACKAGES if package.services}
    building, for_documents, rest = installed

    assert for_documents == set(system.DOCUMENT_PACKAGES)
    assert rest == {package.name for package in system.PACKAGES} - servers - for_documents | {
        "ca-certificates",
        "python3",
    }
    assert building == {"ca-certificates", "python3", "python3-venv"}


def test_no_secret_is_in_the_image():
    """Given a .env beside compose.yaml: the engine is not sent it, and building takes no variable of ours."""
    ignored, *let_through = (ROOT / ".dockerignore").read_text().split()
    assert ignored == "*"
    assert not any(line.lstrip("!") in (".", ".env", "*") for line in let_through)
    assert "FILEMILL_" not in DOCKERFILE
    assert "ARG " not in DOCKERFILE


def test_nginx_needs_no_more_memory_than_it_has(services):
    """However large the machine and however slow the callers."""
    conf = (ROOT / "nginx/nginx.conf").read_text()
    processes, connections = _number("worker_processes", conf), _number("worker_connections", conf)
    count, size = re.search(r"proxy_buffers (\d+) (\d+)k;", conf).groups()
    download = int(count) * int(size) + _number("proxy_buffer_size", conf)
    most_kib = max(_number("client_body_buffer_size", conf), download)
    put_aside = int(re.search(r"size=(\d+)m", services["nginx"]["tmpfs"][0])[1])

    most_mib = processes * connections * most_kib // 1024 + put_aside
    assert most_mib < _mib(services["nginx"])
    assert processes < services["nginx"]["pids_limit"]


def test_a_workers_memory_is_that_of_its_jobs_and_one_gibibyte(services):
    """What may be held together, by the settings' own defaults."""
    for name in WORKERS:
        lane = name.removeprefix("worker-")
        at_hand = settings.read(services[name]["environment"])
        assert _mib(services[name]) == at_hand.places(lane) * at_hand.limits(lane).watched_mb + 1024, name


def test_the_guide_says_how_much_memory_the_containers_may_take(services):
    most_mib = sum(_mib(service) for service in services.values() if service["restart"] != "no")

    assert f"add up to {round(most_mib / 1024)} GiB" in (ROOT / "docs/guides/compose.md").read_text()


def _mib(service):
    """What a container's memory is limited to."""
    number, unit = re.fullmatch(r"(\d+)([mg])", service["mem_limit"]).groups()
    return int(number) * {"m": 1, "g": 1024}[unit]


def _number(name, conf):
    """The first number of a directive of nginx's."""
    return int(re.search(rf"{name} (\d+)", conf)[1])


def _compose():
    """How compose is called here, or None."""
    if shutil.which("docker"):
        told = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if told.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None
