"""Where the center's own time goes: its WSGI application in this process, under a sampling profiler.

`python -m benchmarks profile handoff` prints CPU a request without the profiler, then the functions that
most of it is spent in. Redis is a process of its own and shows only as what it costs to ask it.
"""

import cProfile
import pstats
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from benchmarks.browser import Browser
from benchmarks.hot_store import HotStore
from benchmarks.processes import Service
from benchmarks.side import LOGOUT_URI, PASSWORD, REDIRECT_URI, Client, Endpoints, Side
from benchmarks.units import Chain, check, hand_off, sign_in
from benchmarks.wire import Origin, Response
from sso_center.app import create_app
from sso_center.base.settings import load_settings
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.migrate import ensure_schema

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

WARM_UP = 200
SAMPLE_EVERY = 0.001
ORIGIN = Origin(9000, "sso.localhost:9000")
VISITOR = "visitor00"


def profile(task: str, *, units: int, top: int, is_exact: bool) -> None:
    """Run so many units of a task and print where the time went.

    Sampling tells shares truly; `is_exact` counts every call instead, which makes small functions look dear.
    """
    with _center_in_process() as (side, application):
        make_unit = _units_of(task, side, application)
        for _ in range(WARM_UP):
            _drive(make_unit(), application)
        print(_plain_cost(task, side, make_unit, application, units))
        (_count if is_exact else _sample)(make_unit, application, units, top)


@contextmanager
def _center_in_process() -> Iterator[tuple[Side, "WSGIApplication"]]:
    with tempfile.TemporaryDirectory(prefix="sso-profile-") as name:
        folder = Path(name)
        settings = load_settings(
            {
                "SSO_DATA_DIR": name,
                "SSO_LOGIN_ATTEMPTS_BY_ACCOUNT": "100000",
                "SSO_LOGIN_ATTEMPTS_BY_ADDRESS": "1000000",
                "SSO_ALLOW_PRIVATE_ADDRESSES": "yes",
            }
        )
        server = EmbeddedServer(settings.data_dir)
        server.join()
        services = build_services_with_schema(settings)
        try:
            shop, keeper = _register(services)
            endpoints = Endpoints("/authorize", "/token", "/introspect", "/jwks.json")
            side = Side(
                "center", ORIGIN, shop, keeper, endpoints, (VISITOR,), (VISITOR,), Service((), folder)
            )
            yield side, create_app(services).wsgi_app
        finally:
            services.close()
            server.leave()


def build_services_with_schema(settings: Any) -> Services:
    from sso_center.storage.sql import open_database  # noqa: PLC0415

    database = open_database(settings)
    ensure_schema(database)
    database.close()
    return build_services(settings, FACADES)


def _register(services: Services) -> tuple[Client, Client]:
    services.users.add(
        VISITOR,
        profile={"name": "Visitor", "email": f"{VISITOR}@example.org"},
        roles=("member",),
        password=PASSWORD,
    )
    return _site(services, "shop"), _site(services, "keeper", "refresh_token")


def _site(services: Services, client_id: str, *more_grant_types: str) -> Client:
    _, secret = services.clients.add(
        client_id,
        redirect_uris=(REDIRECT_URI,),
        backchannel_logout_uri=LOGOUT_URI,
        id_token_alg="ES256",
        grant_types=("authorization_code", *more_grant_types),
    )
    return Client(client_id, secret or "")


# -- units on the application itself


def _units_of(
    task: str, side: Side, application: "WSGIApplication"
) -> Callable[[], Generator[bytes, Response, Any]]:
    browser = Browser(ORIGIN)
    _drive(sign_in(side, browser, VISITOR), application)
    if task == "handoff":
        return lambda: hand_off(side, browser)
    if task == "check":
        token = _drive(hand_off(side, browser), application)["access_token"]
        return lambda: check(side, token)
    if task == "refresh":
        given = _drive(hand_off(side, browser, side.keeper), application)
        return Chain(side, given["refresh_token"]).refresh
    return lambda: sign_in(side, Browser(ORIGIN), VISITOR)


