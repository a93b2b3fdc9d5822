"""Notifications: told at least once, recognisable as the same, to nobody else, and no secret is ever shown."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from conftest import PROJECT, many
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from lastro.notify.deliver import deliver
from lastro.notify.mail import Smtp
from lastro.notify.message import EVENTS, Closing, Message, brazilian, notification_id, render
from lastro.notify.patience import Patience, Refused, Unreachable
from lastro.notify.senders import Console, Folder
from lastro.notify.settings import configured_senders, read_senders
from lastro.notify.webhook import Webhook
from lastro.reasons import read_reasons
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

PASSWORD = "correct-horse-battery"
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, yes").decode()

REJECTED = Closing(
    id_lote="cartoes-20240205-0001",
    sequencia=5,
    evento="concluido_com_rejeicoes",
    ocorrido_em=datetime(2024, 2, 5, 9, 0, 0, 123456, timezone(timedelta(hours=-3))),
    id_cliente="cartoes",
    arquivo="cartoes/tb_faturas_202401.csv",
    linhas_recebidas=12345,
    linhas_processadas=12300,
    linhas_com_falha=45,
    valor_recebido=Decimal("1234567.80"),
    valor_processado=Decimal("1230000"),
    avisos=("missing", "zero_perdido"),
    share_over_limit="Foram rejeitadas 0,36% das linhas, mais que o limite de 0,10%.",
)
REFUSED = Closing(
    id_lote="cartoes-20240205-0002",
    sequencia=3,
    evento="recusado",
    ocorrido_em=datetime(2024, 2, 5, 12, 0, tzinfo=UTC),
    id_cliente="cartoes",
    arquivo="cartoes/faturas.csv",
    motivo="unbalanced_quote",
    mensagem="linha 7, coluna 3",
)


class Waits(list[float]):
    """The seconds that a sender would have waited."""

    def patience(self, **options: Any) -> Patience:
        return Patience(sleep=self.append, **options)


@pytest.fixture
def waits() -> Waits:
    return Waits()


# What it says


def test_it_says_what_happened_and_what_to_do() -> None:
    assert render(REJECTED).text == (
        "Arquivo processado com rejeições: cartoes/tb_faturas_202401.csv\n"
        "\n"
        "O arquivo foi processado, mas há linhas rejeitadas.\n"
        "\n"
        "Atenção: Foram rejeitadas 0,36% das linhas, mais que o limite de 0,10%.\n"
        "Aviso: Uma célula obrigatória está vazia. (missing)\n"
        "Aviso: zero_perdido\n"
        "O que fazer: Corrija as linhas rejeitadas e reenvie-as."
        " A quarentena mostra cada uma, com o motivo e a correção.\n"
        "\n"
        "Linhas recebidas: 12.345\n"
        "Linhas processadas: 12.300\n"
        "Linhas com falha: 45\n"
        "Valor recebido: R$ 1.234.567,80\n"
        "Valor processado: R$ 1.230.000,00\n"
        "\n"
        "Lote: cartoes-20240205-0001\n"
        "Remetente: cartoes\n"
        "Quando: 05/02/2024 12:00:00 UTC\n"
        "Notificação: cartoes-20240205-0001-05-concluido_com_rejeicoes"
        " (se chegar outra vez com este número, é a mesma)\n"
    )
    assert json.loads(render(REJECTED).json) == {
        "versao": 1,
        "id": "cartoes-20240205-0001-05-concluido_com_rejeicoes",
        "evento": "concluido_com_rejeicoes",
        "id_lote": "cartoes-20240205-0001",
        "sequencia": 5,
        "ocorrido_em": "2024-02-05T12:00:00.123456Z",
        "id_cliente": "cartoes",
        "arquivo": "cartoes/tb_faturas_202401.csv",
        "motivo": None,
        "significado": None,
        "mensagem": None,
        "o_que_fazer": "Corrija as linhas rejeitadas e reenvie-as."
        " A quarentena mostra cada uma, com o motivo e a correção.",
        "linhas_recebidas": 12345,
        "linhas_processadas": 12300,
        "linhas_com_falha": 45,
        "valor_recebido": "1234567.80",
        "valor_processado": "1230000.00",
        "avisos": ["missing", "zero_perdido"],
        "acima_do_limite": "Foram rejeitadas 0,36% das linhas, mais que o limite de 0,10%.",
    }


def test_a_reason_comes_with_its_words() -> None:
    words = read_reasons("pt_BR")["unbalanced_quote"]
    message = render(REFUSED)
    assert f"Motivo: {words.meaning} (unbalanced_quote)\nDetalhes: linha 7, coluna 3\n" in message.text
    assert f"O que fazer: {words.remedy}\n" in message.text
    facts = json.loads(message.json)
    assert (facts["significado"], facts["o_que_fazer"]) == words
    unknown = render(replace(REFUSED, motivo="arquivo_estranho"))
    assert "Motivo: arquivo_estranho\n" in unknown.text
    assert "O que fazer: Corrija o arquivo e envie-o novamente.\n" in unknown.text


closings = st.builds(
    Closing,
    id_lote=st.text(max_size=150),
    sequencia=st.integers(1, 1000),
    evento=st.sampled_from(sorted(EVENTS)),
    ocorrido_em=st.datetimes(timezones=st.just(UTC)),
    id_cliente=st.text(max_size=12),
    arquivo=st.text(st.characters(), max_size=40)
    | st.sampled_from(["a\r\nBcc: x@y.z", "\x1b[2Ja", "\udcff"]),
    motivo=st.none() | st.text(max_size=12) | st.sampled_from(["missing", "id:missing"]),
    mensagem=st.none() | st.text(max_size=40),
    linhas_recebidas=st.none() | st.integers(0, 10**12),
    valor_recebido=st.none() | st.decimals(-(10**16), 10**16, places=2),
    avisos=st.lists(st.text(max_size=5), max_size=3).map(tuple),
)


@many
@given(closing=closings)
def test_the_same_closing_is_the_same_message(closing: Closing) -> None:
    message = render(closing)
    assert message == render(replace(closing))
    # It is a file name, a Message-ID and a webhook-id as it is.
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,160}", message.id)
    assert message.subject.isprintable() and message.text.replace("\n", "").isprintable()
    assert json.loads(message.json.encode())["id"] == message.id


@many
@given(one=closings, other=closings)
def test_other_closings_have_other_ids(one: Closing, other: Closing) -> None:
    def key(closing: Closing) -> tuple:
        return closing.id_lote, closing.sequencia, closing.evento

    assert (notification_id(one) == notification_id(other)) == (key(one) == key(other))
    again = replace(one, sequencia=one.sequencia + 1)
    assert notification_id(again) != notification_id(one)


def test_names_that_look_the_same_when_cleaned_have_other_ids() -> None:
    ids = {notification_id(replace(REFUSED, id_lote=name)) for name in ("a b", "a.b", "a/b", "a_b", "á_b")}
    assert len(ids) == 5


@many
@given(amount=st.decimals(-(10**30), 10**30, places=2) | st.decimals(-100, 100, places=4) | st.integers())
def test_a_brazilian_amount_reads_back_as_it_was(amount: Decimal) -> None:
    amount = Decimal(amount)
    text = brazilian(amount)
    assert re.fullmatch(r"-?[0-9]{1,3}([.][0-9]{3})*,[0-9]{2,}", text)
    assert Decimal(text.replace(".", "").replace(",", ".")) == amount
    assert amount or not text.startswith("-")


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234.56", "1.234,56"), ("-1234567.5", "-1.234.567,50"), ("1E+3", "1.000,00"), ("-0.00", "0,00")],
)
def test_brazilian_amounts(amount: str, text: str) -> None:
    assert brazilian(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"evento": "aceito"}, "'aceito' ends no batch"),
        ({"ocorrido_em": datetime(2024, 2, 5)}, "has no time zone"),
        ({"valor_recebido": Decimal("NaN")}, "NaN is not an amount"),
    ],
)
def test_facts_that_cannot_be_told_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(REFUSED, **change)


# Console and folder


def test_the_console_shows_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    Console().send(render(replace(REFUSED, arquivo="a\x1b[2J.csv")))
    out = capsys.readouterr().out
    assert "Arquivo recusado: a [2J.csv" in out and "\x1b" not in out


def test_a_closed_console_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(ConnectionError, match=r"console: the text could not be printed: .*No space"):
            Console().send(render(REFUSED))
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.close()


def test_a_folder_holds_each_message_once(tmp_path: Path) -> None:
    folder, message = Folder(path=tmp_path / "out"), render(REFUSED)
    folder.send(message)
    folder.send(message)
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.path.iterdir()} == {
        f"{message.id}.txt": message.text,
        f"{message.id}.json": message.json,
    }


def test_a_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConnectionError, match=r"arquivo: .* could not be written: No space left on device"):
        Folder(path=tmp_path).send(render(REFUSED))
    assert list(tmp_path.iterdir()) == []


# Mail


class Inbox:
    """What a mail server does: its answers to come, and the mails it accepted."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.mails: list[tuple[list[str], bytes]] = []
        self.logins: list[tuple[bytes, bytes]] = []

    def _next(self, key: str, default: str) -> str:
        answers = self.answers.get(key, [])
        return answers.pop(0) if answers else default

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: Any) -> str:
        answer = self._next(to, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(to)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self._next("DATA", "250 OK")
        if answer.startswith("250"):
            self.mails.append((list(envelope.rcpt_tos), envelope.content))
        return answer

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        return self._next("QUIT", "221 Bye")

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        if data.password == PASSWORD.encode():
            return AuthResult(success=True)
        return AuthResult(
            success=False, handled=False, message=f"535 no user with password {data.password.decode()}"
        )


class MailServer(Controller):
    """A server on any free port."""

    def _trigger_server(self) -> None:
        # The parent connects to the port that it was given, which is 0.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    answers: dict[str, list[str]] | None = None, **options: Any
) -> Iterator[tuple[Inbox, dict[str, Any]]]:
    inbox = Inbox(answers or {})
    server = MailServer(inbox, "127.0.0.1", 0, authenticator=inbox.authenticate, **options)
    server.start()
    try:
        yield inbox, {"host": "127.0.0.1", "port": server.port, "sender": "lastro@empresa.com.br"}
    finally:
        server.stop()


def one_mail(inbox: Inbox) -> email.message.EmailMessage:
    ((_, content),) = inbox.mails
    return email.message_from_bytes(content, policy=email.policy.default)


TO = {"recipients": ("arquivos@cartoes.com.br",), "tls": "offered"}


def test_a_mail_holds_both_forms_under_the_id(waits: Waits) -> None:
    message = render(REFUSED)
    with mail_server() as (inbox, where):
        Smtp(**where, **TO, patience=waits.patience()).send(message)
    mail = one_mail(inbox)
    assert mail["Message-ID"] == f"<{message.id}@empresa.com.br>"
    assert mail["Subject"] == message.subject
    assert (mail["From"], mail["To"]) == ("lastro@empresa.com.br", "arquivos@cartoes.com.br")
    assert mail.get_body().get_content().replace("\r\n", "\n") == message.text
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "application/json"
    assert attached.get_filename() == f"{message.id}.json"
    assert attached.get_content() == message.json.encode()
    assert waits == []


def test_a_long_id_is_written_as_it_is(waits: Waits) -> None:
    message = render(replace(REFUSED, id_lote="ç" * 300))
    with mail_server() as (inbox, where):
        Smtp(**where | {"sender": f"lastro@{'x' * 60}.com.br"}, **TO, patience=waits.patience()).send(message)
    assert f"Message-ID: <{message.id}@{'x' * 60}.com.br>\r\n".encode() in inbox.mails[0][1]


def test_a_mail_that_is_put_off_twice_arrives_once(waits: Waits) -> None:
    with mail_server({"DATA": ["451 later", "451 later"]}) as (inbox, where):
        Smtp(**where, **TO, patience=waits.patience()).send(render(REFUSED))
    assert len(inbox.mails) == 1
    first, second = waits
    assert 1 <= first <= 2 <= second <= 3


def test_a_mail_that_is_put_off_for_ever_says_so(waits: Waits) -> None:
    with (
        mail_server({"DATA": ["451 later"] * 9}) as (inbox, where),
        pytest.raises(
            ConnectionError, match=r"put off: 451 later \(5 attempts\). The next run tries again.$"
        ),
    ):
        Smtp(**where, **TO, patience=waits.patience()).send(render(REFUSED))
    assert (inbox.mails, len(waits)) == ([], 4)


@pytest.mark.parametrize("at", ["DATA", "arquivos@cartoes.com.br"])
def test_a_mail_that_is_refused_is_not_tried_again(waits: Waits, at: str) -> None:
    with (
        mail_server({at: ["550 no such\x07 mailbox"]}) as (inbox, where),
        pytest.raises(Refused, match=r"smtp: 127\.0\.0\.1:.* refused.*550 no such mailbox"),
    ):
        Smtp(**where, **TO, patience=waits.patience()).send(render(REFUSED))
    assert (inbox.mails, waits) == ([], [])


def test_a_mail_server_that_is_not_there(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = {"host": "127.0.0.1", "port": silent.getsockname()[1], "sender": "lastro@empresa.com.br"}
        sender = Smtp(**where, **TO, timeout=0.1, patience=waits.patience(attempts=2))
        with pytest.raises(Unreachable, match=r"timed out \(2 attempts\). The next run tries again.$"):
            sender.send(render(REFUSED))
    with pytest.raises(Unreachable, match=r"cannot be reached: .*Connection refused \(2 attempts\)"):
        sender.send(render(REFUSED))
    assert len(waits) == 2


def test_each_recipient_is_asked_until_they_answer(waits: Waits) -> None:
    recipients = ("a@x.br", "b@x.br", "c@x.br", "d@x.br")
    answers = {"b@x.br": ["450 greylisted"], "c@x.br": ["550 unknown"]}
    with (
        mail_server(answers) as (inbox, where),
        pytest.raises(Refused, match=r"refused c@x.br \(550 unknown\)"),
    ):
        Smtp(
            **where,
            recipients=recipients,
            tls="offered",
            patience=waits.patience(),
        ).send(render(REFUSED))
    assert [to for to, _ in inbox.mails] == [["a@x.br", "d@x.br"], ["b@x.br"]]
    assert len({email.message_from_bytes(mail)["Message-ID"] for _, mail in inbox.mails}) == 1


def test_no_recipient_is_forgotten_when_the_server_hangs_up(waits: Waits) -> None:
    """After 421 smtplib reports only the recipients it had asked until then."""
    with mail_server({"b@x.br": ["421 closing"]}) as (inbox, where):
        Smtp(
            **where,
            recipients=("a@x.br", "b@x.br", "c@x.br"),
            tls="offered",
            patience=waits.patience(),
        ).send(render(REFUSED))
    assert [to for to, _ in inbox.mails] == [["a@x.br", "b@x.br", "c@x.br"]]


def test_a_bad_farewell_does_not_repeat_a_mail(waits: Waits) -> None:
    with mail_server({"QUIT": ["500 what?"]}) as (inbox, where):
        Smtp(**where, **TO, patience=waits.patience()).send(render(REFUSED))
    assert (len(inbox.mails), waits) == (1, [])


def test_a_file_name_adds_no_header(waits: Waits) -> None:
    evil = "a.csv\r\nBcc: ladrao@x.br\r\n\r\nclique aqui\u2028b\x85c"
    message = render(replace(REFUSED, arquivo=evil, id_lote=f"x{evil}", id_cliente=evil, mensagem=evil))
    with mail_server() as (inbox, where):
        Smtp(**where, **TO, patience=waits.patience()).send(message)
    mail = one_mail(inbox)
    assert inbox.mails[0][0] == ["arquivos@cartoes.com.br"]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Lastro] Arquivo recusado: a.csv Bcc: ladrao@x.br clique aqui b c"
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
    }
    # A message that was not cleaned does not leave either.
    with pytest.raises(ValueError, match="linefeed"):
        Smtp(**where, **TO).send(replace(message, subject="a\nBcc: ladrao@x.br"))


