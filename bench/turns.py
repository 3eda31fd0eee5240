"""What the measured programs in Python share. One that is measured beside others runs a batch for each line that it
reads, and answers with the time: so contestants that were started together can take turns of milliseconds."""

import sys
import time


def each_turn(once, times: int) -> None:
    """Prints the nanoseconds of a call, over a batch of so many, once for each line of standard input."""
    for _ in sys.stdin:
        start = time.perf_counter_ns()
        for _ in range(times):
            once()
        print((time.perf_counter_ns() - start) / times, flush=True)


def training_step(model, optimizer, criterion, x, y):
    """Gives a function that trains one step."""

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step