def _drive(
    unit: Generator[bytes, Response, Any],
    application: "WSGIApplication",
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Any:
    """Run one unit; `around` is entered for what the application does, not for what the site does."""
    try:
        request = next(unit)
        while True:
            environ = _environ(request)
            answer = _Answer()
            with around():
                pieces = application(environ, answer.start)
                body = b"".join(pieces)
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
            request = unit.send(answer.response(body))
    except StopIteration as done:
        return done.value


@dataclass
class _Answer:
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers = status, headers

    def response(self, body: bytes) -> Response:
        lines = [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join([f"HTTP/1.1 {self.status}", *lines, ""])
        return Response(int(self.status[:3]), head.encode("latin-1"), body)


def _environ(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, protocol = first.split(" ")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9000",
        "SERVER_PROTOCOL": protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "HTTP_X_REQUEST_ID": "benchmark",
    }
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


# -- looking at it


def _plain_cost(
    task: str,
    side: Side,
    make_unit: Callable[[], Generator[bytes, Response, Any]],
    application: "WSGIApplication",
    units: int,
) -> str:
    spent = 0.0

    @contextmanager
    def clocked() -> Iterator[None]:
        nonlocal spent
        began = time.process_time()
        yield
        spent += time.process_time() - began

    store = HotStore(side.service.folder)
    store.forget_figures()
    redis_before = side.service.cpu()
    for _ in range(units):
        _drive(make_unit(), application, clocked)
    redis = side.service.cpu() - redis_before
    return (
        f"{task}: {spent / units * 1e6:.0f} us CPU a unit in the application, "
        f"{redis / units * 1e6:.0f} us in Redis; without front, sockets and profiler\n\n"
        f"{_commands(store, units)}"
    )


def _commands(store: HotStore, units: int) -> str:
    """What Redis was asked, scripts with all they do inside first."""
    lines = ["  calls       us  a unit, by Redis's own account"]
    found: list[tuple[float, float, str]] = []
    for name, told in store.told("commandstats").items():
        found.append((told["usec"] / units, told["calls"] / units, name.removeprefix("cmdstat_")))
    lines += [f"{calls:7.2f} {spent:8.1f}  {name}" for spent, calls, name in sorted(found, reverse=True)]
    return "\n".join(lines) + "\n"


class _Sampler:
    """Counts on which functions the process spends its CPU time, by a timer that only runs while it does."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()
        self.count = 0
        self._is_on = False
        signal.signal(signal.SIGPROF, self._take)

    @contextmanager
    def on(self) -> Iterator[None]:
        self._is_on = True
        yield
        self._is_on = False

    def _take(self, _number: int, frame: FrameType | None) -> None:
        if not self._is_on or frame is None:
            return
        self.count += 1
        self.own[_name(frame)] += 1
        seen: set[str] = set()
        while frame is not None and frame.f_globals.get("__name__") != __name__:
            seen.add(_name(frame))
            frame = frame.f_back
        self.whole.update(seen)


def _sample(
    make_unit: Callable[[], Generator[bytes, Response, Any]],
    application: "WSGIApplication",
    units: int,
    top: int,
) -> None:
    sampler = _Sampler()
    spent_before = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_EVERY, SAMPLE_EVERY)
    for _ in range(units):
        _drive(make_unit(), application, sampler.on)
    signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - spent_before
    print(f"{sampler.count} samples over {units} units, {spent:.1f} s CPU with the site's own work")
    for title, counted in (("own time", sampler.own), ("with all it calls", sampler.whole)):
        print(f"\n  share  {title}")
        for name, count in counted.most_common(top):
            print(f"{count / max(sampler.count, 1):7.1%}  {name}")


def _count(
    make_unit: Callable[[], Generator[bytes, Response, Any]],
    application: "WSGIApplication",
    units: int,
    top: int,
) -> None:
    profiler = cProfile.Profile()
    for _ in range(units):
        _drive(make_unit(), application, lambda: profiler)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(top)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(top)


def _name(frame: FrameType) -> str:
    code = frame.f_code
    return f"{frame.f_globals.get('__name__', '?')}.{code.co_qualname}:{code.co_firstlineno}"