@pytest.mark.parametrize("address", ["a@x.br\nBcc: b@y.br", "a", "a@x.br, b@y.br", "Nome <a@x.br>", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not a mail address"):
        Smtp(host="x", sender="a@x.br", recipients=(address,))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server with a certificate for localhost, and a client that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    (folder / "both.pem").write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


LOGIN = {"user": "lastro", "password": PASSWORD}


def test_starttls_before_the_password(waits: Waits, certificate: tuple) -> None:
    theirs, ours = certificate
    with mail_server(tls_context=theirs, auth_required=True) as (inbox, where):
        Smtp(
            **where | {"host": "localhost"} | TO | LOGIN | {"tls": "required"},
            context=ours,
            patience=waits.patience(),
        ).send(render(REFUSED))
    assert inbox.logins == [(b"lastro", PASSWORD.encode())]
    assert len(inbox.mails) == 1


def test_implicit_tls(waits: Waits, certificate: tuple) -> None:
    theirs, ours = certificate
    with mail_server(ssl_context=theirs) as (inbox, where):
        Smtp(
            **where | {"host": "localhost"} | TO | {"tls": "implicit"},
            context=ours,
            patience=waits.patience(),
        ).send(render(REFUSED))
    assert len(inbox.mails) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(waits: Waits, certificate: tuple) -> None:
    with (
        mail_server(tls_context=certificate[0]) as (inbox, where),
        pytest.raises(Unreachable, match="certificate"),
    ):
        Smtp(**where | {"host": "localhost"} | TO | LOGIN, patience=waits.patience()).send(render(REFUSED))
    assert (inbox.mails, inbox.logins) == ([], [])


def test_required_means_required(waits: Waits) -> None:
    with mail_server() as (inbox, where), pytest.raises(Refused, match="offers no STARTTLS"):
        Smtp(**where | TO | {"tls": "required"}, patience=waits.patience()).send(render(REFUSED))
    assert (inbox.mails, waits) == ([], [])


def test_a_password_needs_tls(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lastro.notify.mail.THIS_MACHINE", ())
    with (
        mail_server(auth_require_tls=False) as (inbox, where),
        pytest.raises(Refused, match="a password is not sent without"),
    ):
        Smtp(**where, **TO, **LOGIN, patience=waits.patience()).send(render(REFUSED))
    assert (inbox.mails, inbox.logins) == ([], [])


def test_a_wrong_password_is_not_repeated(waits: Waits) -> None:
    """The server's answer to a login may hold the password."""
    wrong = "wrong-horse"
    with mail_server(auth_require_tls=False) as (inbox, where), pytest.raises(Refused) as raised:
        Smtp(**where, **TO, user="lastro", password=wrong, patience=waits.patience()).send(render(REFUSED))
    assert "refused: 535 to the login" in str(raised.value)
    assert wrong not in str(raised.value) and waits == []
    assert inbox.logins


# Webhook


class Requests:
    """What a web server does: its answers to come, and the requests it got."""

    def __init__(self, answers: list[tuple[int, dict[str, str]]]) -> None:
        self.answers = answers
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.release = threading.Event()


@contextmanager
def web_server(
    *answers: int | tuple[int, dict[str, str]], hangs: bool = False
) -> Iterator[tuple[Requests, str]]:
    requests = Requests([answer if isinstance(answer, tuple) else (answer, {}) for answer in answers])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            requests.got.append((dict(self.headers), body))
            if hangs:
                requests.release.wait(30)
            status, headers = requests.answers.pop(0) if requests.answers else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield requests, f"http://127.0.0.1:{server.server_port}/hooks/secret-path?key=secret-key"
    finally:
        requests.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "BRT+3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_webhook_is_signed(waits: Waits, far_from_greenwich: None) -> None:
    message = render(REFUSED)
    with web_server() as (requests, url):
        Webhook(url=url, secret=SECRET, patience=waits.patience()).send(message)
    ((headers, body),) = requests.got
    assert Verifier(SECRET).verify(body, headers) == json.loads(message.json)
    assert (headers["webhook-id"], headers["content-type"]) == (message.id, "application/json")
    tampered = body.replace(b"recusado", b"aceito!!")
    for changed, by in (
        ((tampered, headers), SECRET),
        ((body, headers | {"webhook-id": "other"}), SECRET),
        ((body, headers), "whsec_" + base64.b64encode(b"x" * 32).decode()),
    ):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Verifier(by).verify(*changed)


def test_a_webhook_that_fails_twice_arrives_under_the_same_id(waits: Waits) -> None:
    with web_server(500, 503) as (requests, url):
        Webhook(url=url, secret=SECRET, patience=waits.patience()).send(render(REFUSED))
    assert len(requests.got) == 3 and len({headers["webhook-id"] for headers, _ in requests.got}) == 1
    for headers, body in requests.got:
        Verifier(SECRET).verify(body, headers)
    assert 1 <= waits[0] <= 2 <= waits[1] <= 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (400, "answered 400 Bad Request. Check the address and the secret"),
        (401, "answered 401 Unauthorized"),
        (410, "answered 410 Gone"),
        (499, "answered 499. Check"),
        ((302, {"location": "/elsewhere"}), "answered 302 Found, and redirects are not followed"),
        ((307, {"location": "/elsewhere"}), "redirects are not followed"),
    ],
)
def test_a_webhook_that_is_refused_is_not_tried_again(waits: Waits, answer: Any, words: str) -> None:
    with web_server(answer) as (requests, url), pytest.raises(Refused, match=words):
        Webhook(url=url, secret=SECRET, patience=waits.patience()).send(render(REFUSED))
    assert (len(requests.got), waits) == (1, [])


def test_a_webhook_waits_as_long_as_it_is_asked_to(waits: Waits) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    answers = [(429, {"retry-after": "17"}), (503, {"retry-after": soon}), (429, {"retry-after": "soon"})]
    with web_server(*answers) as (requests, url):
        Webhook(url=url, secret=SECRET, patience=waits.patience()).send(render(REFUSED))
    assert len(requests.got) == 4
    assert waits[0] == 17 and 25 < waits[1] <= 30 and 4 <= waits[2] <= 5


def test_a_webhook_that_asks_for_an_hour_waits_for_the_next_run(waits: Waits) -> None:
    with (
        web_server((429, {"retry-after": "3600"})) as (requests, url),
        pytest.raises(
            ConnectionError, match=r"429 Too Many Requests and asks to wait 3600 s. The next run tries"
        ),
    ):
        Webhook(url=url, secret=SECRET, patience=waits.patience()).send(render(REFUSED))
    assert (len(requests.got), waits) == (1, [])


def test_a_webhook_that_never_answers(waits: Waits) -> None:
    with (
        web_server(hangs=True) as (requests, url),
        pytest.raises(Unreachable, match=r"did not answer within 0.1 s \(2 attempts\)"),
    ):
        Webhook(url=url, secret=SECRET, timeout=0.1, patience=waits.patience(attempts=2)).send(
            render(REFUSED)
        )
    assert len(requests.got) == 2


def test_no_error_shows_a_secret(waits: Waits) -> None:
    """The secret, the path and the query, which often are one, stand neither in an error nor in a repr."""
    said = []
    for answer in (400, 302, 500):
        with web_server(*[answer] * 9) as (_, url), pytest.raises(ConnectionError) as raised:
            Webhook(url=url, secret=SECRET, patience=waits.patience()).send(render(REFUSED))
        said.append(str(raised.value))
    sender = Webhook(url=url, secret=SECRET, patience=waits.patience())
    with pytest.raises(Unreachable) as raised:
        sender.send(render(REFUSED))
    smtp = Smtp(host="127.0.0.1", port=1, sender="a@x.br", recipients=("b@x.br",), **LOGIN)
    said += [str(raised.value), repr(sender), repr(smtp)]
    for text in said:
        assert not re.search(f"secret-path|secret-key|{re.escape(SECRET[6:])}|{PASSWORD}", text), text


@pytest.mark.parametrize(
    "url",
    [
        "http://cobranca.com.br/x",
        "http://127.0.0.1.evil.com/x",
        "ftp://localhost/x",
        "https://",
        "nonsense",
        "https://lastro:hunter2@cobranca.com.br/",
        "http://[::1",
    ],
)
def test_a_webhook_that_could_be_overheard_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url") as raised:
        Webhook(url=url, secret=SECRET)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "hunter2", "whsec_aHVudGVyMg==", SECRET[6:], SECRET + "!", "whsec_" + "A" * 100]
)
def test_a_secret_that_signs_nothing_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ followed by") as raised:
        Webhook(url="https://x.br", secret=secret)
    assert "hunter2" not in str(raised.value)


