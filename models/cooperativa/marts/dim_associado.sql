{{ versions_of(ref('snapshot_cooperativa__associados'), 'associado') }}
