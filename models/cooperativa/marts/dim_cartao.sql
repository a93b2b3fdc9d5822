{{ versions_of(ref('snapshot_cooperativa__cartoes'), 'cartao') }}