# Delivery


class Recorder:
    """A sender that fails as told, and keeps what it sent."""

    def __init__(self, canal: str, *failures: Exception | None, clients: set[str] | None = None) -> None:
        self.canal = canal
        self.clients = frozenset(clients or ())
        self.failures = list(failures)
        self.sent: list[str] = []
        self.tried = 0

    def send(self, message: Message) -> None:
        self.tried += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        self.sent.append(message.id)


def batches(count: int) -> list[Closing]:
    return [replace(REFUSED, id_lote=f"cartoes-20240205-{number:04}") for number in range(count)]


def test_each_sender_has_each_closing_once() -> None:
    one, other = Recorder("one"), Recorder("other", clients={"loja"})
    told = [*batches(2), replace(REFUSED, id_lote="loja-1", id_cliente="loja")]
    ids = [notification_id(closing) for closing in told]
    events: list[tuple[str, str]] = []

    def on_sent(message: Message, sender: Any) -> None:
        assert sender.sent[-1] == message.id, "the event is written after the message left"
        events.append((message.id, sender.canal))

    assert deliver([*told, *told], [one, other], {(ids[0], "one")}, on_sent) == []
    assert (one.sent, other.sent) == (ids[1:], ids[2:])
    assert events == [(ids[1], "one"), (ids[2], "one"), (ids[2], "other")]
    assert deliver(told, [one, other], {(ids[0], "one"), *events}, on_sent) == []
    assert len(events) == 3


def test_a_failure_stops_nobody_else() -> None:
    bad, good = Recorder("bad", ConnectionError("bad: no.")), Recorder("good")
    events: list[tuple[str, str]] = []
    ids = [notification_id(closing) for closing in batches(2)]
    failures = deliver(batches(2), [bad, good], set(), lambda m, s: events.append((m.id, s.canal)))
    assert failures == [f"{ids[0]} was not sent. bad: no."]
    assert (bad.sent, good.sent) == (ids[1:], ids)
    assert (ids[0], "bad") not in events and len(events) == 3
    # The next run makes up for it.
    assert deliver(batches(2), [bad, good], set(events), lambda m, s: None) == []
    assert bad.sent == [ids[1], ids[0]]


