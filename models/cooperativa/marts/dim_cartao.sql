{{ dimension_of('cartao', ref('snapshot_cooperativa__cartoes_versoes')) }}
