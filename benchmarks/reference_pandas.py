"""Compute the same book in plain pandas for comparison: type, deduplicate, join, measure, write."""

import sys
from pathlib import Path

import pandas as pd

WINDOWS = (1, 3, 6, 12)


def read(folder: Path, key: str, dates: list[str]) -> pd.DataFrame:
    """Return the newest row of each key from every CSV in a folder."""
    files = sorted(folder.glob("*.csv"))
    rows = pd.concat([pd.read_csv(f, dtype=dict.fromkeys([key, "id_fatura"], "string")) for f in files])
    rows = rows.drop_duplicates(key, keep="last")
    for column in dates:
        rows[column] = pd.to_datetime(rows[column], format="%Y-%m-%d")
    # In cents, because pandas has no fast decimal and money must not be summed as doubles.
    for column in rows.columns[rows.columns.str.startswith("valor")]:
        rows[column] = (rows[column] * 100).round().astype("Int64")
    return rows


def main(raw: Path, ref_date: pd.Timestamp, out: Path) -> None:
    """Read the cards under a raw root and write the client book of one reference date as CSV."""
    cards = raw / "cartoes"
    paid = read(cards / "tb_pagamentos", "id_pagamento", ["data_pagamento"])
    paid = paid[paid.data_pagamento < ref_date].groupby("id_fatura")
    paid = paid.agg(
        n=("valor_pagamento", "size"), pago=("valor_pagamento", "sum"), primeiro=("data_pagamento", "min")
    )
    rows = read(cards / "tb_faturas", "id_fatura", ["data_emissao", "data_vencimento"])
    rows = rows[(rows.data_emissao < ref_date) & (rows.data_emissao >= ref_date - pd.DateOffset(months=12))]
    rows = rows.merge(paid, on="id_fatura", how="left")
    rows["n"] = rows.n.fillna(0)
    rows["pago"] = rows.pago.fillna(0)
    overdue = rows.data_vencimento < ref_date
    late = (rows.primeiro > rows.data_vencimento) | (rows.primeiro.isna() & overdue)
    rows["em_dia"] = rows.primeiro <= rows.data_vencimento
    rows["atrasada"] = late
    rows["dias"] = (rows.primeiro.fillna(ref_date) - rows.data_vencimento).dt.days.where(late)
    unpaid = overdue & (rows.pago < rows.valor_pagamento_minimo.fillna(rows.valor_fatura))
    rows["inadimplente"] = unpaid
    rows["devido"] = (rows.valor_fatura - rows.pago).clip(lower=0).where(unpaid, 0)
    age = (ref_date.year - rows.data_emissao.dt.year) * 12 + ref_date.month - rows.data_emissao.dt.month
    book = []
    for months in WINDOWS:
        sums = (
            rows[age <= months]
            .groupby("id_cliente")
            .agg(
                total_faturas=("id_fatura", "size"),
                valor_total_faturas=("valor_fatura", "sum"),
                total_pagamentos=("n", "sum"),
                valor_total_pagamentos=("pago", "sum"),
                total_em_dia=("em_dia", "sum"),
                total_inadimplentes=("inadimplente", "sum"),
                total_atrasos=("atrasada", "sum"),
                media_dias_atraso=("dias", "mean"),
                max_dias_atraso=("dias", "max"),
                valor_inadimplente=("devido", "sum"),
            )
        )
        book.append(sums.add_suffix(f"_u{months}m"))
    pd.concat(book, axis=1).reset_index().to_csv(out, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), pd.Timestamp(sys.argv[2]), Path(sys.argv[3]))