def test_a_sender_that_nobody_answers_is_left_out() -> None:
    dead, alive = Recorder("dead", *[Unreachable("dead: gone.")] * 9), Recorder("alive")
    failures = deliver(batches(10), [dead, alive], set(), lambda m, s: None)
    assert (dead.tried, len(alive.sent), len(failures)) == (3, 10, 4)
    assert failures[-1] == "dead: 7 more were not tried, because it does not answer. The next run sends them."
    # One that refuses, or answers in between, may take the next.
    picky = Recorder("picky", *[Unreachable("x"), Unreachable("x"), Refused("x")] * 3)
    deliver(batches(10), [picky], set(), lambda m, s: None)
    assert picky.tried == 10


def test_an_event_that_cannot_be_written_ends_the_run() -> None:
    sender = Recorder("one")

    def on_sent(message: Message, sender: Any) -> None:
        raise ConnectionError("the bucket is gone")

    with pytest.raises(ConnectionError, match="the bucket is gone"):
        deliver(batches(3), [sender], set(), on_sent)
    assert len(sender.sent) == 1


def test_two_senders_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two senders are called one"):
        deliver([], [Recorder("one"), Recorder("one")], set(), lambda m, s: None)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from lastro.notify.deliver import deliver
from lastro.notify.message import Closing
from lastro.notify.webhook import Webhook

url, secret, kill = sys.argv[1:]
closing = Closing("cartoes-20240205-0002", 3, "recusado", datetime(2024, 2, 5, tzinfo=UTC), "cartoes", "a.csv")
def on_sent(message, sender):
    if kill == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print(message.id, sender.canal)
