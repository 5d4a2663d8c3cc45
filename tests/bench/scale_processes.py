"""The processes of ``tests.bench.scale``, their proxy, and what they cost in CPU."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own


class Parts:
    """The processes, started again as soon as they are killed."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.started: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {}
        self.ended: list[str] = []  # who ended by itself, with its code and its last words

    async def start(self, name: str, *command: str, **env: str) -> asyncio.subprocess.Process:
        home = {"OFFRAMP_HOME": str(self.folder / name)}
        with (self.folder / f"{name}.err").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**self.env, **home, **env},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                cwd=Path(__file__).parents[2],
            )
        self.running[name] = process
        self.started[name] = (command, env)
        return process

    async def part(self, name: str, role: str, **env: str) -> asyncio.subprocess.Process:
        return await self.start(name, sys.executable, "-m", "tests.bench.scale_part", role, **env)

    async def kill(self, name: str) -> None:
        """As a power cut does it; then it is started again."""
        if (code := self.running[name].returncode) is None:
            self.running[name].kill()
            await self.running[name].wait()
        else:
            words = (self.folder / f"{name}.err").read_text(errors="replace")[-300:]
            self.ended.append(f"{name} ended with {code}: {' '.join(words.split())}")
        command, env = self.started[name]
        await self.start(name, *command, **env)

    async def stop(self, *names: str) -> float:
        """As an upgrade does it. Returns the seconds the slowest took."""
        began = time.perf_counter()
        for name in names:
            self.running[name].send_signal(signal.SIGTERM)
        for name in names:
            await self.running.pop(name).wait()
        return time.perf_counter() - began

    async def stop_all(self) -> None:
        for process in self.running.values():
            if process.returncode is None:
                process.kill()
            await process.wait()
        self.running.clear()

    def count_cpu(self) -> float:
        """Seconds of CPU that those running have used."""
        times = [psutil.Process(process.pid).cpu_times() for process in self.running.values()]
        return float(sum(each.user + each.system for each in times))


def count_postgres_cpu(data: Path) -> float:
    """Seconds of CPU of the server in this folder, its ended children included."""
    server = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
    times = [each.cpu_times() for each in (server, *server.children())]
    ended = server.cpu_times()
    ended_children = ended.children_user + ended.children_system
    return float(sum(each.user + each.system for each in times) + ended_children)


@asynccontextmanager
async def proxy(port: int, behind: Sequence[int]) -> AsyncIterator[None]:
    """Hands each connection to the next replica that takes it."""
    turn = 0

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65536):
                writer.write(block)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        for _ in behind:
            turn += 1
            try:
                there = await asyncio.open_connection("127.0.0.1", behind[turn % len(behind)])
            except OSError:
                continue
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, there[1]))
                group.create_task(pump(there[0], writer))
            return
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield
