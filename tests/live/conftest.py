from pathlib import Path

import pytest

from tests.live.bench import Table, lay_table


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return lay_table(tmp_path)
