"""How much a record holds, and how much of one is read: what goes beyond is left out, or refused."""

from __future__ import annotations

from typing import Final

LOG_BYTES: Final = 20_000_000
"""Of lines as a record has them, for all node runs together; each may have its part, and `LEAST_LOG_BYTES` at least."""

LEAST_LOG_BYTES: Final = 20_000

TOTAL_LOG_BYTES: Final = 30_000_000
"""For all together where there are very many, who then have less than the least."""

COMMIT_BYTES: Final = 20_000_000
"""Of git bundles: an execution whose commits do not fit goes on where they are, and nowhere else."""

FILE_BYTES: Final = 10_000_000
"""Of artifacts and transcripts."""

COPY_BYTES: Final = 5_000_000
"""Of diffs and messages of commits, for pages that are built where the commits are not."""

PACKED_BYTES: Final = 60_000_000
"""Of a record as it lies in the branch; GitHub takes no file of 100 MB."""

UNPACKED_BYTES: Final = 300_000_000
"""Of a record as text: whoever may write to the branch could make a small file that becomes a huge one."""

INDEX_BYTES: Final = 50_000_000
"""Of the index: some 150,000 executions."""
