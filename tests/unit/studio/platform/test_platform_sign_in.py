from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from studio.base.errors import PlatformError
from studio.platform import accounts, oauth, tokens
from studio.platform.client import PlatformClient
from studio.platform.messages import DeviceCode
from studio.platform.oauth_words import CLIENT_ID, DEVICE_GRANT, challenge_of
from studio.platform.passwords import check_password, hash_password
from studio.platform.refusal import Refusal
from tests.samples.platform import PASSWORD, Served, World

REDIRECT = "http://127.0.0.1:5123/callback"
VERIFIER = "v" * 64
QUERY = {
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "state": "a-state-of-the-app",
}


def test_a_password_is_stored_salted_and_checked():
    stored = hash_password(PASSWORD)
    assert stored != hash_password(PASSWORD)
    assert PASSWORD not in stored
    assert check_password(PASSWORD, stored)
    assert not check_password(PASSWORD + "x", stored)
    assert not check_password("x" * 2000, stored)


def test_a_short_password_is_refused():
    with pytest.raises(Refusal) as refused:
        hash_password("short")
    assert refused.value.code == "password-too-short"


def test_an_address_has_one_account(world: World):
    with pytest.raises(Refusal) as refused:
        accounts.create_account(world.state, " ADA@example.org", PASSWORD, name="Other Ada")
    assert refused.value.code == "account-exists"


def test_guessing_pauses_the_account_and_the_pause_ends(world: World):
    for _ in range(accounts.FAILURES):
        with pytest.raises(Refusal) as refused:
            accounts.authenticate(world.state, "ada@example.org", "not the password")
        assert refused.value.code == "wrong-password"
    with pytest.raises(Refusal) as paused:
        accounts.authenticate(world.state, "ada@example.org", PASSWORD)
    assert paused.value.code == "too-many-attempts"
    assert 0 < int(paused.value.headers["Retry-After"]) <= accounts.WINDOW_S + 1
    world.time.now += accounts.WINDOW_S + 2
    assert accounts.authenticate(world.state, "ada@example.org", PASSWORD).id == world.listener.id


def test_an_unknown_address_is_answered_like_a_wrong_password(world: World):
    with pytest.raises(Refusal) as refused:
        accounts.authenticate(world.state, "nobody@example.org", PASSWORD)
    assert refused.value.code == "wrong-password"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "http://localhost:5123/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:5123/callback/../x",
        "http://127.0.0.1:5123/callback?x=1",
        "http://127.0.0.1:5123@evil.example/callback",
        "http://user@127.0.0.1:5123/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1.evil.example:80/callback",
        "",
    ],
)
def test_the_code_goes_nowhere_but_to_this_computer(uri: str):
    assert not oauth.allowed_redirect(uri)
    with pytest.raises(Refusal):
        oauth.check_authorisation({**QUERY, "redirect_uri": uri})


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "other"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"state": "x"},
    ],
)
def test_an_unprotected_request_is_refused(change: dict[str, str]):
    assert oauth.check_authorisation(QUERY) == QUERY
    with pytest.raises(Refusal) as refused:
        oauth.check_authorisation({**QUERY, **change})
    assert refused.value.code == "sign-in-refused"


def code_of(world: World) -> str:
    location = oauth.authorise(world.state, QUERY, "ada@example.org", PASSWORD, issuer="http://p")
    answer = parse_qs(urlsplit(location).query)
    assert answer["state"] == [QUERY["state"]]
    assert answer["iss"] == ["http://p"]
    return answer["code"][0]


def exchange(world: World, code: str, **change: str):
    form = {
        "client_id": CLIENT_ID,
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT,
        **change,
    }
    return oauth.token(world.state, form)


def test_a_code_gives_tokens_once_and_a_second_use_takes_them_back(world: World):
    code = code_of(world)
    made = exchange(world, code)
    header = f"Bearer {made.access_token}"
    assert tokens.bearer(world.state, header).id == world.listener.id
    with pytest.raises(oauth.OAuthError) as refused:
        exchange(world, code)
    assert refused.value.code == "invalid_grant"
    with pytest.raises(Refusal) as gone:
        tokens.bearer(world.state, header)
    assert gone.value.code == "signed-out"


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:5124/callback"},
        {"code": "x"},
    ],
)
def test_a_code_needs_its_verifier_and_its_redirect(world: World, change: dict[str, str]):
    code = code_of(world)
    with pytest.raises(oauth.OAuthError):
        exchange(world, change.pop("code", code), **change)


def test_a_code_ends(world: World):
    code = code_of(world)
    world.time.now += oauth.CODE_S + 1
    with pytest.raises(oauth.OAuthError):
        exchange(world, code)


@pytest.mark.parametrize("form", [{"client_id": "x"}, {"client_id": CLIENT_ID, "grant_type": "client_credentials"}])
def test_the_token_endpoint_knows_its_client_and_its_grants(world: World, form: dict[str, str]):
    with pytest.raises(oauth.OAuthError) as refused:
        oauth.token(world.state, form)
    assert refused.value.code in ("invalid_client", "unsupported_grant_type")


