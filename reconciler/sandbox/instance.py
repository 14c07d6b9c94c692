"""A running sandbox: a world with its clock, its faults, its file, and one lock around all of them.

Fronts turn real requests into `exchange` calls and say how deliveries are sent; nothing here does network I/O.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from . import control, services
from .clock import Clock
from .faults import Effect, judge, shorten
from .gitlab import handle, log, run_due
from .message import Conversation, Delivered, Delivery, Request, Response
from .seed import default_world
from .store import Store
from .world import Row, World

GITLAB, RECEIVER = "gitlab", "receiver"
READING = frozenset(("GET", "HEAD", "OPTIONS"))
REMEMBERED = 1000
"""How many requests to unknown hosts a world remembers."""

Send = Callable[[Delivery], Delivered]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a front must do: wait `delay` seconds, then give `response`, or cut the connection if it is None."""

    response: Response | None
    delay: float = 0.0


@dataclass(slots=True)
class _Open:
    """An exchange in progress."""

    key: str
    effect: Effect
    conversation: Conversation | None = None
    response: Response | None = None
    delivery: Delivery | None = None


@dataclass
class Sandbox:
    """A world that answers. `fresh` gives the world that `/_sandbox/reset` returns to."""

    world: World
    clock: Clock = field(default_factory=Clock)
    store: Store | None = None
    fresh: Callable[[float], World] = default_world
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._started = 0
        self._running: dict[str, _Open] = {}
        self._unsaved = False

    @classmethod
    def opened(cls, store: Store | None, clock: Clock, fresh: Callable[[float], World]) -> Sandbox:
        """A sandbox with the world of `store`, or a fresh one that is then kept there. Raises `ValueError`."""
        if store is None:
            return cls(fresh(clock.now()), clock, None, fresh)
        with store.locked():
            world = store.load()
            sandbox = cls(world or fresh(clock.now()), clock, store, fresh)
            if world is None:
                store.save(sandbox.world)
            sandbox._catch_up()
        return sandbox

    def exchange(self, request: Request, send: Send, *, target: str = GITLAB, host: str | None = None) -> Outcome:
        """Answer one request to GitLab, to a service's stand-in, or to the receiver of everything else."""
        if target == GITLAB and request.path.startswith(control.PREFIX):
            with self._alone():
                return Outcome(control.answer(self, request))
        if target == GITLAB and request.method in READING:
            with self.lock:
                self._catch_up()
                running = self._start(self._new_key(), request, target, host, self.clock.now())
        else:
            with self._alone():
                now = self.clock.now()
                running = self._start(self._new_key(), request, target, host, now)
                place = {"target": target, "host": host, "now": now}
                self._note({"start": running.key, **request.to_json(), **place})
        while running.delivery is not None:
            delivered = send(running.delivery)
            with self._alone():
                self._step(running, delivered)
                self._note({"resume": running.key, **delivered.to_json()})
        effect = running.effect
        if effect.drop_before or effect.drop_after or running.response is None:
            return Outcome(None, effect.delay)
        return Outcome(shorten(running.response, effect.short), effect.delay)

    def reset(self, world: World) -> None:
        """Replace the world."""
        with self._alone():
            self.world = world
            self.save()

    def save(self) -> None:
        """Write the whole world to its file, if it has one."""
        with self._alone():
            if self.store is not None:
                self.store.save(self.world)
            self._unsaved = False

    def close(self) -> None:
        """Write what is not yet in the snapshot, and keep no file open."""
        if self._unsaved:
            self.save()
        if self.store is not None:
            with self.lock:
                self.store.release()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else may change the world, and it is as others have left it."""
        with self.lock, self.store.locked() if self.store else nullcontext():
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        if self.store is None:
            return
        if self.store.is_replaced():
            with self.store.locked():
                self.world = self.store.load() or self.world
            self._running.clear()
        for event in self.store.news():
            if "start" in event:
                self._start(event["start"], Request.from_json(event), event["target"], event["host"], event["now"])
            elif event["resume"] in self._running:
                self._step(self._running[event["resume"]], Delivered.from_json(event))

    def _new_key(self) -> str:
        self._started += 1
        return f"{os.getpid()}.{self._started}"

    def _start(self, key: str, request: Request, target: str, host: str | None, now: float) -> _Open:
        self._unsaved = True
        running = _Open(key, judge(self.world, request, now, host))
        effect = running.effect
        if effect.answer is not None or effect.drop_before:
            running.response = effect.answer
            log(self.world, now, request, effect.answer.status if effect.answer else None, target)
        elif target == GITLAB:
            running.conversation = handle(request, self.world, now)
            self._step(running, None)
        else:
            running.response = self._elsewhere(request, target, now)
            log(self.world, now, request, running.response.status, target)
        return running

    def _elsewhere(self, request: Request, target: str, now: float) -> Response:
        run_due(self.world, now)
        if target == RECEIVER:
            self.world.receiver.append(
                {
                    "at": now,
                    "method": request.method,
                    "url": f"{request.base}{request.path}" + (f"?{request.query}" if request.query else ""),
                    "headers": dict(request.headers),
                    "body": request.body.decode("utf-8", "replace"),
                }
            )
            del self.world.receiver[:-REMEMBERED]
            return Response.of_text(200, "ok")
        return services.handle(target, request, self.world.services.setdefault(target, {}), now)

    def _step(self, running: _Open, delivered: Delivered | None) -> None:
        conversation = running.conversation
        assert conversation is not None
        try:
            running.delivery = next(conversation) if delivered is None else conversation.send(delivered)
            self._running[running.key] = running
        except StopIteration as end:
            running.delivery, running.response = None, end.value
            self._running.pop(running.key, None)

    def _note(self, event: Row) -> None:
        if self.store is not None:
            self.store.note(event)
