# make run: talk to the coach.   make test: run the tests.   Both install what they need by themselves.
BIN := .venv/bin
# Workers side by side: a second thread of each would only wait for its turn, and spin meanwhile.
ALONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: run test slow check bench lock clean

run:
	@sh deploy/bootstrap.sh run
	@$(BIN)/offramp run

test:
	@sh deploy/bootstrap.sh test
	@$(ALONE) $(BIN)/python -m pytest -n auto --dist worksteal -q

# The long counts behind what is promised: kills, mangled updates, faults. Some minutes; prints its figures.
slow:
	@sh deploy/bootstrap.sh test
	@$(BIN)/python -m pytest -m slow -q -s

check:
	@sh deploy/bootstrap.sh test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@sh deploy/bootstrap.sh test
	@$(BIN)/python -m tests.bench

# Pins everything that pip resolves today, for this project alone.
lock:
	@sh deploy/lock.sh

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
