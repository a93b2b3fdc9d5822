{{ config(
    contract={'enforced': false},
    post_hook="{{ create_flow_views(this) }}"
) }}

-- depends_on: {{ ref('chatbot_keys') }}
{{ pivoted_sessions(ref('chatbot_answers')) }}
