"""The documents, the Makefile, the settings and the container files agree. No Docker engine is needed."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pytest

from settings import DEFAULTS, ROOT

DOCUMENTS = [name for name in ("DEPLOYMENT.md", "README.md") if (ROOT / name).exists()]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


MAKEFILE = read("Makefile")
COMPOSE = read("docker/docker-compose.yml")
DOCKERFILE = read("docker/Dockerfile")
WORKFLOW = read(".github/workflows/ci.yml")
ENV_EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", read(".env.example"), re.M))

TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))
MAKE_VARIABLES = set(re.findall(r"^([A-Z_]+) *[?:]?=", MAKEFILE, re.M))
# ${NAME}, ${NAME:-default} and ${NAME:?message}; $$NAME is expanded in the container.
INTERPOLATED = re.findall(r"(?<!\$)\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}", COMPOSE)


def services() -> dict[str, str]:
    """The text of each service of the compose file."""
    block = re.search(r"^services:\n(.*?)(?=^\w)", COMPOSE, re.M | re.S)
    assert block
    parts = re.split(r"^  (\w+):\n", block[1], flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def environment(service: str) -> dict[str, str]:
    block = re.search(r"^    environment:\n((?: {6}.*\n)+)", services()[service], re.M)
    assert block
    return dict(re.findall(r"^ {6}([A-Z_]+): (.*)$", block[1], re.M))


# --- The documents ----------------------------------------------------------------------------------------------------


def code_of(document: str) -> list[str]:
    """Every piece of code: fenced blocks, indented blocks, and inline code in backticks."""
    text = read(document)
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.M | re.S)
    return fenced + re.findall(r"^ {4}(.*)$", rest, re.M) + re.findall(r"`([^`\n]+)`", rest)


def ignored(path: str) -> bool:
    """Whether .gitignore excludes this path: it is created by the app, so a fresh clone does not have it."""
    patterns = [line.rstrip("/") for line in read(".gitignore").splitlines() if line and not line.startswith("#")]
    return any(fnmatch(part, pattern) for part in PurePosixPath(path).parts for pattern in patterns)


def paths_in(code: str) -> set[str]:
    """The words in this code that can only be paths of this project."""
    words = re.findall(r"(?<![\w./@:~$-])\.?[\w-][\w./-]*", code)
    known = re.compile(r"\.(py|md|txt|toml|yml|sql|pt|example)$")
    here = {path.name for path in ROOT.iterdir()}
    return {word for word in words if known.search(word) or ("/" in word and word.split("/")[0] in here)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_make_target_exists(document: str) -> None:
    commands = {line for code in code_of(document) for line in re.findall(r"\bmake((?: +[^ #\n;&|]+)+)", code)}
    named = {word for line in commands for word in line.split() if re.fullmatch(r"[a-z][a-z-]*", word)}
    assert "run" in named, f"{document} does not say how to start the app"
    packages = {"python3", "python3-venv"}  # of `apt install make python3 ...`
    assert named - packages <= TARGETS, f"{document} names targets that are not in the Makefile"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_file_exists(document: str) -> None:
    named = {path for code in code_of(document) for path in paths_in(code) if not ignored(path)}
    assert named, f"{document} names no file at all: this test no longer finds them"
    names = {path.name for folder in ("src", "tests", "docker", "sql", "model") for path in (ROOT / folder).rglob("*")}
    missing = {path for path in named if not (ROOT / path).exists() and path not in names}
    assert not missing, f"{document} names files that do not exist"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_setting_exists(document: str) -> None:
    known = ENV_EXAMPLE.keys() | MAKE_VARIABLES | environment("db").keys()
    known |= set(re.findall(r"^ARG ([A-Z_]+)", read("docker/lambda.Dockerfile"), re.M))
    known |= {"CURRENT_USER", "LC_ALL"}  # of SQL, and of every program
    scripts = "".join(read(f"docker/{name}.sh") for name in ("deploy", "update"))
    known |= set(re.findall(r"\$[({]([A-Z]+)[):]", MAKEFILE + scripts))
    code = "\n".join(code_of(document))
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", code)) | set(re.findall(r"\b([A-Z]{3,})=", code))
    assert named, f"{document} names no setting at all: this test no longer finds them"
    assert named <= known, f"{document} names settings that nothing reads"


def test_every_link_in_deployment_works() -> None:
    text = read("DEPLOYMENT.md")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", text)
    assert links
    assert [link for link in links if link not in anchors and not (ROOT / link.split("#")[0]).exists()] == []


def test_deployment_explains_the_messages_of_the_makefile_the_settings_and_the_page() -> None:
    messages = MAKEFILE + read("src/settings.py") + COMPOSE + read("src/app_pages/indicator.py")
    for sentence in (
        "Python's venv is missing",
        "PyTorch no longer supports Macs with an Intel processor",
        "installing torch from PyPI",
        "DATA_DIR must not contain a space",
        "Not saved yet",
    ):
        assert sentence in messages, f"nothing prints {sentence!r} any more"
        assert sentence in read("DEPLOYMENT.md"), f"DEPLOYMENT.md does not explain {sentence!r}"


# --- The settings -----------------------------------------------------------------------------------------------------


def test_every_line_of_env_example_is_used() -> None:
    makefile_reads = set(re.findall(r"s/\^([A-Z_]+)=//p", MAKEFILE))
    read_by_something = DEFAULTS.keys() | makefile_reads | {name for name, _, _ in INTERPOLATED}
    read_by_something |= {"COMPOSE_FILE", "COMPOSE_PROFILES"}
    assert ENV_EXAMPLE.keys() - read_by_something == set(), "nothing reads these lines of .env.example"
    assert read_by_something - ENV_EXAMPLE.keys() == set(), ".env.example lacks these settings"


def test_env_example_holds_the_defaults() -> None:
    assert {name: ENV_EXAMPLE[name] for name in DEFAULTS} == DEFAULTS
    for name, operator, default in INTERPOLATED:
        if operator in (":-", "-"):
            assert ENV_EXAMPLE[name] == default, f"the default of {name} in compose is not that of .env.example"


def test_env_example_has_a_comment_above_each_line() -> None:
    lines = read(".env.example").splitlines()
    bare = [
        line for above, line in zip(["", *lines], lines, strict=False) if "=" in line and line[0] != "#" != above[:1]
    ]
    assert bare == [], "these lines of .env.example have no comment above them"


def test_compose_finds_its_file_from_the_root() -> None:
    assert (ROOT / ENV_EXAMPLE["COMPOSE_FILE"]).is_file()


# --- Compose ----------------------------------------------------------------------------------------------------------


def test_every_variable_in_compose_has_a_default_or_is_required() -> None:
    assert INTERPOLATED, "the compose file takes nothing from .env: this test no longer finds it"
    without = {name for name, operator, _ in INTERPOLATED if operator not in (":-", ":?")}
    assert without == {"API_RATE_LIMIT", "LABEL_RATE", "RETENTION_DAYS"}, "only these have a meaning when empty"


def test_compose_requires_only_the_password_and_says_what_to_do() -> None:
    required = {name: message for name, operator, message in INTERPOLATED if operator == ":?"}
    assert required.keys() == {"DB_PASSWORD"}
    assert ".env" in required["DB_PASSWORD"]
    assert "openssl rand" in required["DB_PASSWORD"]


def test_every_setting_reaches_the_app_in_its_container() -> None:
    assert environment("app").keys() == DEFAULTS.keys(), (
        "the app's environment in compose is not what settings.py reads"
    )


@pytest.mark.parametrize("name", ["ADDRESS", "PORT", "DATA_DIR", "DB_HOST", "DB_PORT"])
def test_settings_for_make_run_do_not_reach_the_container(name: str) -> None:
    value = environment("app")[name]
    assert value, f"{name} is empty in the container"
    assert "${" not in value, f"{name} comes from .env, where it is meant for `make run`"


def test_the_app_is_published_to_this_machine_only_and_the_database_not_at_all() -> None:
    published = {name: re.findall(r"^      - \"(.*:\d+)\"$", text, re.M) for name, text in services().items()}
    assert published["app"] == ["${BIND:-127.0.0.1}:${PORT:-8501}:8501"]
    assert published["db"] == []
    assert "ports:" not in services()["db"], "the database's port must not be published"
    assert ENV_EXAMPLE["BIND"] == "127.0.0.1"
    assert re.search(r"^  database:\n    internal: true$", COMPOSE, re.M), "the database's network is not internal"
    assert "networks: [database]" in services()["db"]


def test_no_file_contains_a_password() -> None:
    for name, value in ENV_EXAMPLE.items():
        assert "PASSWORD" not in name or value == "", f".env.example contains a {name}"
    passwords = [
        value for text in (COMPOSE, DOCKERFILE, WORKFLOW) for value in re.findall(r"PASSWORD(?:: |=)(\S+)", text)
    ]
    assert passwords, "no password is set at all: this test no longer finds them"
    for value in passwords:
        assert value.startswith(("*password", "&password", "${")), f"a file contains a password: {value}"


# --- The image --------------------------------------------------------------------------------------------------------


def test_the_image_uses_the_makefiles_installer() -> None:
    ours, theirs = (
        re.search(r"^UV_VERSION := (\S+)$", MAKEFILE, re.M),
        re.search(r"^ARG UV_VERSION=(\S+)$", DOCKERFILE, re.M),
    )
    assert ours
    assert theirs
    assert ours[1] == theirs[1], "the Makefile and the Dockerfile use different versions of uv"
    assert f"ARG TORCH_BACKEND={ENV_EXAMPLE['TORCH_BACKEND']}\n" in DOCKERFILE


def test_the_image_installs_before_it_copies_the_code() -> None:
    assert DOCKERFILE.index("uv pip install") < DOCKERFILE.index("COPY src")
    copied = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.M)
    assert copied[:2] == ["requirements.txt", "locks"]
    assert set(copied[2:]) == {"src", "model", "sql"}, "only what the app needs goes into the image"
    for name in copied:
        assert (ROOT / name).exists()


def test_the_image_runs_unprivileged_and_receives_signals() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.M)[-1] not in ("root", "0")
    assert "--uid 10001" in DOCKERFILE, "volumes belong to this UID: it must not change"
    assert re.search(r'^CMD \["python", "src/app.py"\]$', DOCKERFILE, re.M), "a shell in between swallows SIGTERM"
    assert "HEALTHCHECK" in DOCKERFILE


def test_both_stages_have_the_same_base() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(bases) == 2
    assert len(set(bases)) == 1, "a virtual environment works only with the Python that created it"


def test_the_image_for_lambda_keeps_nothing_and_listens_where_the_adapter_looks() -> None:
    text = read("docker/lambda.Dockerfile")
    ours = dict(re.findall(r"([A-Z][A-Z_]+)=(\S+)", text.split("\nENV ")[1]))
    assert {name for name in ours if not name.startswith("AWS_LWA_")} <= DEFAULTS.keys()
    assert ours["READ_ONLY"] == "true"
    assert f"PORT={ours['AWS_LWA_PORT']} " in DOCKERFILE
    assert ours["AWS_LWA_READINESS_CHECK_PATH"] == "/ready"
    assert "USER" not in text, "it stays the app's own user"


def left_out(path: str) -> bool:
    """Whether .dockerignore excludes a path: the last line that matches it, or a folder above it, decides."""
    out = False
    for line in read(".dockerignore").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            parts = PurePosixPath(path).parts
            above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
            if any(fnmatch(candidate, pattern) for candidate in (above + list(parts) if "**/" in line else above)):
                out = not line.startswith("!")
    return out


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.backup",
        ".git/config",
        ".venv/bin/python",
        "data/postgres/PG_VERSION",
        "digits.dump",
        "tests/test_deployment.py",
        "src/__pycache__/app.cpython-312.pyc",
        "src/.streamlit/secrets.toml",
        "backups/nightly-2026-03-04.dump.gz",
    ],
)
def test_the_build_does_not_see(path: str) -> None:
    assert left_out(path), f".dockerignore does not exclude {path}"


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "locks/packages.lock",
        "src/app.py",
        "src/app_pages/draw.py",
        "model/cnn.pt",
        "sql/001_init_db.sql",
        "src/.streamlit/config.toml",
    ],
)
def test_the_build_sees(path: str) -> None:
    assert (ROOT / path).exists()
    assert not left_out(path), f".dockerignore excludes {path}"


# --- Continuous integration -------------------------------------------------------------------------------------------


def test_ci_runs_the_make_targets_and_has_no_write_permission() -> None:
    for command in re.findall(r"run: make (.*)$", WORKFLOW, re.M):
        assert set(command.split()) <= TARGETS
    assert "run: make lint coverage\n" in WORKFLOW, "every test, and how many lines they reach"
    assert "make lint test" in read(".ci/run"), "every test"
    assert "run: make test-docker\n" in WORKFLOW
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", WORKFLOW, re.M) == ["  contents: read\n"]


def test_ci_pins_actions_to_a_major_version() -> None:
    actions = re.findall(r"uses: (\S+)", WORKFLOW)
    assert actions
    assert [action for action in actions if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_ci_tests_every_supported_python() -> None:
    matrix = re.search(r"python: \[(.*)\]", WORKFLOW)
    assert matrix
    versions = re.findall(r"3\.\d+", matrix[1])
    oldest = re.search(r'requires-python = ">=(3\.\d+)"', read("pyproject.toml"))
    assert oldest
    assert versions[0] == oldest[1]
    base = re.findall(r"^ARG PYTHON_IMAGE=python:(3\.\d+)", DOCKERFILE, re.M)
    assert base
    assert set(base) <= set(versions)


def test_paths_are_found_in_code() -> None:
    """paths_in finds paths: without it the tests above would pass on nothing."""
    assert paths_in("python src/app.py && cat .env.example docker/no-such-file") == {
        "src/app.py",
        ".env.example",
        "docker/no-such-file",
    }
    assert paths_in("curl http://localhost:8501/api/docs /health > digits.dump") == set()