print(deliver([closing], [Webhook(url=url, secret=secret)], set(), on_sent))
"""


def test_killed_between_the_message_and_its_event(waits: Waits) -> None:
    """The next run sends it again, under the same id."""

    def run(how: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", KILLED, url, SECRET, how],
            env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts")},
            capture_output=True,
            text=True,
        )

    with web_server() as (requests, url):
        killed = run("kill")
        assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, ""), killed.stderr
        again = run("")
    assert again.stdout == "cartoes-20240205-0002-03-recusado webhook\n[]\n", again.stderr
    (first, body), (second, same_body) = requests.got
    assert (first["webhook-id"], body) == (second["webhook-id"], same_body)


# Settings

ENVIRONMENT = {"MAIL_PASSWORD": PASSWORD, "HOOK_SECRET": SECRET}
MAIL = 'kind = "smtp"\nhost = "mail.x.br"\nfrom = "a@x.br"\nto = ["b@x.br"]\n'


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "notify.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_settings_there_is_the_console() -> None:
    assert configured_senders({}) == [Console()]
    assert configured_senders({"LASTRO_NOTIFY": ""}) == [Console()]


def test_the_example_of_the_docs_is_right(settings: Callable[[str], Path]) -> None:
    from lastro.notify import settings as module

    lines = (line.removeprefix("    ") for line in module.__doc__.splitlines() if line.startswith("    "))
    path = settings("\n".join(lines))
    names = {"LASTRO_SMTP_PASSWORD": PASSWORD, "LASTRO_WEBHOOK_SECRET": SECRET, "LASTRO_NOTIFY": str(path)}
    assert configured_senders(names) == [
        Console(),
        Folder(path=path.parent / "notificacoes"),
        Smtp(
            host="smtp.empresa.com.br",
            sender="lastro@empresa.com.br",
            recipients=("arquivos@cartoes.com.br",),
            user="lastro",
            password=PASSWORD,
            clients=frozenset({"cartoes"}),
        ),
        Webhook(url="https://cobranca.com.br/lastro", secret=SECRET, canal="webhook:cobranca"),
    ]


@pytest.mark.parametrize(
    ("tls", "port"), [("", 587), ('tls = "implicit"', 465), ('tls = "offered"', 25), ("port = 2525", 2525)]
)
def test_each_tls_has_its_port(settings: Callable[[str], Path], tls: str, port: int) -> None:
    (sender,) = read_senders(settings(f"[[sender]]\n{MAIL}{tls}"), {})
    assert (sender.port, sender.password) == (port, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no [[sender]], in two brackets. Add one, or unset LASTRO_NOTIFY."),
        ('[sender]\nkind = "console"', "no [[sender]], in two brackets."),
        ("sender = [1]", "no [[sender]], in two brackets."),
        ("x = ", "not TOML: Invalid value (at end of document)."),
        ('kind = "console"\n[[sender]]\nkind = "console"', "kind stands outside of [[sender]]."),
        ('[[sender]]\nkind = "pager"', "sender 1: kind must be one of console, folder, smtp, webhook."),
        ("[[sender]]\nkind = []", "sender 1: kind must be one of"),
        ('[[sender]]\nkind = "console"\ncolour = 1', "sender 1 (console): colour is no setting of console."),
        ('[[sender]]\nkind = "folder"', 'sender 1 (folder): path must be a text: path = "…".'),
        (
            '[[sender]]\nkind = "console"\nclients = "cartoes"',
            "sender 1 (console): clients must be a list of texts",
        ),
        ('[[sender]]\nkind = "console"\nclients = []', "clients must be a list of texts"),
        (
            '[[sender]]\nkind = "console"\n[[sender]]\nkind = "console"',
            "sender 2 (console): there is one called console already. Give it a name of its own",
        ),
        ('[[sender]]\nkind = "console"\nname = "A B"', "name takes the letters a to z"),
        (
            f"[[sender]]\n{MAIL}port = 70000",
            "sender 1 (smtp): port must be a number above 0 and up to 65535.",
        ),
        (f"[[sender]]\n{MAIL}port = true", "port must be a number"),
        (f"[[sender]]\n{MAIL}port = 25.5", "port must be a whole number"),
        (f"[[sender]]\n{MAIL}timeout = nan", "timeout must be a number above 0"),
        (f'[[sender]]\n{MAIL}tls = "no"', "sender 1 (smtp): tls is one of implicit, required, offered."),
        (f'[[sender]]\n{MAIL}user = "lastro"', 'password_env must be a text: password_env = "…".'),
        (f"[[sender]]\n{MAIL.replace('b@', 'b ')}", "'b x.br' is not a mail address"),
        (
            '[[sender]]\nkind = "webhook"\nurl = "http://x.br"\nsecret_env = "HOOK_SECRET"',
            "sender 1 (webhook): url must begin with https://",
        ),
        (
            '[[sender]]\nkind = "webhook"\nurl = "https://x.br"\nsecret_env = "MAIL_PASSWORD"',
            "sender 1 (webhook): the secret must be whsec_ followed by",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_said(settings: Callable[[str], Path], text: str, words: str) -> None:
    path = settings(text)
    with pytest.raises(ValueError) as raised:
        read_senders(path, ENVIRONMENT)
    assert str(raised.value).startswith(f"{path}: ") and words in str(raised.value)
    assert not re.search(f"{PASSWORD}|{re.escape(SECRET)}", str(raised.value))


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"No such file or directory. Correct LASTRO_NOTIFY, or unset it."):
        configured_senders({"LASTRO_NOTIFY": str(tmp_path / "none.toml")})
    (tmp_path / "latin.toml").write_bytes(b"# \xe7")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_senders(tmp_path / "latin.toml", {})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (f'{MAIL}user = "u"\npassword = "hunter2"', 'name that: password_env = "…".'),
        (f'{MAIL}user = "u"\nsenha = "hunter2"', "senha must not stand in the file"),
        (
            f'{MAIL}user = "u"\npassword_env = "hunter2!"',
            "password_env is not the name of an environment variable",
        ),
        (
            f'{MAIL}user = "u"\npassword_env = "hunter2"',
            "the environment variable that password_env names is not set",
        ),
        (f'{MAIL}user = "u"\npassword_env = "EMPTY"', "password_env names is not set"),
        (f'{MAIL}user = "u"\npassword_env = "ACCENT"', "must be ASCII"),
        ('kind = "webhook"\nurl = "https://x.br"\nsecret = "hunter2"', 'name that: secret_env = "…".'),
        (
            'kind = "webhook"\nurl = "https://u:hunter2@x.br"\nsecret_env = "HOOK_SECRET"',
            "holds a user or a password",
        ),
        ('kind = "webhook"\nurl = "https://x.br"\ntoken = "hunter2"', "token must not stand in the file"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(
    settings: Callable[[str], Path], entry: str, words: str
) -> None:
    environment = ENVIRONMENT | {"EMPTY": "", "ACCENT": "hunter2á"}
    with pytest.raises(ValueError) as raised:
        read_senders(settings(f'[[sender]]\nkind = "console"\n[[sender]]\n{entry}'), environment)
    assert "sender 2 (" in str(raised.value) and words in str(raised.value)
    assert "hunter2" not in str(raised.value) and "á" not in str(raised.value)
