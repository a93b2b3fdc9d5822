{{ versions_of(ref('snapshot_cooperativa__contas'), 'conta') }}