def test_refresh_rotates_and_a_copy_ends_the_session(world: World):
    first = exchange(world, code_of(world))
    second = tokens.refresh(world.state, first.refresh_token)
    assert second.refresh_token != first.refresh_token
    # An answer that was lost on the way is asked for again at once.
    third = tokens.refresh(world.state, first.refresh_token)
    world.time.now += tokens.GRACE_S + 1
    with pytest.raises(tokens.InvalidGrant):
        tokens.refresh(world.state, first.refresh_token)
    for each in (second, third):
        with pytest.raises(Refusal):
            tokens.bearer(world.state, f"Bearer {each.access_token}")


def test_an_access_token_ends_and_is_no_refresh_token(world: World):
    made = exchange(world, code_of(world))
    with pytest.raises(tokens.InvalidGrant):
        tokens.refresh(world.state, made.access_token)
    with pytest.raises(Refusal):
        tokens.bearer(world.state, f"Bearer {made.refresh_token}")
    world.time.now += tokens.ACCESS_S
    with pytest.raises(Refusal):
        tokens.bearer(world.state, f"Bearer {made.access_token}")


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic abc", "Bearer unknown"])
def test_no_token_is_signed_out(world: World, header: str | None):
    with pytest.raises(Refusal) as refused:
        tokens.bearer(world.state, header)
    assert refused.value.code == "signed-out"


def poll(world: World, code: DeviceCode):
    form = {"client_id": CLIENT_ID, "grant_type": DEVICE_GRANT, "device_code": code.device_code}
    return oauth.token(world.state, form)


def test_the_device_flow_waits_slows_down_and_lets_in_once(world: World):
    code = oauth.start_device(world.state, base_url="http://p")
    assert code.verification_uri_complete == f"http://p/device?user_code={code.user_code}"
    with pytest.raises(oauth.OAuthError) as pending:
        poll(world, code)
    assert pending.value.code == "authorization_pending"
    with pytest.raises(oauth.OAuthError) as slow:
        poll(world, code)
    assert slow.value.code == "slow_down"
    oauth.approve_device(world.state, code.user_code.lower().replace("-", " "), "ada@example.org", PASSWORD)
    assert tokens.bearer(world.state, f"Bearer {poll(world, code).access_token}").id == world.listener.id
    with pytest.raises(oauth.OAuthError) as gone:
        poll(world, code)
    assert gone.value.code == "invalid_grant"


def test_a_device_code_ends(world: World):
    code = oauth.start_device(world.state, base_url="http://p")
    world.time.now += oauth.DEVICE_S
    with pytest.raises(oauth.OAuthError) as ended:
        poll(world, code)
    assert ended.value.code == "expired_token"
    with pytest.raises(Refusal) as refused:
        oauth.approve_device(world.state, code.user_code, "ada@example.org", PASSWORD)
    assert refused.value.code == "code-unknown"


def browser(email: str, password: str, *, before: Callable[[str, dict[str, str]], None] | None = None):
    """A person in a browser: opens the page, fills in the form and follows to the listener."""
    problems: list[BaseException] = []

    def visit(url: str) -> None:
        try:
            query = dict(httpx.QueryParams(urlsplit(url).query))
            if before is not None:
                before(query["redirect_uri"], query)
            with httpx.Client(trust_env=False) as web:
                page = web.get(url)
                assert page.status_code == 200
                assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
                answer = web.post(url.split("?")[0], data={**query, "email": email, "password": password})
                if answer.status_code == 303:
                    assert "close this page" in web.get(answer.headers["location"]).text
        except BaseException as problem:
            problems.append(problem)
            raise

    def open_browser(url: str) -> None:
        threading.Thread(target=visit, args=(url,)).start()

    return open_browser, problems


def test_sign_in_in_the_browser(served: Served, somebody: Callable[[str], PlatformClient]):
    ada = served.account("ada@example.org")
    client = somebody("ada")
    open_browser, problems = browser("ada@example.org", PASSWORD)
    assert client.pkce_login(open_browser, turns=100).id == ada.id
    assert not problems
    assert client.known_account() == ada


def test_an_injected_answer_is_ignored_and_the_right_one_taken(
    served: Served, somebody: Callable[[str], PlatformClient]
):
    ada = served.account("ada@example.org")
    seen: list[int] = []

    def attack(redirect_uri: str, query: dict[str, str]) -> None:
        with httpx.Client(trust_env=False) as web:
            state, iss = query["state"], served.server.base_url
            wrong = [
                {"code": "stolen", "state": "guess", "iss": iss},
                {"code": "stolen"},
                {"code": "stolen", "state": state, "iss": "http://other.example"},
            ]
            seen.extend(web.get(redirect_uri, params=each).status_code for each in wrong)
            seen.append(web.get(redirect_uri.replace("/callback", "/other"), params=wrong[0]).status_code)
            twice = f"{redirect_uri}?state={state}&state={state}&code=x"
            seen.append(web.get(twice).status_code)
            seen.append(
                web.get(redirect_uri, params={"state": state, "code": "x"}, headers={"Host": "evil"}).status_code
            )

    open_browser, problems = browser("ada@example.org", PASSWORD, before=attack)
    client = somebody("ada")
    assert client.pkce_login(open_browser, turns=100).id == ada.id
    assert seen == [400, 400, 400, 404, 404, 404]
    assert not problems


