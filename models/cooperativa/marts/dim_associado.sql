{{ dimension_of('associado', ref('snapshot_cooperativa__associados_versoes')) }}
