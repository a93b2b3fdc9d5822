{{ dimension_of('conta', ref('snapshot_cooperativa__contas_versoes')) }}