def test_a_refusal_in_the_browser_and_a_stop_end_the_waiting(served: Served, somebody: Callable[[str], PlatformClient]):
    client = somebody("ada")

    def deny(url: str) -> None:
        query = dict(httpx.QueryParams(urlsplit(url).query))
        target = f"{query['redirect_uri']}?error=access_denied&state={query['state']}"
        threading.Thread(target=lambda: httpx.get(target, trust_env=False)).start()

    with pytest.raises(PlatformError) as refused:
        client.pkce_login(deny, turns=100)
    assert refused.value.code == "sign-in-refused"
    stop = threading.Event()
    stop.set()
    with pytest.raises(PlatformError) as stopped:
        client.pkce_login(lambda url: None, stop=stop)
    assert stopped.value.code == "sign-in-stopped"
    with pytest.raises(PlatformError) as late:
        client.pkce_login(lambda url: None, turns=1)
    assert late.value.code == "sign-in-timeout"


def test_the_form_escapes_and_says_what_was_wrong(served: Served):
    with httpx.Client(base_url=served.server.base_url, trust_env=False) as web:
        shown = web.get("/device", params={"user_code": '"><script>x'})
        assert "<script>" not in shown.text
        assert "&lt;script&gt;" in shown.text
        wrong = web.post("/oauth/authorize", data={**QUERY, "email": "a@b.c", "password": "x"})
        assert wrong.status_code == 401
        assert "not right" in wrong.text
        refused = web.get("/oauth/authorize", params={**QUERY, "redirect_uri": "https://evil.example/callback"})
        assert refused.status_code == 400
        assert "location" not in refused.headers
        unknown = web.post("/device", data={"user_code": "XXXX-XXXX", "email": "a@b.c", "password": "x"})
        assert unknown.status_code == 401


def test_the_device_login_shows_a_code_and_waits(served: Served, somebody: Callable[[str], PlatformClient]):
    ada = served.account("ada@example.org")
    client = somebody("ada")

    def show(code: DeviceCode) -> None:
        oauth.approve_device(served.state, code.user_code, "ada@example.org", PASSWORD)

    assert client.device_login(show).id == ada.id


def test_a_stopped_device_login_ends(served: Served, somebody: Callable[[str], PlatformClient]):
    stop = threading.Event()
    stop.set()
    with pytest.raises(PlatformError) as stopped:
        somebody("ada").device_login(lambda code: None, stop=stop)
    assert stopped.value.code == "sign-in-stopped"


def test_the_demo_account_signs_in_by_itself(served: Served, somebody: Callable[[str], PlatformClient]):
    client = somebody("demo")
    assert client.demo_login(served.server.demo_account).email == "demo@contrafact.example"
    assert client.signed_in


def test_a_wrong_password_has_a_name_and_a_remedy(served: Served, somebody: Callable[[str], PlatformClient]):
    served.account("ada@example.org")
    client = somebody("ada")
    with pytest.raises(PlatformError) as refused:
        client.password_login("ada@example.org", "not the password")
    assert (refused.value.code, client.signed_in) == ("wrong-password", False)
    for _ in range(accounts.FAILURES - 1):
        with pytest.raises(PlatformError):
            client.password_login("ada@example.org", "not the password")
    with pytest.raises(PlatformError) as paused:
        client.password_login("ada@example.org", PASSWORD)
    assert paused.value.code == "too-many-attempts"
    assert "seconds" in paused.value.remedy


def test_a_token_that_ended_is_refreshed_once_and_unseen(served: Served, client: PlatformClient):
    served.time.now += tokens.ACCESS_S + 1
    client.grants()
    assert client.signed_in
    served.time.now += tokens.REFRESH_S + 1
    with pytest.raises(PlatformError) as gone:
        client.grants()
    assert (gone.value.code, client.signed_in) == ("signed-out", False)


def test_signing_out_ends_the_session_on_both_sides(served: Served, client: PlatformClient):
    client.sign_out()
    assert client.known_account() is None
    with pytest.raises(PlatformError) as gone:
        client.account()
    assert gone.value.code == "signed-out"
    with served.state.db.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM tokens").scalar_one() == 0


def test_a_new_password_signs_everybody_out(world: World):
    made = exchange(world, code_of(world))
    accounts.set_password(world.state, world.listener.id, "another plain password")
    with pytest.raises(Refusal):
        tokens.bearer(world.state, f"Bearer {made.access_token}")
    assert accounts.authenticate(world.state, "ada@example.org", "another plain password").id == world.listener.id
