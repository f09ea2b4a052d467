from collections.abc import Iterator

import pytest

from app.engine.device.faiss_torch import faiss, torch
from app.engine.device.threads import one_thread


def threads() -> tuple[int, int]:
    return torch.get_num_threads(), faiss.omp_get_max_threads()


@pytest.fixture
def three() -> Iterator[None]:
    before, before_faiss = threads()
    torch.set_num_threads(3)
    faiss.omp_set_num_threads(3)
    yield
    torch.set_num_threads(before)
    faiss.omp_set_num_threads(before_faiss)


@pytest.mark.usefixtures("three")
def test_one_thread_computes_in_the_block_and_as_many_as_before_after_it() -> None:
    with one_thread():
        assert threads() == (1, 1)
    assert threads() == (3, 3)


@pytest.mark.usefixtures("three")
def test_an_error_leaves_as_many_as_before() -> None:
    with pytest.raises(ValueError, match="away"), one_thread():
        raise ValueError("away")
    assert threads() == (3, 3)
