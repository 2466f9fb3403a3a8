"""What sort of device a User-Agent header speaks of."""

import pytest

from sso_center.core.sessions import device_mark, device_type_of

KINDS = {
    "desktop": [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    ],
    "phone": [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
        "Mozilla/5.0 (Linux; Android 13; V2301A) Mobile Safari/537.36 MicroMessenger/8.0.40",
        "Mozilla/5.0 (Phone; OpenHarmony 5.0) Chrome/114.0 Safari/537.36 ArkWeb/4.1 Mobile",
    ],
    "tablet": [
        "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14; SM-X700) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0",
        "Mozilla/5.0 (Linux; Android 11; KFTRWI) Silk/120.4 like Chrome/120.0 Safari/537.36",
    ],
    "app": [
        "okhttp/4.12.0",
        "Shop/3 CFNetwork/1494.0.7 Darwin/23.4.0",
        "Dart/3.3 (dart:io)",
        "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)",
    ],
    "other": [
        "",
        "curl/8.5.0",
        "python-requests/2.32",
        "Mozilla/5.0 (compatible; Examplebot/2.1; +http://example.org/bot.html)",
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 Version/7.0 TV Safari/537.36",
        "Mozilla/5.0",
    ],
}


@pytest.mark.parametrize(("kind", "user_agent"), [(kind, ua) for kind, uas in KINDS.items() for ua in uas])
def test_the_type_of_device_is_read_from_what_it_calls_itself(kind: str, user_agent: str) -> None:
    assert device_type_of(user_agent) == kind


def test_a_device_is_marked_by_a_hash_and_an_unknown_one_by_nothing() -> None:
    mark = device_mark("some device")
    assert len(mark) == 32
    assert "some" not in mark
    assert mark != device_mark("another device")
    assert device_mark(None) == device_mark("") == ""
