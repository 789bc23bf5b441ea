"""Where settings come from, which of them wins, and what is said of those that cannot be."""

import json
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clicksoap import Client, ConfigurationError, Retry, Secret, Timeout
from clicksoap.config import load
from clicksoap.protocol.arguments import ClientOptions

SECRET = "hunter2-s3cret"
BASE = {"CLICKSOAP_API_ID": "123456", "CLICKSOAP_USER": "acme", "CLICKSOAP_PASSWORD": SECRET}

Load = Callable[..., ClientOptions]


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    """Writes the configuration file."""
    path = tmp_path / "config.toml"

    def write(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)  # it may hold a password
        return path

    return write


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Loads with these variables and nothing else around."""

    def settings(variables: Mapping[str, str] | None = None, profile: str | None = None) -> ClientOptions:
        return load(profile, {"HOME": str(tmp_path), **(variables or {})})

    return settings


def password_of(settings: ClientOptions) -> str:
    password = settings["password"]
    assert isinstance(password, Secret)
    return password.reveal()


def test_the_environment_is_enough(loaded: Load) -> None:
    settings = loaded(BASE)
    assert settings.keys() == {"api_id", "user", "password"}
    assert (settings["api_id"], settings["user"], password_of(settings)) == ("123456", "acme", SECRET)


def test_every_setting_has_a_variable(loaded: Load) -> None:
    settings = loaded(
        {
            **BASE,
            "CLICKSOAP_ENDPOINT": "https://sms.example",
            "CLICKSOAP_BINDING": "rpc_encoded",
            "CLICKSOAP_AUTH": "credentials",
            "CLICKSOAP_PROXY": "http://proxy.example:3128",
            "CLICKSOAP_CA": "/etc/ca.pem",
            "CLICKSOAP_CLIENT_CERT": "/etc/cert.pem",
            "CLICKSOAP_CLIENT_KEY": "/etc/key.pem",
            "CLICKSOAP_REGION": "ZA",
            "CLICKSOAP_SENDER": "Acme",
            "CLICKSOAP_HTTP_METHOD": "GET",
            "CLICKSOAP_ALLOW_PLAINTEXT": "yes",
            "CLICKSOAP_MAX_RECIPIENTS": "100",
            "CLICKSOAP_TIMEOUT": '{"connect": 1, "total": 9.5}',
            "CLICKSOAP_HEADERS": '{"X-Team": "billing"}',
            "CLICKSOAP_RETRY": '{"attempts": 2, "first_pause": 0.1}',
            "CLICKSOAP_DEADLINE": "7.5",
            "CLICKSOAP_LOG_CONTENT": "no",
            "CLICKSOAP_WSDL": "/etc/gateway.wsdl",
            "CLICKSOAP_USER_AGENT_EXTRA": "billing/1",
        }
    )
    assert settings.keys() == ClientOptions.__annotations__.keys() - {"on_exchange"}
    del settings["password"]
    assert settings == {
        "api_id": "123456",
        "user": "acme",
        "endpoint": "https://sms.example",
        "binding": "rpc_encoded",
        "auth": "credentials",
        "proxy": "http://proxy.example:3128",
        "ca": "/etc/ca.pem",
        "client_cert": ("/etc/cert.pem", "/etc/key.pem"),
        "region": "ZA",
        "sender": "Acme",
        "http_method": "GET",
        "allow_plaintext": True,
        "max_recipients": 100,
        "timeout": Timeout(connect=1, total=9.5),
        "headers": {"X-Team": "billing"},
        "retry": Retry(attempts=2, first_pause=0.1),
        "deadline": 7.5,
        "log_content": False,
        "wsdl": "/etc/gateway.wsdl",
        "user_agent_extra": "billing/1",
    }


def test_every_setting_has_a_key_in_the_file(loaded: Load, toml: Callable[[str], Path]) -> None:
    path = toml(
        f"""
        [default]
        api_id = 123456
        user = "acme"
        password = "{SECRET}"
        endpoint = "https://sms.example"
        binding = "rpc_encoded"
        auth = "credentials"
        proxy = "http://proxy.example:3128"
        ca = "/etc/ca.pem"
        client_cert = "/etc/both.pem"
        region = "ZA"
        sender = "Acme"
        http_method = "POST"
        allow_plaintext = false
        max_recipients = 100
        timeout = {{ connect = 1, total = 9.5 }}
        retry = {{ attempts = 2 }}
        deadline = 30
        log_content = true
        wsdl = "/etc/gateway.wsdl"
        user_agent_extra = "billing/1"

        [default.headers]
        X-Team = "billing"
        """
    )
    settings = loaded({"CLICKSOAP_CONFIG": str(path)})
    assert password_of(settings) == SECRET
    del settings["password"]
    assert settings == {
        "api_id": 123456,
        "user": "acme",
        "endpoint": "https://sms.example",
        "binding": "rpc_encoded",
        "auth": "credentials",
        "proxy": "http://proxy.example:3128",
        "ca": "/etc/ca.pem",
        "client_cert": "/etc/both.pem",
        "region": "ZA",
        "sender": "Acme",
        "http_method": "POST",
        "allow_plaintext": False,
        "max_recipients": 100,
        "timeout": Timeout(connect=1, total=9.5),
        "headers": {"X-Team": "billing"},
        "retry": Retry(attempts=2),
        "deadline": 30,
        "log_content": True,
        "wsdl": "/etc/gateway.wsdl",
        "user_agent_extra": "billing/1",
    }


def test_each_place_wins_over_the_next(loaded: Load, toml: Callable[[str], Path], tmp_path: Path) -> None:
    path = toml('[default]\napi_id = 1\nuser = "from the profile"\npassword = "x"\npassword_file = "/nowhere"\n')
    for name in ("own", "vendor"):
        (tmp_path / name).write_text(f"from the {name} file\n")
    places = {
        "CLICKSOAP_USER": "from the variable",
        "CLICKSOAP_USER_FILE": str(tmp_path / "own"),
        "CLICKATELL_USER": "from the vendor's variable",
        "CLICKATELL_USER_FILE": str(tmp_path / "vendor"),
    }
    found = []
    while places:
        found.append(loaded({**places, "CLICKSOAP_CONFIG": str(path)})["user"])
        del places[next(iter(places))]
    found.append(loaded({"CLICKSOAP_CONFIG": str(path)})["user"])
    assert found == [
        "from the variable",
        "from the own file",
        "from the vendor's variable",
        "from the vendor file",
        "from the profile",
    ]
    assert password_of(loaded({"CLICKSOAP_CONFIG": str(path)})) == "x"


def test_the_vendors_variables_hold_credentials_and_nothing_else(loaded: Load) -> None:
    variables = {"CLICKATELL_API_ID": "7", "CLICKATELL_USER": "old", "CLICKATELL_PASSWORD": SECRET}
    settings = loaded({**variables, "CLICKATELL_ENDPOINT": "https://elsewhere.example"})
    assert settings.keys() == {"api_id", "user", "password"}
    assert (settings["api_id"], settings["user"], password_of(settings)) == ("7", "old", SECRET)


def test_an_empty_variable_is_none(loaded: Load) -> None:
    settings = loaded({**BASE, "CLICKSOAP_USER": "", "CLICKATELL_USER": "old", "CLICKSOAP_ENDPOINT": ""})
    assert settings["user"] == "old"
    assert "endpoint" not in settings


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_the_line_break_at_the_end_of_a_secrets_file_is_not_of_it(loaded: Load, tmp_path: Path, ending: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f" {SECRET} é{ending}".encode())
    variables = {name: value for name, value in BASE.items() if name != "CLICKSOAP_PASSWORD"}
    assert password_of(loaded({**variables, "CLICKSOAP_PASSWORD_FILE": str(file)})) == f" {SECRET} é"


def test_any_setting_may_stand_in_a_file(loaded: Load, toml: Callable[[str], Path], tmp_path: Path) -> None:
    for name, value in {"plain": "false", "most": "25", "headers": '{"X-Team": "billing"}'}.items():
        (tmp_path / name).write_text(f"{value}\n")
    expected = {"allow_plaintext": False, "max_recipients": 25, "headers": {"X-Team": "billing"}}
    names = {"allow_plaintext": "plain", "max_recipients": "most", "headers": "headers"}
    by_variable = {f"CLICKSOAP_{name.upper()}_FILE": str(tmp_path / file) for name, file in names.items()}
    assert loaded({**BASE, **by_variable}).items() >= expected.items()
    path = toml("[default]\n" + "".join(f'{name}_file = "{tmp_path / file}"\n' for name, file in names.items()))
    assert loaded({**BASE, "CLICKSOAP_CONFIG": str(path)}).items() >= expected.items()


def test_profiles_are_chosen_by_argument_then_by_variable_then_by_default(
    loaded: Load, toml: Callable[[str], Path]
) -> None:
    path = toml('[default]\nuser = "d"\n[prod]\nuser = "p"\n["a.b"]\nuser = "dotted"\n')
    variables = {"CLICKSOAP_API_ID": "1", "CLICKSOAP_PASSWORD": SECRET, "CLICKSOAP_CONFIG": str(path)}
    assert loaded(variables)["user"] == "d"
    assert loaded({**variables, "CLICKSOAP_PROFILE": ""})["user"] == "d"
    assert loaded({**variables, "CLICKSOAP_PROFILE": "prod"})["user"] == "p"
    assert loaded({**variables, "CLICKSOAP_PROFILE": "prod"}, "default")["user"] == "d"
    assert loaded(variables, "a.b")["user"] == "dotted"


def test_the_file_is_looked_for_in_the_users_configuration_folder(loaded: Load, tmp_path: Path) -> None:
    for folder, name in ((".config", "home"), ("xdg", "xdg"), ("appdata", "appdata")):
        file = tmp_path / folder / "clicksoap/config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f'[default]\nsender = "{name}"\n')
    assert loaded(BASE)["sender"] == "home"
    assert loaded({**BASE, "XDG_CONFIG_HOME": str(tmp_path / "xdg")})["sender"] == "xdg"


def test_on_windows_the_folder_is_that_of_windows(
    loaded: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clicksoap/config.toml"
    file.parent.mkdir()
    file.write_text('[default]\nsender = "windows"\n')
    monkeypatch.setattr("clicksoap.config.os.name", "nt")
    monkeypatch.setattr("clicksoap.config.Path", type(file))  # of this system: the other cannot be made here
    assert loaded({**BASE, "APPDATA": str(tmp_path)})["sender"] == "windows"


def test_no_file_is_no_problem_and_neither_is_one_without_the_default_profile(
    loaded: Load, toml: Callable[[str], Path], tmp_path: Path
) -> None:
    assert loaded(BASE)["user"] == "acme"
    assert loaded({**BASE, "CLICKSOAP_CONFIG": str(toml('[prod]\nuser = "p"\n'))})["user"] == "acme"
    (tmp_path / ".config").write_text("a file where a folder is looked for")
    assert loaded(BASE)["user"] == "acme"


@pytest.mark.parametrize("name", ["api_id", "user", "password"])
def test_the_error_for_a_missing_one_names_all_places(loaded: Load, tmp_path: Path, name: str) -> None:
    variables = {key: value for key, value in BASE.items() if key != f"CLICKSOAP_{name.upper()}"}
    with pytest.raises(ConfigurationError) as missing:
        loaded(variables)
    told = str(missing.value)
    upper = name.upper()
    for place in (
        f"no {name}: set CLICKSOAP_{upper}, CLICKSOAP_{upper}_FILE, CLICKATELL_{upper} or CLICKATELL_{upper}_FILE",
        f"{name} or {name}_file under [default] in {tmp_path / '.config/clicksoap/config.toml'}",
    ):
        assert place in told
    assert SECRET not in told


def test_the_error_for_a_missing_one_names_the_profile_that_was_asked_for(
    loaded: Load, toml: Callable[[str], Path]
) -> None:
    path = toml("[prod]\n")
    with pytest.raises(ConfigurationError, match=rf"under \[prod\] in {re.escape(str(path))}"):
        loaded({"CLICKSOAP_CONFIG": str(path)}, "prod")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[default]\npassword = "{SECRET}\n', "is not TOML in UTF-8"),
        (f"[default]\npassword = {SECRET}\n", "is not TOML in UTF-8"),
        (f'[default]\npassword = "{SECRET}"\npassword = "{SECRET}"\n', "is not TOML in UTF-8"),
        (f'default = "{SECRET}"\n', r"default in .* is not a table: write \[default\]"),
        (
            f'[default]\npasword = "{SECRET}"\n',
            r"'pasword' in .* is not a known setting: use one of allow_plaintext, api_id, ",
        ),
        (f'[default]\npasword_file = "{SECRET}"\n', "'pasword' in .* is not a known setting"),
        (f'[default]\npassword = ["{SECRET}"]\n', "password in .* is not a text: put it in quotes"),
        ("[default]\npassword = 12345678\n", "password in .* is not a text: put it in quotes"),
        ("[default]\nuser = true\n", "user in .* is not a text: put it in quotes"),
        ("[default]\nclient_cert = 5\n", "client_cert in .* is not a text: put it in quotes"),
        ('[default]\nclient_key = ["a"]\n', "client_key in .* is not a text: put it in quotes"),
        ('[default]\nallow_plaintext = "perhaps"\n', "allow_plaintext in .* is neither true nor false"),
        ("[default]\nallow_plaintext = 2\n", "allow_plaintext in .* is neither true nor false"),
        ('[default]\nmax_recipients = "many"\n', "max_recipients in .* is not a whole number"),
        ("[default]\nmax_recipients = 1.5\n", "max_recipients in .* is not a whole number"),
        ("[default]\ntimeout = 5\n", "timeout is not a table"),
        ("[default]\ntimeout = { conect = 5 }\n", "timeout has an unknown key: give connect, read and total"),
        ("[default]\ntimeout = { connect = -5 }\n", r"Timeout\(connect=\.\.\.\) is not a positive number"),
        ("[default]\nretry = 5\n", 'retry is not a table: in the environment, give JSON such as {"attempts": 4}'),
        (
            "[default]\nretry = { tries = 5 }\n",
            "retry has an unknown key: give attempts, first_pause, longest_pause and longest_retry_after",
        ),
        ("[default]\nretry = { attempts = 0 }\n", r"Retry\(attempts=\.\.\.\) is not a whole number from 1"),
        ("[default]\nlog_content = 2\n", "log_content in .* is neither true nor false"),
        ('[default]\ndeadline = "soon"\n', "deadline in .* is not a number of seconds: give one, such as 30"),
        ("[default]\npassword_file = 5\n", "password_file in .* is not a text: put it in quotes"),
        ('[default]\npassword_file = "a\\u0000b"\n', "password_file in .* names has no possible name: give a path"),
        ('[default]\ntimeout = { connect = "5" }\n', r"Timeout\(connect=\.\.\.\) is not a positive number"),
        ("[default]\nheaders = []\n", "headers is not a table"),
        ('[default]\nclient_key = "/k.pem"\n', "client_key is set without client_cert"),
        ('[default]\npassword_file = "/nowhere/secret"\n', "password_file in .* names cannot be read: No such file"),
    ],
    ids=range(29),
)
def test_what_cannot_be_in_the_file_is_told_without_quoting_it(
    loaded: Load, toml: Callable[[str], Path], text: str, words: str
) -> None:
    path = toml(text)
    variables = {**BASE, "CLICKSOAP_CONFIG": str(path)}
    if "password" in text or "user" in text:
        variables = {"CLICKSOAP_CONFIG": str(path), "CLICKSOAP_API_ID": "1"}
    with pytest.raises(ConfigurationError, match=words) as wrong:
        loaded(variables)
    _shows_no_secret(wrong.value, SECRET, "12345678")


def _shows_no_secret(error: BaseException, *secrets: str) -> None:
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        shown = f"{at} {at!r} {at.args} {vars(at)} {getattr(at, 'object', '')}"
        assert not any(secret in shown for secret in secrets)
        at = at.__cause__ or at.__context__  # what is never printed ("from None") is still there to be collected


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"CLICKSOAP_ALLOW_PLAINTEXT": "maybe"}, "CLICKSOAP_ALLOW_PLAINTEXT is neither true nor false"),
        ({"CLICKSOAP_MAX_RECIPIENTS": "-5"}, "CLICKSOAP_MAX_RECIPIENTS is not a whole number"),
        ({"CLICKSOAP_MAX_RECIPIENTS": "٣"}, "CLICKSOAP_MAX_RECIPIENTS is not a whole number"),
        ({"CLICKSOAP_TIMEOUT": "5"}, 'timeout is not a table: in the environment, give JSON such as {"total": 60}'),
        ({"CLICKSOAP_TIMEOUT": "{"}, "timeout is not a table"),
        ({"CLICKSOAP_TIMEOUT": '{"all": 5}'}, "timeout has an unknown key"),
        ({"CLICKSOAP_HEADERS": f"Authorization: {SECRET}"}, "headers is not a table"),
        ({"CLICKSOAP_HEADERS": f'["{SECRET}"]'}, "headers is not a table"),
        ({"CLICKSOAP_CLIENT_KEY": "/key.pem"}, "client_key is set without client_cert"),
        ({"CLICKSOAP_PROFILE": "prod"}, "there is no profile 'prod': .* does not exist"),
        ({"CLICKSOAP_CONFIG": "/nowhere/clicksoap.toml"}, "CLICKSOAP_CONFIG names /nowhere/clicksoap.toml, which does"),
        ({"CLICKSOAP_CONFIG": "/"}, "/ cannot be read: Is a directory"),
        ({"CLICKSOAP_ENDPOINT_FILE": "/nowhere/x"}, "the file that CLICKSOAP_ENDPOINT_FILE names cannot be read: No"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_in_the_environment_is_told_by_name(loaded: Load, variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as wrong:
        loaded({**BASE, **variables})
    _shows_no_secret(wrong.value, SECRET)


@pytest.mark.parametrize("place", ["CLICKSOAP_PASSWORD_FILE", "CLICKATELL_PASSWORD_FILE", "CLICKSOAP_CONFIG"])
def test_a_file_in_another_encoding_is_told(loaded: Load, tmp_path: Path, place: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f'[default]\npassword = "{SECRET}\xe9"'.encode("latin-1"))
    variables = {name: value for name, value in BASE.items() if name != "CLICKSOAP_PASSWORD"}
    with pytest.raises(ConfigurationError, match="UTF-8") as wrong:
        loaded({**variables, place: str(file)})
    _shows_no_secret(wrong.value, SECRET)


def test_a_profile_that_is_not_there_is_told_with_those_that_are(loaded: Load, toml: Callable[[str], Path]) -> None:
    path = toml('[default]\n[prod]\npassword = "x"\n[test]\n')
    with pytest.raises(ConfigurationError, match=r"there is no profile 'pord' in .*; it has default, prod, test"):
        loaded({**BASE, "CLICKSOAP_CONFIG": str(path)}, "pord")


@pytest.mark.parametrize(
    ("written", "flag"),
    [
        *((yes, True) for yes in ("1", "true", "TRUE", "yes", "on")),
        *((no, False) for no in ("0", "false", "No", "off")),
    ],
)
def test_a_flag_is_written_in_any_common_way(loaded: Load, written: str, flag: bool) -> None:  # noqa: FBT001 - the datum
    assert loaded({**BASE, "CLICKSOAP_ALLOW_PLAINTEXT": written})["allow_plaintext"] is flag


def test_the_password_hides_itself() -> None:
    secret = Secret(SECRET)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{[secret]}", "%s" % secret):  # noqa: UP031 - too
        assert SECRET not in shown
    assert secret.reveal() == SECRET


def test_settings_show_no_password(loaded: Load) -> None:
    settings: Any = loaded(BASE)
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_a_misspelt_variable_is_refused_by_name(loaded: Load) -> None:
    with pytest.raises(ConfigurationError, match="CLICKSOAP_ENDPONT is not a known setting"):
        loaded({"CLICKSOAP_ENDPONT": "https://sms.example"})


# What Kubernetes injects for the services clicksoap and clicksoap-simulator, each with a port that has a name.
SERVICE_LINKS = {
    f"{prefix}_{name}": value
    for prefix in ("CLICKSOAP", "CLICKSOAP_SIMULATOR", "CLICKSOAP_PASSWORD")
    for name, value in {
        "SERVICE_HOST": "10.0.171.239",
        "SERVICE_PORT": "8443",
        "SERVICE_PORT_HTTPS": "8443",
        "SERVICE_PORT_METRICS_V2": "9090",
        "PORT": "tcp://10.0.171.239:8443",
        "PORT_8443_TCP": "tcp://10.0.171.239:8443",
        "PORT_8443_TCP_PROTO": "tcp",
        "PORT_8443_TCP_PORT": "8443",
        "PORT_8443_TCP_ADDR": "10.0.171.239",
        "PORT_53_UDP_ADDR": "10.0.171.239",
    }.items()
}


def test_the_variables_of_services_of_that_name_are_no_settings(loaded: Load) -> None:
    assert loaded({**BASE, **SERVICE_LINKS}).keys() == {"api_id", "user", "password"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CLICKSOAP_PORT", "8443"),
        ("CLICKSOAP_SIMULATOR_PORT", "8025"),
        ("CLICKSOAP_HOST", "10.0.171.239"),
        ("CLICKSOAP_SERVICE", "10.0.171.239"),
        ("CLICKSOAP_PORT_TCP", "tcp://10.0.171.239:8443"),
        ("CLICKSOAP_PASWORD", "x"),
        ("CLICKSOAP_ENDPOINT_URL", "https://sms.example"),
    ],
)
def test_what_is_neither_a_setting_nor_of_a_service_is_refused(loaded: Load, variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} is not a known setting"):
        loaded({**BASE, **SERVICE_LINKS, variable: value})


@pytest.mark.parametrize(
    ("before", "behind"),
    [("\ufeff", ""), ("", "\r\n"), ("\n", "\n"), ("\ufeff", "\r\n"), ("\r\n\ufeff", "\ufeff\n")],
    ids=ascii,
)
def test_what_editors_and_shells_put_around_a_value_is_not_of_it(
    loaded: Load, toml: Callable[[str], Path], tmp_path: Path, before: str, behind: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{before} {SECRET} {behind}", encoding="utf-8")
    around = {name: f"{before}{value}{behind}" for name, value in BASE.items() if name != "CLICKSOAP_PASSWORD"}
    settings = loaded({**around, "CLICKSOAP_PASSWORD_FILE": f"{before}{file}{behind}"})
    assert (settings["api_id"], settings["user"], password_of(settings)) == ("123456", "acme", f" {SECRET} ")

    inside = json.dumps(f"{before}{SECRET}{behind}")
    path = toml(f'\ufeff[prod]\r\napi_id = 1\r\nuser = "acme"\r\npassword = {inside}\r\n')
    named = {"CLICKSOAP_CONFIG": f"{before}{path}{behind}", "CLICKSOAP_PROFILE": f"{before}prod{behind}"}
    assert password_of(loaded(named)) == SECRET
    assert loaded({**BASE, "CLICKSOAP_ENDPOINT": before + behind}).keys() == {"api_id", "user", "password"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_of_a_windows_shell_is_read(loaded: Load, tmp_path: Path, encoding: str) -> None:
    file, config = tmp_path / "secret", tmp_path / "config.toml"
    file.write_bytes(f"\ufeff{SECRET} é\r\n".encode(encoding))
    config.write_bytes(f'\ufeff[default]\napi_id = 1\nuser = "acme"\npassword_file = "{file}"\n'.encode(encoding))
    assert password_of(loaded({"CLICKSOAP_CONFIG": str(config)})) == f"{SECRET} é"


def test_an_argument_of_the_program_wins_over_its_setting_also_where_it_is_none() -> None:
    variables = {
        **BASE,
        "CLICKSOAP_PROXY": "http://proxy.example:3128",
        "CLICKSOAP_TIMEOUT": '{"total": 9}',
        "CLICKSOAP_CLIENT_CERT": "/cert.pem",
        "CLICKSOAP_CLIENT_KEY": "/key.pem",
    }
    given: ClientOptions = {"proxy": None, "timeout": Timeout(total=5), "retry": None, "client_cert": "/both.pem"}
    settings = load(None, variables, given)
    assert settings.items() >= given.items()
    assert (settings["user"], password_of(settings)) == ("acme", SECRET)


def test_what_the_program_gives_is_not_looked_for() -> None:
    given: ClientOptions = {"api_id": 7, "user": "other", "password": "own"}
    assert load(None, {"CLICKSOAP_PASSWORD_FILE": "/nowhere", "HOME": "/nowhere"}, given) == given


def test_an_argument_that_no_client_has_is_refused_by_name() -> None:
    wrong: Any = {"time_out": 5}
    with pytest.raises(ConfigurationError, match=r"from_config\(\) has no argument .time_out.: give any"):
        load(None, BASE, wrong)


@pytest.mark.parametrize("profile", [[], {}, b"prod", 5])
def test_a_profile_that_is_no_name_is_refused(profile: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"profile= is {type(profile).__name__}: give the name of a table"):
        load(profile, BASE)


@pytest.mark.parametrize(
    "place", ["CLICKSOAP_PASSWORD", "CLICKATELL_PASSWORD", "CLICKSOAP_PASSWORD_FILE", "file", "argument"]
)
def test_no_local_variable_of_a_frame_holds_the_password(
    monkeypatch: pytest.MonkeyPatch, toml: Callable[[str], Path], tmp_path: Path, place: str
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    path = toml(f'[default]\npassword = "{SECRET}"\n' if place == "file" else "")
    value = str(tmp_path / "secret") if place.endswith("_FILE") else SECRET
    for name, content in {**BASE, "CLICKSOAP_CONFIG": str(path), "CLICKSOAP_PASSWORD": "", place: value}.items():
        monkeypatch.setenv(name, content)
    given: dict[str, Any] = {"password": SECRET} if place == "argument" else {}
    wrong: dict[str, Any]
    for wrong in ({"TIMEOUT": "5"}, {"USER": ""}, {"DEADLINE": "soon"}, {"USR": "acme"}, {"PROFILE": "prod"}):
        with monkeypatch.context() as patch:
            for name, content in wrong.items():
                patch.setenv(f"CLICKSOAP_{name}", content)
            with pytest.raises(ConfigurationError) as refused:
                Client.from_config(**given)
        for frame, _ in traceback.walk_tb(refused.value.__traceback__):
            if frame.f_globals.get("__name__", "").startswith("clicksoap"):  # the test itself knows it
                assert SECRET not in repr(frame.f_locals)
