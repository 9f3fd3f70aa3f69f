"""Locks: exclusive, released with the process however it ends, and telling of a holder that died."""

import multiprocessing
import os
import signal
import time

from segmentation_pipeline.warehouse.locks import file_lock, is_locked, lock_holder


def _hold(path, ready):
    with file_lock(path, holder={"run_id": "r1"}):
        ready.set()
        time.sleep(60)


def test_a_held_lock_is_seen_and_a_clean_release_wipes_the_holder(tmp_path):
    path = tmp_path / "run.lock"
    with file_lock(path, holder={"run_id": "r1"}):
        assert is_locked(path)
        assert lock_holder(path) == {"run_id": "r1"}
        with file_lock(path, wait=False) as acquired:
            assert not acquired
    assert not is_locked(path)
    assert lock_holder(path) is None


def test_a_killed_holder_frees_the_lock_and_leaves_its_name(tmp_path):
    path = tmp_path / "run.lock"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(path, ready))
    process.start()
    assert ready.wait(30)
    assert is_locked(path)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not is_locked(path)
    assert lock_holder(path) == {"run_id": "r1"}


def test_somebody_who_waits_is_told_who_holds_the_lock(tmp_path):
    path = tmp_path / "run.lock"
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(path, ready))
    process.start()
    assert ready.wait(30)
    told = []

    def notify(message):
        told.append(message)
        process.kill()

    with file_lock(path, notify=notify) as acquired:
        assert acquired
    assert "r1" in told[0]
    process.join()
