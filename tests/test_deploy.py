"""The examples of docs/how-to/deploy: they parse, and every setting they name is one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from heldout.cli import COMMANDS
from heldout.cli.lazy import LazyCommand
from heldout.conf import SETTINGS, load


@pytest.fixture(scope="module")
def folder(root) -> Path:
    return root / "docs/how-to/deploy"


def named(text: str) -> set[str]:
    return set(re.findall(r"HELDOUT_[A-Z0-9_]+", text))


def test_every_setting_that_is_named_is_one(folder):
    files = {one.name: one.read_text() for one in folder.iterdir()}
    secrets = {f"{name}_FILE" for name, row in SETTINGS.items() if row.secret}
    for name, text in files.items():
        assert named(text) <= SETTINGS.keys() | secrets, name
    assert len(set().union(*map(named, files.values()))) > 10


def test_the_settings_of_the_service_can_be_read(folder, tmp_path):
    lines = (folder / "heldout.env").read_text().splitlines()
    given = dict(
        line.removeprefix("# ").split("=", 1)
        for line in lines
        if "HELDOUT_" in line and "=" in line
    )
    secret = tmp_path / "secret"
    secret.write_text("postgresql://u:p@h/db")
    given = {
        name: str(secret) if name.endswith("_FILE") else value for name, value in given.items()
    }
    settings = load(given)
    assert settings.base_url.startswith("https://")
    assert settings.behind_proxy


def test_the_compose_file_is_whole(folder):
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"site", "worker", "database", "proxy"}
    for name, service in services.items():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            local = source.startswith("./") and (folder / source).is_file()
            assert local or source in compose["volumes"], name
        assert set(service.get("secrets", [])) <= compose["secrets"].keys()
        assert set(service.get("depends_on", {})) <= services.keys()
        if "build" in service:
            context = (folder / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()
            assert (context / "constraints.txt").is_file()
    load({k: v for k, v in services["site"]["environment"].items() if not k.endswith("_FILE")})


def test_the_kubernetes_example_is_whole(folder):
    documents = list(yaml.safe_load_all((folder / "kubernetes.yaml").read_text()))
    kinds = [one["kind"] for one in documents]
    assert kinds == ["ConfigMap", "Deployment", "Deployment", "PersistentVolumeClaim", "Service"]
    settings, site, worker, claim, service = documents
    load({k: v for k, v in settings["data"].items() if not k.endswith("_FILE")})
    for deployment in (site, worker):
        wanted = deployment["spec"]["selector"]["matchLabels"]
        template = deployment["spec"]["template"]
        assert template["metadata"]["labels"] == wanted
        (container,) = template["spec"]["containers"]
        volumes = {one["name"] for one in template["spec"]["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == volumes
        assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
        assert container["args"][1] in COMMANDS
    assert service["spec"]["selector"] == site["spec"]["selector"]["matchLabels"]
    volume = site["spec"]["template"]["spec"]["volumes"][0]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def commands(folder: Path) -> list[list[str]]:
    units = [one.read_text() for one in folder.glob("*.service")]
    lines = [re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1] for text in units]
    found = [re.search(r"/opt/heldout/bin/heldout ([^']*)", line)[1].split() for line in lines]
    docker = (folder / "Dockerfile").read_text()
    return [*found, re.findall(r'"([^"]+)"', docker.splitlines()[-1])[1:]]


def test_the_commands_are_ours_with_options_they_have(folder, heldout_help):
    for command, *arguments in commands(folder):
        assert command in COMMANDS
        options = {one for one in arguments if one.startswith("--")}
        assert options <= heldout_help(command)


@pytest.fixture
def heldout_help():
    def options(name: str) -> set[str]:
        command = LazyCommand(name, COMMANDS[name]).load()
        return {one for parameter in command.params for one in parameter.opts}

    return options


def test_systemd_finds_no_fault_with_the_units(folder, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in (*folder.glob("*.service"), folder / "heldout-backup.timer"):
        # The programs are those of the machine the units are for.
        text = unit.read_text().replace("/opt/heldout/bin/heldout", "/bin/true")
        (tmp_path / unit.name.replace("@", "@1")).write_text(text)
    units = [str(one) for one in tmp_path.iterdir() if one.suffix in {".service", ".timer"}]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    told = [
        line for line in done.stderr.splitlines() if any(Path(one).name in line for one in units)
    ]
    assert told == []


def test_the_page_links_every_example(folder):
    page = (folder / "README.md").read_text()
    for file in folder.iterdir():
        assert file.name == "README.md" or f"({file.name})" in page, file.name
