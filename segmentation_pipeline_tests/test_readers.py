"""Readers and publishing side by side: no error, one consistent refresh per read, the newest seen."""

import multiprocessing
import shutil
import subprocess
import venv

import duckdb
import pytest

from segmentation_pipeline.client.published import open_published
from segmentation_pipeline.config import Settings
from segmentation_pipeline.warehouse.publish import publish
from segmentation_pipeline.warehouse.warehouse import Warehouse

PUBLISHES = 20


def _read_until_told(home, seen, stop, failures):
    """Two tables are written with the same number in one publish; a mix of publishes would show."""
    try:
        while not stop.is_set():
            with open_published(home) as connection:
                first = connection.execute("SELECT n FROM left_numbers").fetchone()[0]
                second = connection.execute("SELECT n FROM right_numbers").fetchone()[0]
            if first != second:
                failures.put(f"mixed {first} and {second}")
            seen.value = max(seen.value, first)
    except Exception as error:  # noqa: BLE001 - a reader's failure of any kind is what the test looks for
        failures.put(repr(error))


def test_a_reader_loops_across_publishes_without_an_error(planted_home):
    warehouse = Warehouse(planted_home, Settings())

    def publish_number(number):
        with warehouse.transaction() as db:
            db.execute(f"CREATE OR REPLACE TABLE left_numbers AS SELECT {number} AS n")
            db.execute(f"CREATE OR REPLACE TABLE right_numbers AS SELECT {number} AS n")
        publish(warehouse, f"number-{number}", {})

    publish_number(0)
    context = multiprocessing.get_context("spawn")
    seen, stop, failures = context.Value("i", -1), context.Event(), context.Queue()
    reader = context.Process(target=_read_until_told, args=(planted_home, seen, stop, failures))
    reader.start()
    try:
        while seen.value < 0 and reader.is_alive():
            pass
        for number in range(1, PUBLISHES + 1):
            publish_number(number)
        while seen.value < PUBLISHES and reader.is_alive() and failures.empty():
            pass
    finally:
        stop.set()
        reader.join(30)
    assert failures.empty(), failures.get()
    assert seen.value == PUBLISHES


OLD_CLIENT = "1.4.4"
READ_WITH_OLD_CLIENT = """
import duckdb, sys
assert duckdb.__version__.startswith("1."), duckdb.__version__
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("SELECT count(*), sum(cardinality(action_counts)) FROM user_features").fetchone())
print(connection.execute("SELECT count(*) FROM data_dictionary").fetchone()[0] > 0)
"""


def test_a_client_of_the_1_x_line_opens_the_published_file(planted_home, tmp_path):
    environment = tmp_path / "old"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"duckdb=={OLD_CLIENT}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(
            f"needs the duckdb {OLD_CLIENT} wheel, which could not be installed here: {installed.stderr[-300:]}"
        )
    copy = tmp_path / "published.duckdb"
    shutil.copyfile(planted_home.published_file.resolve(), copy)
    told = subprocess.run([python, "-c", READ_WITH_OLD_CLIENT, str(copy)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    with duckdb.connect(str(copy), read_only=True) as connection:
        expected = connection.execute("SELECT count(*), sum(cardinality(action_counts)) FROM user_features").fetchone()
    assert str(expected[0]) in told.stdout
    assert "True" in told.stdout
