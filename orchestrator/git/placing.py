"""Where a disk puts folders that come and go."""

from __future__ import annotations

import array
import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path

# From linux/fs.h; `int` values in spite of the `long` in the numbers.
_GET_FLAGS = 0x80086601
_SET_FLAGS = 0x40086602
_TOP_FOLDER = 0x00020000


def scatter(folder: Path) -> None:
    """Have ext4 put the folders in `folder` far apart, as `chattr +T` does; elsewhere nothing happens.

    It puts a folder beside its parent otherwise, so that all workspaces share one table of inodes and wait for each
    other there. Without a journal, as disks of virtual machines often are, it also passes over every inode that was
    freed in the last minutes, one by one: then a workspace costs up to ten times as much soon after others went.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flags = array.array("i", [0])
            fcntl.ioctl(descriptor, _GET_FLAGS, flags)
            if not flags[0] & _TOP_FOLDER:
                flags[0] |= _TOP_FOLDER
                fcntl.ioctl(descriptor, _SET_FLAGS, flags)
        finally:
            os.close(descriptor)
