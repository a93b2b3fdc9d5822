"""What the page says in Portuguese: columns, pictures, statuses, events, problems, amounts and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from lastro.reasons import read_reasons
from lastro.serve.problems import Problem

# Each standard column: what it is called, and a hint.
COLUMNS = {
    "id_divida": ("Número da dívida", "O contrato, título ou fatura. Cada dívida tem o seu."),
    "nome_devedor": ("Nome do devedor", "Nome completo ou razão social."),
    "documento_devedor": ("CPF ou CNPJ do devedor", "Com ou sem pontos e traços."),
    "email_devedor": ("E-mail do devedor", "Deixe sem coluna se a planilha não tiver."),
    "valor_divida": ("Valor da dívida", "Em reais, maior que zero."),
    "data_vencimento": ("Data de vencimento", "Até o dia de hoje."),
}
BY_FILE = "auto"
AMOUNTS = {
    BY_FILE: "Reconhecer pelo arquivo",
    "X": "Número da planilha, ou 1234.56",
    "9.999,99": "1.234,56 (vírgula nos centavos)",
    "9,999.99": "1,234.56 (ponto nos centavos)",
    "9(13)V99": "123456 (os dois últimos dígitos são centavos)",
}
DATES = {
    BY_FILE: "Reconhecer pelo arquivo",
    "X": "Data da planilha, ou 2026-01-31",
    "DD/MM/AAAA": "31/01/2026 (dia, mês, ano)",
    "MM/DD/AAAA": "01/31/2026 (mês, dia, ano)",
    "AAAA-MM-DD": "2026-01-31 (ano, mês, dia)",
    "DD-MM-AAAA": "31-01-2026 (dia, mês, ano)",
    "DD.MM.AAAA": "31.01.2026 (dia, mês, ano)",
    "AAAA/MM/DD": "2026/01/31 (ano, mês, dia)",
    "DD/MM/AA": "31/01/26 (dia, mês, ano)",
    "DDMMAAAA": "31012026 (dia, mês, ano)",
    "AAAAMMDD": "20260131 (ano, mês, dia)",
    "DDMMAA": "310126 (dia, mês, ano)",
}
# Each status: its name, what it means for the client, and how it looks.
STATUSES = {
    "aberto": ("Em preparação", "Ainda não foi enviado. Fica guardado por 24 horas.", "espera"),
    "enviado": ("Enviado", "Está na fila da conferência. Não é preciso fazer nada.", "espera"),
    "recebido": ("Recebido", "O arquivo chegou e será conferido.", "espera"),
    "em_validacao": ("Em conferência", "O arquivo está sendo conferido.", "espera"),
    "aceito": ("Aceito", "O arquivo foi aceito. As linhas serão registradas na próxima rodada.", "espera"),
    "processando": ("Em processamento", "As linhas estão sendo registradas.", "espera"),
    "concluido": ("Concluído", "Todas as linhas foram tratadas.", "bom"),
    "concluido_com_rejeicoes": (
        "Concluído com rejeições",
        "Algumas linhas foram rejeitadas. Baixe-as, corrija-as e envie-as de novo.",
        "atencao",
    ),
    "recusado": ("Recusado", "O arquivo não pôde ser aceito. Nenhuma dívida foi registrada.", "ruim"),
    "duplicado": ("Repetido", "Um arquivo com o mesmo conteúdo já tinha chegado.", "atencao"),
    "falhou": ("Falhou", "Houve uma falha nossa. Vamos tentar de novo.", "ruim"),
    "cancelado": ("Cancelado", "Este envio foi cancelado. Nada dele será registrado.", "neutro"),
}
EVENTS = {
    "recebido": "O arquivo chegou",
    "em_validacao": "A conferência começou",
    "aceito": "O arquivo foi aceito",
    "recusado": "O arquivo foi recusado",
    "duplicado": "O arquivo era repetido",
    "processando": "O registro das linhas começou",
    "concluido": "O envio foi concluído",
    "concluido_com_rejeicoes": "O envio foi concluído com rejeições",
    "falhou": "Houve uma falha",
    "cancelado": "O envio foi cancelado",
    "retomado": "A conferência foi retomada",
    "notificado": "O resultado foi avisado",
}
CHANNELS = {"pagina": "esta página", "api_linhas": "integração", "api_csv": "integração"}
# What the page says of a problem where the API's words are for programmers.
_PROBLEMS = {
    "lote_nao_encontrado": ("Não encontramos este envio.", "Confira o número na lista dos seus envios."),
    "lote_fechado": ("Este envio já foi feito ou cancelado.", "Acompanhe-o na lista dos seus envios."),
    "lote_vazio": ("Este envio não tem arquivo.", "Comece de novo e escolha um arquivo."),
    "lote_de_outro_canal": ("Este envio veio da integração.", "Comece outro envio por esta página."),
    "lote_encerrado": ("Este envio não pode mais ser cancelado.", "Envie as correções num arquivo novo."),
    "lote_nao_julgado": ("As linhas deste envio ainda não foram conferidas.", "Tente de novo mais tarde."),
    "lote_expirado": ("Este envio ficou aberto por mais de 24 horas.", "Comece de novo com o arquivo."),
    "sem_publicacao": ("Ainda não é possível conferir arquivos.", "Tente de novo mais tarde."),
    "corpo_grande_demais": (
        "O arquivo é grande demais para esta página.",
        "Divida a planilha em arquivos de até 50 MB, ou fale com a agência.",
    ),
    "corpo_lento_demais": ("O arquivo chegou devagar demais.", "Tente de novo numa rede melhor."),
    "chamadas_demais": ("Houve pedidos demais em pouco tempo.", "Espere um minuto e tente de novo."),
    "indisponivel": (
        "O serviço está fora do ar por um momento.",
        "O que já foi confirmado está guardado. Tente de novo em alguns minutos.",
    ),
    "rota_nao_encontrada": ("Não há página neste endereço.", "Volte ao começo."),
    "metodo_nao_permitido": ("Não há página neste endereço.", "Volte ao começo."),
    "parametro_invalido": ("Faltou alguma coisa no formulário.", "Volte, preencha tudo e tente de novo."),
}
_LABELLED = re.compile(rf"\b({'|'.join(COLUMNS)}|id_cliente_credor|row): ")
_OTHER_LABELS = {"id_cliente_credor": "Credor", "row": "Linha"}


def said(problem: Problem) -> tuple[str, str]:
    """Return what is wrong, and what a person does about it."""
    fallback = (problem.message, problem.action)
    if "/v1" in problem.action or "docs/" in problem.action or "openapi" in problem.action:
        fallback = ("O pedido não pôde ser atendido.", "Volte ao começo e tente de novo.")
    return _PROBLEMS.get(problem.code, fallback)


def refusal(code: str) -> tuple[str, str]:
    """Return why the gate refuses a file, and what the sender does about it."""
    words = read_reasons("pt_BR").get(code)
    if words is None:
        return "O arquivo não pode ser lido.", "Envie a planilha em XLSX ou CSV, com uma linha por dívida."
    return words.meaning, words.remedy


def labelled(messages: str | None) -> str:
    """Return the messages of a rejected line with the names of columns as the page calls them."""

    def label(match: re.Match[str]) -> str:
        name = match[1]
        return f"{COLUMNS[name][0] if name in COLUMNS else _OTHER_LABELS[name]}: "

    return _LABELLED.sub(label, messages or "")


def reais(amount: Decimal | str | None) -> str:
    """Return an amount as R$ 1.234,56."""
    if amount is None:
        return "—"
    text = f"{Decimal(amount):,.2f}"
    return f"R$\N{NO-BREAK SPACE}{text.translate(str.maketrans(',.', '.,'))}"


def count(number: int | None) -> str:
    """Return a number as 1.234."""
    return "—" if number is None else f"{number:,}".replace(",", ".")


def moment(when: str | datetime | None) -> str:
    """Return a time as 26/11/2026 14:05, in UTC."""
    if not when:
        return "—"
    at = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    at = at.astimezone(UTC) if at.tzinfo else at
    return f"{at:%d/%m/%Y %H:%M}"
