"""Room on the disks: told by the folder and by the store; where there is little, nothing is taken in."""

import msgspec
import pytest

from filemill.errors import NoRoom
from filemill.local.keys import SERVICE
from filemill.settings import GB, Settings
from filemill.storage import disk
from filemill.storage.disk import Disks, Room
from tests.fixtures.servers import StoreAddress

pytestmark = pytest.mark.anyio


async def test_a_minio_tells_the_service_of_its_disk(any_store: StoreAddress, settings: Settings) -> None:
    at = msgspec.structs.replace(settings, s3_url=any_store.url, s3_key=SERVICE, s3_secret=any_store.service)
    room = disk.of_store(at)
    if any_store.name == "minio":
        assert room is not None
        assert 0 < room.free < room.total
    else:
        assert room is None


async def test_a_folder_tells_of_its_disk(tmp_path) -> None:
    room = disk.of_folder(str(tmp_path))
    assert room is not None
    assert 0 < room.free <= room.total
    assert disk.of_folder("/no/such/folder") is None


async def test_what_a_store_tells_of_other_things_says_nothing() -> None:
    assert disk.read("# HELP x\nminio_other 1\nnot a number x\n") is None
    assert disk.read(f'{disk._TOTAL} 4e+10\n{disk._FREE}{{server="a"}} 1.5e+09\n') == Room(40 * 10**9, 15 * 10**8)


@pytest.mark.parametrize(
    ("total", "kept"), [(10 * GB, 2 * GB), (100 * GB, 5 * GB)], ids=["a small disk", "a large one"]
)
async def test_the_larger_of_both_is_kept_free(settings: Settings, total: int, kept: int) -> None:
    assert Disks(settings).kept_free(total) == kept


async def test_nothing_is_taken_in_while_little_is_free(settings: Settings, tmp_path, monkeypatch) -> None:
    # given a disk with enough room
    told = {"room": Room(100 * GB, 6 * GB)}

    def look(_folder: str) -> Room | None:
        if told["room"] is None:
            raise OSError
        return told["room"]

    monkeypatch.setattr(disk, "of_folder", look)
    monkeypatch.setattr(disk, "of_store", lambda _settings: None)
    disks = Disks(msgspec.structs.replace(settings, home=str(tmp_path)))
    await disks.look()
    disks.want_room()
    # when there is less
    told["room"] = Room(100 * GB, 5 * GB - 1)
    await disks.look()
    # then nothing is taken in, and neither while nobody answers
    with pytest.raises(NoRoom):
        disks.want_room()
    told["room"] = None
    await disks.look()
    assert disks.is_short
    # and again once there is room
    told["room"] = Room(100 * GB, 5 * GB)
    await disks.look()
    disks.want_room()
