"""What is built: seven distributions that share no file and know no sibling but the protocol."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

IMPORTS = {
    "aiolos-protocol": {"aiolos_protocol"},
    "aiolos-client": {"aiolos_client"},
    "aiolos-server": {"aiolos_server"},
    "aiolos-websocket": {"aiolos_websocket"},
    "aiolos-testing": {"aiolos_testing"},
    "aiolos": {"aiolos"},
    # The name, and the command that makes installers see it.
    "aiolos-aiohttp": {"aiohttp", "aiolos_aiohttp"},
}
LEAVES = ("aiolos-client", "aiolos-server", "aiolos-websocket", "aiolos-testing")


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def required(wheel: Path) -> list[str]:
    """The requirements that hold without an extra."""
    lines = metadata(wheel).get_all("Requires-Dist", [])
    return [line for line in lines if "extra ==" not in line]


def by_name(wheels: list[Path]) -> dict[str, Path]:
    return {str(metadata(wheel)["Name"]): wheel for wheel in wheels}


def test_every_package_has_its_wheel(wheels):
    assert set(by_name(wheels)) == set(IMPORTS)


def test_no_file_is_in_two_wheels(wheels):
    owners: dict[str, Path] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                assert name not in owners, f"{name} is in {owners[name]} and in {wheel}"
                owners[name] = wheel


def test_each_wheel_holds_its_own_packages(wheels):
    for name, wheel in by_name(wheels).items():
        with zipfile.ZipFile(wheel) as archive:
            files = archive.namelist()
        tops = {each.split("/")[0] for each in files if ".dist-info/" not in each}
        assert tops == IMPORTS[name]
        assert {f"{top}/py.typed" for top in tops} <= set(files)
        assert any(each.endswith("/licenses/LICENSE") for each in files)
        assert not [each for each in files if each.endswith((".c", ".pyx"))]
        text = metadata(wheel)
        assert len(str(text.get_payload())) > 200, f"{name} has no README"
        assert text["License-Expression"] == "Apache-2.0"


def test_all_have_one_version(wheels):
    assert len({metadata(wheel)["Version"] for wheel in wheels}) == 1


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_requires_the_protocol_and_no_sibling(wheels, leaf):
    ours = [each for each in required(by_name(wheels)[leaf]) if each.startswith("aiolos")]
    assert len(ours) == 1
    assert ours[0].startswith("aiolos-protocol~=")


def test_the_protocol_requires_none_of_ours(wheels):
    assert not [each for each in required(by_name(wheels)["aiolos-protocol"]) if "aiolos" in each]


def test_the_whole_requires_every_part_exactly(wheels):
    wheel = by_name(wheels)["aiolos"]
    version = metadata(wheel)["Version"]
    parts = ("aiolos-protocol", *LEAVES)
    assert set(required(wheel)) == {f"{part}=={version}" for part in parts}
    assert required(by_name(wheels)["aiolos-aiohttp"]) == [f"aiolos=={version}"]


@pytest.mark.slow
@pytest.mark.parametrize("project", ["protocol", "client", "server", "websocket", "testing"])
def test_a_folder_that_is_cut_out_builds_its_sdist_and_from_it_its_wheel(root, tmp_path, project):
    cut = tmp_path / project
    ignored = shutil.ignore_patterns("*.so", "*.c", "build", "__pycache__")
    shutil.copytree(root / "packages" / project, cut, ignore=ignored)
    # Pure: that extensions compile is seen where nox builds the wheels that are tested.
    environment = {**os.environ, "AIOLOS_EXTENSIONS": "off"}
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(tmp_path / "dist")]
    subprocess.run(
        [*command, "--sdist", str(cut)], env=environment, check=True, capture_output=True
    )
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        archive.extractall(tmp_path, filter="data")
    assert "README.md" in names
    assert "LICENSE" in names
    assert [name for name in names if name.startswith("tests/test_")]
    assert not [name for name in names if name.endswith((".so", ".c"))]
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    subprocess.run(
        [*command, "--wheel", str(unpacked)], env=environment, check=True, capture_output=True
    )
    assert list((tmp_path / "dist").glob("*-py3-none-any.whl"))
