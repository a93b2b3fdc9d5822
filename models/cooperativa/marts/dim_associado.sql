{{ versions_of(ref('snapshot_cooperativa__associados'), 'sk_associado', [
    'id_associado',
    'nome',
    'sobrenome',
    'data_nascimento',
    'idade',
    'estado_civil',
    'escolaridade'
]) }}
